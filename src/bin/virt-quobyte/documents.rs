//! Every command line that a document shows is one that this command takes.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser;
use clap::error::ErrorKind;

use crate::cli::Arguments;

/// The README, and what is installed beside it.
fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let installed = fs::read_dir(root.join("hooks/usr/share/doc/virt-quobyte")).expect("readable");
    let installed = installed.map(|entry| entry.expect("one").path());
    std::iter::once(root.join("README.md")).chain(installed).collect()
}

/// What stands in blocks of commands, indented or fenced as `sh` or `console`, and between backticks.
fn commands(document: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut fence = None;
    for line in document.lines() {
        match (line.strip_prefix("```"), fence) {
            (Some(_), Some(_)) => fence = None,
            (Some(language), None) => fence = Some(language),
            (None, Some("sh")) => found.push(line),
            // The rest is what was said.
            (None, Some("console")) => found.extend(line.strip_prefix("# ")),
            (None, Some(_)) => {}
            (None, None) => match line.strip_prefix("    ") {
                Some(command) => found.push(command),
                None => found.extend(line.split('`').skip(1).step_by(2)),
            },
        }
    }
    found
}

/// The part of a line that is ours: between pipes, without a comment or a redirection.
fn ours(line: &str) -> Option<Vec<&str>> {
    let line = line.split(" #").next().unwrap_or_default();
    let parts = line.split(['|', '>', '<']);
    let words = parts.map(|part| part.split_whitespace().collect::<Vec<_>>());
    // With an operand at least: the name alone is the program, not a call of it.
    words.into_iter().find(|words| words.first() == Some(&"virt-quobyte") && words.len() > 1)
}

#[test]
fn every_command_line_in_a_document_is_one_that_is_taken() {
    let mut looked_at = 0;
    for path in documents() {
        let document = fs::read_to_string(&path).expect("readable");
        for words in commands(&document).into_iter().filter_map(ours) {
            let parsed = Arguments::try_parse_from(&words);
            looked_at += 1;
            let Err(error) = parsed else { continue };
            // A sentence may name a command without what it needs.
            let is_a_name = words.len() == 2 && error.kind() == ErrorKind::MissingRequiredArgument;
            assert!(is_a_name, "{}: {words:?}: {error}", path.display());
        }
    }
    assert!(looked_at > 50, "only {looked_at} command lines were found");
}
