//! `lint --format sarif`: what code scanners get is what the standard says.
//!
//! Each report is held against `sarif-subset.schema.json`, which is stricter about what is printed here, and against the schema of
//! the standard itself where `with-sarif-schema` has fetched it.
#![allow(clippy::print_stdout, reason = "what could not be asked is said")]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use virt_quobyte::lint::RULES;

use crate::lint::desk;
use crate::{Desk, schema};

const BAD: &str = include_str!("../lint/native-io-with-host-cache/bad.xml");
const GOOD: &str = include_str!("../lint/native-io-with-host-cache/good.xml");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

impl Desk {
    /// The report of these arguments, and what is said beside it.
    fn sarif(&self, arguments: &[&str], stdin: &str) -> (Value, String) {
        let said = self.run(&[&["lint", "--format", "sarif"], arguments].concat(), stdin);
        assert_eq!(said.status, 0, "{arguments:?}: {}", said.stderr);
        let report = serde_json::from_str(&said.stdout).expect("JSON");
        self.hold(arguments, &said.stdout);
        (report, said.stderr)
    }

    fn hold(&self, arguments: &[&str], report: &str) {
        let path = self.path("report.sarif");
        fs::write(&path, report).expect("written");
        let mut schemas = vec![root().join("tests/cli/sarif-subset.schema.json")];
        match std::env::var_os("SARIF_SCHEMA") {
            Some(official) => schemas.push(PathBuf::from(official)),
            None => println!("skipped: SARIF's own schema: tests/cli/with-sarif-schema fetches it"),
        }
        for schema in schemas {
            match schema::complaints(&schema, &path) {
                Some(complaints) => {
                    let schema = schema.display();
                    assert!(complaints.is_empty(), "{arguments:?}: {schema}: {complaints}");
                }
                None => {
                    println!("skipped: python3-jsonschema is not installed (tests/prepare build)");
                }
            }
        }
        fs::remove_file(path).expect("it is there");
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

#[test]
fn a_report_has_every_finding_with_its_rule_declared() {
    let fixtures = root().join("tests/lint").display().to_string();
    let desk = desk(&[]);
    let (sarif, _) = desk.sarif(&[&fixtures], "");
    let json = desk.run(&["lint", "--format", "json", &fixtures], "");
    let json: Value = serde_json::from_str(&json.stdout).expect("JSON");
    let run = &sarif["runs"][0];
    let declared = list(&run["tool"]["driver"]["rules"]);
    assert_eq!(declared.len(), RULES.len());
    let results = list(&run["results"]);
    let found = list(&json["documents"]).iter();
    assert_eq!(results.len(), found.map(|it| list(&it["findings"]).len()).sum::<usize>());
    for result in results {
        let index = result["ruleIndex"].as_u64().expect("a number");
        let rule = &declared[usize::try_from(index).expect("small")];
        assert_eq!(rule["id"], result["ruleId"]);
    }
    assert!(results.iter().any(|it| it.get("fixes").is_some()), "no fix was printed");
    assert!(results.iter().any(|it| it.get("relatedLocations").is_some()), "nor another place");
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
}

#[test]
fn what_could_not_be_read_is_in_the_report_and_stops_nobody() {
    let desk = desk(&[("bad.xml", BAD)]);
    let (report, beside) = desk.sarif(&["nowhere.xml", "bad.xml"], "");
    let run = &report["runs"][0];
    assert!(!list(&run["results"]).is_empty(), "{report:#}");
    let invocation = &run["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let [failure] = list(&invocation["toolExecutionNotifications"]) else {
        panic!("not one failure: {report:#}");
    };
    assert_eq!(failure["level"], "error");
    let told = failure["message"]["text"].as_str().expect("a text");
    assert!(told.starts_with("nowhere.xml: "), "{told}");
    assert!(beside.starts_with("virt-quobyte: nowhere.xml: "), "{beside}");
}

#[test]
fn a_report_of_any_kind_is_what_the_standard_says() {
    let hostile = BAD.replace("cache='writeback'", "cache='\u{9b}31m\u{202e}&amp;'");
    let desk = desk(&[
        ("good.xml", GOOD),
        ("d/a b%\u{e4}\u{202e}?#.xml", &hostile),
        ("d/broken.xml", "<domain>"),
        ("d/network.xml", "<network/>"),
        ("empty/none.txt", ""),
        ("crlf.xml", &BAD.replace('\n', "\r\n")),
    ]);
    let rows: [(&[&str], &str); 9] = [
        (&["good.xml"], ""),
        (&["empty"], ""),
        (&["d", "crlf.xml"], ""),
        (&["d/network.xml"], ""),
        (&["-"], BAD),
        (&["-"], ""),
        (&["--connect", "test:///default", "--all"], ""),
        (&["--connect", "test:///default", "no body"], ""),
        (&["--fix", "crlf.xml"], ""),
    ];
    for (arguments, stdin) in rows {
        let _ = desk.sarif(arguments, stdin);
    }
}
