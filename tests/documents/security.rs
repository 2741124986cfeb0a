//! The security model names what holds each of its claims: files that are there, and tests that are there.

use std::fs;

use crate::{document, root, sources};

/// What stands between backticks.
fn quoted(document: &str) -> Vec<&str> {
    document.split('`').skip(1).step_by(2).collect()
}

#[test]
fn every_file_and_every_test_that_the_security_model_names_is_there() {
    let document = document("security.md");
    let scenarios: String = sources(&root().join("tests/lab/src/scenarios"))
        .iter()
        .map(|file| fs::read_to_string(file).expect("readable"))
        .collect();
    let (mut files, mut tests) = (0, 0);
    for quoted in quoted(&document) {
        let (path, test) = match quoted.split_once(": ") {
            Some((path, test)) => (path, Some(test)),
            None => (quoted, None),
        };
        if let ("lab", Some(scenario)) = (path, test) {
            assert!(
                scenarios.contains(&format!("scenarios!(\"{scenario}\",")),
                "no scenario '{scenario}'"
            );
            tests += 1;
            continue;
        }
        let is_ours = ["src/", "tests/", "hooks/"].iter().any(|room| path.starts_with(room));
        if !is_ours {
            continue;
        }
        let file = root().join(path);
        assert!(file.exists(), "there is no {path}");
        files += 1;
        if let Some(test) = test {
            let source = fs::read_to_string(&file).expect("readable");
            let is_test = source
                .split_once(&format!("fn {test}("))
                .is_some_and(|(before, _)| before.trim_end().ends_with("#[test]"));
            assert!(is_test, "{path} has no test {test}");
            tests += 1;
        }
    }
    assert!(files > 20 && tests > 30, "only {files} files and {tests} tests were found");
}

/// A section is an input: who controls it, what it can cause, what stops it, what remains.
#[test]
fn every_input_is_told_in_full_and_has_a_test() {
    let document = document("security.md");
    let sections: Vec<&str> = document.split("\n### ").skip(1).collect();
    assert!(sections.len() > 10, "only {} sections were found", sections.len());
    for section in sections {
        let section = section.split("\n## ").next().expect("the first part");
        let name = section.lines().next().expect("a heading");
        for word in ["Controlled by", "Could cause", "Stopped by", "Remains"] {
            assert!(section.contains(&format!("\n- **{word}**: ")), "{name}: no {word}");
        }
        let has_test = quoted(section).iter().any(|quoted| quoted.contains(": "));
        assert!(has_test, "{name}: no test is named");
    }
}
