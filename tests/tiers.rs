//! `tests/run-tiers` runs every test there is: what cargo knows of the workspace, held against the tiers.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

#[test]
fn every_test_target_of_the_workspace_is_named_in_a_tier() {
    let tiers = tiers();
    let words: Vec<&str> = tiers.split_whitespace().collect();
    let named = words.windows(2).filter(|pair| pair[0] == "--test").map(|pair| pair[1]);
    let named: BTreeSet<&str> = named.collect();
    let targets = test_targets();
    let there: BTreeSet<&str> = targets.iter().map(String::as_str).collect();
    let missing: Vec<_> = there.difference(&named).collect();
    assert!(missing.is_empty(), "no tier of tests/run-tiers runs --test {missing:?}");
    let gone: Vec<_> = named.difference(&there).collect();
    assert!(gone.is_empty(), "tests/run-tiers names what is no test: {gone:?}");
}

/// The lines of it that are run.
fn tiers() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/run-tiers");
    let text = fs::read_to_string(file).expect("readable");
    let is_run = |line: &&str| !line.trim_start().starts_with('#');
    text.lines().filter(is_run).collect::<Vec<_>>().join("\n")
}

/// As cargo finds them: some are in `Cargo.toml`, others it takes from the folder `tests` by itself.
fn test_targets() -> Vec<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let told = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--locked", "--format-version", "1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let workspace: Value = serde_json::from_slice(&told.stdout).expect("JSON");
    let packages = workspace["packages"].as_array().expect("packages");
    let targets = packages.iter().filter_map(|package| package["targets"].as_array());
    let tests = targets.flatten().filter(|target| target["kind"][0] == "test");
    let names: Vec<String> =
        tests.map(|target| target["name"].as_str().expect("a name").to_owned()).collect();
    assert!(!names.is_empty(), "cargo knows of no test");
    names
}
