//! The documents that are installed: what they quote of the program is what the program says.

mod literals;
mod pattern;
mod runbook;
mod security;

use std::fs;
use std::path::{Path, PathBuf};

const DOCUMENTS: &str = "hooks/usr/share/doc/virt-quobyte";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The names of all of them.
fn documents() -> Vec<String> {
    let entries = fs::read_dir(root().join(DOCUMENTS)).expect("readable");
    let names = entries.map(|entry| entry.expect("one").file_name().into_string().expect("UTF-8"));
    let names: Vec<String> = names.collect();
    assert!(!names.is_empty(), "there is no document");
    names
}

fn document(name: &str) -> String {
    fs::read_to_string(root().join(DOCUMENTS).join(name)).expect("readable")
}

/// The Rust files at or below a path, without those that are tests as a whole.
fn sources(below: &Path) -> Vec<PathBuf> {
    if below.is_file() {
        return vec![below.to_owned()];
    }
    let entries = fs::read_dir(below).expect("readable").map(|entry| entry.expect("one").path());
    let is_code = |path: &PathBuf| {
        !["tests", "tests.rs", "simulation.rs", "table.rs"].iter().any(|name| path.ends_with(name))
    };
    let mut files: Vec<PathBuf> = entries.filter(is_code).flat_map(|path| sources(&path)).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    files.sort();
    files
}

/// The lines within the fences of one language.
fn fenced<'d>(document: &'d str, language: &str) -> Vec<&'d str> {
    let mut lines = Vec::new();
    let mut inside = None;
    for line in document.lines() {
        match (line.strip_prefix("```"), inside) {
            (Some(_), Some(_)) => inside = None,
            (Some(opened), None) => inside = Some(opened),
            (None, Some(opened)) if opened == language => lines.push(line),
            (None, _) => {}
        }
    }
    assert!(inside.is_none(), "a fence is not closed");
    lines
}

#[test]
fn the_readme_links_every_document() {
    let readme = fs::read_to_string(root().join("README.md")).expect("readable");
    for name in documents() {
        let link = format!("]({DOCUMENTS}/{name})");
        assert!(readme.contains(&link), "README.md has no link {link}");
    }
}

/// `[text](#place)` leads to a heading, which is called there as GitHub calls it.
#[test]
fn links_within_a_document_lead_to_its_headings() {
    let mut looked_at = 0;
    for name in documents() {
        let document = document(&name);
        let place = |heading: &str| -> String {
            let kept = heading.chars().filter(|c| c.is_alphanumeric() || *c == ' ' || *c == '-');
            kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
        };
        let headings: Vec<String> = document
            .lines()
            .filter_map(|line| Some(place(line.trim_start_matches('#').strip_prefix(' ')?)))
            .collect();
        for link in document.split("](#").skip(1) {
            let wanted = link.split(')').next().expect("the first part");
            assert!(headings.iter().any(|heading| heading == wanted), "{name}: #{wanted}");
            looked_at += 1;
        }
    }
    assert!(looked_at > 3, "{looked_at}");
}

/// A row of the README's evidence names the test that shows it.
#[test]
fn the_evidence_names_tests_that_there_are() {
    let readme = fs::read_to_string(root().join("README.md")).expect("readable");
    let rows = readme.lines().filter(|line| line.starts_with('|'));
    let cells: Vec<&str> =
        rows.filter_map(|row| row.trim_end_matches([' ', '|']).rsplit('|').next()).collect();
    let scenarios = root().join("tests/lab/src/scenarios");
    let subjects: Vec<String> = sources(&scenarios)
        .iter()
        .filter_map(|file| {
            let text = fs::read_to_string(file).expect("readable");
            Some(text.split_once("scenarios!(\"")?.1.split_once('"')?.0.to_owned())
        })
        .collect();
    let (mut files, mut scenes) = (0, 0);
    for cell in cells {
        let lab = cell.split_once("lab: ").map_or("", |(_, lab)| lab);
        let is_path = |word: &&str| word.starts_with("tests/") || word.starts_with("src/");
        for path in quoted(cell).filter(is_path) {
            let there = [path.to_owned(), format!("{path}.rs")];
            assert!(there.iter().any(|path| root().join(path).exists()), "there is no {path}");
            files += 1;
        }
        for subject in quoted(lab).filter(|word| !is_path(word)) {
            assert!(subjects.iter().any(|known| known == subject), "the lab has no {subject}");
            scenes += 1;
        }
    }
    assert!(files >= 15 && scenes >= 10, "{files} files and {scenes} scenarios were found");
}

/// What stands between backquotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}
