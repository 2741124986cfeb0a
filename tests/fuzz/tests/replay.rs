//! Every seed, and every input that once broke something, without a fuzzer.

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use fuzz::{TARGETS, Target};

fn folder(of: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(of)
}

/// The files in a folder and in those in it. A link leads to fixtures that other tests read too.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
    {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

fn replay(of: &str, Target { name, check }: &Target) -> usize {
    let mut found = Vec::new();
    let folder = folder(of).join(name);
    if folder.exists() {
        files(&folder, &mut found);
    }
    for input in &found {
        let bytes = fs::read(input).expect("readable");
        if let Err(panic) = catch_unwind(|| check(&bytes)) {
            let why = panic.downcast_ref::<String>().map_or("see above", String::as_str);
            panic!("{}: {why}", input.display());
        }
    }
    found.len()
}

#[test]
fn what_once_broke_a_reader_does_not_break_it_again() {
    let replayed: usize = TARGETS.iter().map(|target| replay("regressions", target)).sum();
    assert!(replayed > 0, "no regressions were found");
}

#[test]
fn every_seed_of_every_target_is_good_or_refused_in_good_order() {
    for target in TARGETS {
        assert!(replay("seeds", target) > 0, "{} has no seeds", target.name);
    }
}

#[test]
fn seeds_and_regressions_belong_to_a_target() {
    for of in ["seeds", "regressions", "targets"] {
        for entry in fs::read_dir(folder(of)).expect("a folder") {
            let path = entry.expect("readable").path();
            let stem = path.file_stem().expect("a name").to_str().expect("ASCII");
            assert!(TARGETS.iter().any(|target| target.name == stem), "{}", path.display());
        }
    }
}
