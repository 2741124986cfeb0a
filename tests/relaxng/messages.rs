//! What is said about faults: `messages/*.xml` against libvirt's grammar, each beside an `.expected` with the complaints and their
//! places; `UPDATE=1` in the environment writes those anew, for `git diff` to judge.
//!
//! A grammar of another libvirt knows more names, so the messages are those of a grammar that is a fixture too: `messages/domain.rng`,
//! a small domain of this project's own.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use virt_quobyte::relaxng::Grammar;
use virt_quobyte::xml::{Lines, Tree};

use crate::libvirt::read;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/relaxng/messages")
}

fn files(extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder()).expect("the folder");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("readable").path()).collect();
    files.retain(|path| path.extension() == Some(OsStr::new(extension)));
    files.sort();
    files
}

fn told(grammar: &mut Grammar, text: &str) -> String {
    let lines = Lines::of(text.as_bytes());
    let mut told = String::new();
    for complaint in grammar.validate(&Tree::read(text.as_bytes()).expect("well-formed")) {
        let at = lines.line_column(complaint.span.start);
        let marked = &text[complaint.span.range()];
        writeln!(told, "{at}: {}", complaint.message).expect("a string takes all");
        writeln!(told, "    {}", marked.lines().next().unwrap_or_default()).expect("as above");
    }
    told
}

#[test]
fn each_fault_is_told_with_its_place_and_what_would_be_right() {
    let mut grammar = read(&folder().join("domain.rng"));
    let mut differ = Vec::new();
    let fixtures = files("xml");
    assert!(!fixtures.is_empty());
    for path in fixtures {
        let told = told(&mut grammar, &fs::read_to_string(&path).expect("a fixture"));
        let expected = path.with_extension("expected");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&expected, &told).expect("the expectation is written");
        }
        if fs::read_to_string(&expected).ok().as_ref() != Some(&told) {
            differ.push(format!("{}\n{told}", expected.display()));
        }
    }
    assert!(differ.is_empty(), "not as expected:\n{}", differ.join("\n"));
}

#[test]
fn every_expectation_has_a_fixture() {
    for path in files("expected") {
        assert!(path.with_extension("xml").exists(), "{}", path.display());
    }
}

#[test]
fn what_is_told_does_not_depend_on_what_was_validated_before() {
    let texts: Vec<String> =
        files("xml").iter().map(|path| fs::read_to_string(path).expect("a fixture")).collect();
    let grammar = || read(&folder().join("domain.rng"));
    let mut used = grammar();
    for text in texts.iter().rev() {
        told(&mut used, text);
    }
    for text in &texts {
        assert_eq!(told(&mut used, text), told(&mut grammar(), text));
    }
}
