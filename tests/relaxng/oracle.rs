//! `xmllint --relaxng`: what libxml2, and so libvirt, says of documents.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Whether there is an `xmllint` to ask; if not, says so.
pub(crate) fn is_there(test: &str) -> bool {
    let there = Command::new("xmllint").arg("--version").stderr(Stdio::null()).status().is_ok();
    if !there {
        println!("skipped: {test}: there is no xmllint (package libxml2-utils)");
    }
    there
}

/// What it says of each file: valid or not. A file that it cannot read is not in it.
pub(crate) fn ask(grammar: &Path, files: &[PathBuf]) -> HashMap<PathBuf, bool> {
    let mut said = HashMap::new();
    // An argument list has an end.
    for some in files.chunks(500) {
        let output = Command::new("xmllint")
            .args(["--noout", "--relaxng"])
            .arg(grammar)
            .args(some)
            .output()
            .expect("xmllint starts");
        for line in String::from_utf8_lossy(&output.stderr).lines() {
            if let Some(file) = line.strip_suffix(" fails to validate") {
                said.insert(file.into(), false);
            } else if let Some(file) = line.strip_suffix(" validates") {
                said.insert(file.into(), true);
            }
        }
    }
    said
}

/// What it says of documents, in their order.
pub(crate) fn ask_about(grammar: &Path, documents: &[impl AsRef<str>]) -> Vec<Option<bool>> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let name = |number: usize| folder.path().join(format!("{number}.xml"));
    for (number, document) in documents.iter().enumerate() {
        let mut file = std::fs::File::create(name(number)).expect("a file");
        file.write_all(document.as_ref().as_bytes()).expect("written");
    }
    let files: Vec<PathBuf> = (0..documents.len()).map(name).collect();
    let said = ask(grammar, &files);
    files.iter().map(|file| said.get(file).copied()).collect()
}
