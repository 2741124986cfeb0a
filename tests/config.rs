//! What is right and what is wrong in a configuration, file by file.
//!
//! `config/good/*.toml` is taken. `config/bad/*.toml` is refused with exactly what the `.expected` beside it says; `UPDATE=1`
//! in the environment writes those anew, for `git diff` to judge.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use virt_quobyte::config::{self, ConfigError, Settings, SourceFile};

fn fixtures(folder: &str, extension: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config").join(folder);
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).expect("the folder").map(|e| e.expect("an entry").path()).collect();
    files.retain(|path| path.extension() == Some(OsStr::new(extension)));
    files.sort();
    files
}

/// Parses a fixture under its bare name, so that messages do not depend on where the repository is.
fn parse(path: &Path) -> Result<Settings, ConfigError> {
    let text = fs::read_to_string(path).expect("a fixture");
    let path = path.file_name().expect("a file's name").into();
    config::parse(&[SourceFile { path, text }])
}

#[test]
fn good_files_are_taken() {
    let files = fixtures("good", "toml");
    assert!(!files.is_empty());
    for path in files {
        if let Err(error) = parse(&path) {
            panic!("{} is refused:\n{error}", path.display());
        }
    }
}

#[test]
fn without_the_shares_all_else_is_what_it_was() {
    for path in fixtures("good", "toml") {
        let whole = parse(&path).expect("a good file");
        let text = fs::read_to_string(&path).expect("a fixture");
        let file = SourceFile { path: path.file_name().expect("a file's name").into(), text };
        let rest = config::parse_without_shares(&[file]).expect("a good file");
        assert_eq!(rest, Settings { shares: Vec::new(), ..whole }, "{}", path.display());
    }
}

#[test]
fn bad_files_are_refused_with_what_would_be_right() {
    let files = fixtures("bad", "toml");
    assert!(!files.is_empty());
    let mut differ = Vec::new();
    for path in files {
        let Err(error) = parse(&path) else { panic!("{} is taken", path.display()) };
        let message = format!("{error}\n");
        let expected = path.with_extension("expected");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&expected, &message).expect("the expectation is written");
        }
        if fs::read_to_string(&expected).ok().as_ref() != Some(&message) {
            differ.push(format!("{}\n{message}", expected.display()));
        }
    }
    assert!(differ.is_empty(), "not as expected:\n{}", differ.join("\n"));
}

#[test]
fn every_expectation_has_a_fixture() {
    for path in fixtures("bad", "expected") {
        assert!(path.with_extension("toml").exists(), "{}", path.display());
    }
}
