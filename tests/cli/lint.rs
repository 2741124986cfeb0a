//! `lint`
//!
//! What rules say is held in `tests/lint`; here a rule or two stand for all, so that a new one changes nothing here.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use crate::{Desk, Said, schema};
use serde_json::Value;
use snapbox::file;

const CONFIG: &str = "\
[[share]]
name = \"gold\"
export = \"quobyte://reg1.example.org,reg2.example.org/gold\"
mount_point = \"/srv/quobyte/gold\"
";

const BAD: &str = include_str!("../lint/native-io-with-host-cache/bad.xml");
const FIXED: &str = include_str!("../lint/native-io-with-host-cache/bad.fixed.xml");
const GOOD: &str = include_str!("../lint/native-io-with-host-cache/good.xml");

/// A desk with these files on it.
pub(crate) fn desk(files: &[(&str, &str)]) -> Desk {
    let desk = Desk::new(CONFIG);
    for (name, text) in files {
        let path = desk.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }
    desk
}

impl Desk {
    /// Lints by one rule and what cannot be ignored.
    fn lint(&self, arguments: &[&str]) -> Said {
        self.run(&[&["lint", "--select", "VQ101"], arguments].concat(), "")
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("readable")
    }
}

#[test]
fn a_finding_is_shown_with_its_line_its_reason_and_its_fix() {
    let desk = desk(&[("web1.xml", BAD)]);
    desk.lint(&["web1.xml"]).is(file!["snapshots/lint.txt"]);
    desk.lint(&["web1.xml", "--format", "json"]).is(file!["snapshots/lint-json.txt"]);
    desk.lint(&["web1.xml", "--format", "github"]).is(file!["snapshots/lint-github.txt"]);
    desk.lint(&["web1.xml", "--diff"]).is(file!["snapshots/lint-diff.txt"]);
    assert_eq!(desk.read("web1.xml"), BAD, "nothing was to be changed");
}

#[test]
fn what_is_well_is_told_in_one_line_beside_the_output() {
    let said = desk(&[("web1.xml", GOOD)]).run(&["lint", "web1.xml"], "");
    assert_eq!(said.as_text(), "exit status 0\n---- stderr\nnothing found in 1 document\n");
}

#[test]
fn the_exit_status_says_what_was_found_and_what_could_not_be_read() {
    let desk = desk(&[
        ("bad.xml", BAD),
        ("good.xml", GOOD),
        ("net.xml", "<network/>"),
        ("broken.xml", "<domain>"),
    ]);
    let unused = "<!-- virt-quobyte: allow VQ101 no more -->\n".to_owned() + GOOD;
    fs::write(desk.path("unused.xml"), unused).expect("written");
    let rows: [(&[&str], i32); 17] = [
        (&["good.xml"], 0),
        (&["bad.xml"], 1),
        (&["good.xml", "bad.xml"], 1),
        (&["bad.xml", "--format", "json"], 1),
        (&["bad.xml", "--format", "sarif"], 0),
        (&["bad.xml", "--ignore", "VQ101"], 0),
        (&["bad.xml", "--ignore", "VQ1xx"], 0),
        (&["bad.xml", "--ignore", "refused"], 0),
        (&["unused.xml", "--select", "linter"], 1),
        (&["unused.xml", "--select", "linter", "--fail-on", "error"], 0),
        (&["net.xml"], 1),
        (&["broken.xml", "--ignore", "linter"], 1),
        (&["nowhere.xml"], 3),
        (&["nowhere.xml", "bad.xml"], 3),
        (&["nowhere.xml", "--format", "sarif"], 0),
        (&["--fix", "nowhere.xml", "--format", "sarif"], 0),
        (&["--diff", "good.xml"], 0),
    ];
    for (arguments, status) in rows {
        let said = desk.lint(arguments);
        assert_eq!(said.status, status, "{arguments:?}: {}", said.as_text());
    }
    let both = desk.lint(&["nowhere.xml", "bad.xml"]);
    assert!(both.stdout.contains("error[VQ101]"), "the others are linted: {}", both.as_text());
    for arguments in [
        &["lint"][..],
        &["lint", "--all"],
        &["lint", "--unsafe", "good.xml"],
        &["lint", "--fix", "--diff", "good.xml"],
        &["lint", "--fix", "--connect", "test:///default", "test"],
        &["lint", "--connect", "test:///default"],
        &["lint", "--fix", "-", "good.xml"],
        &["lint", "--fix", "--format", "json", "-"],
        &["lint", "--select", "VQ000", "good.xml"],
        &["lint", "--fail-on", "never", "good.xml"],
    ] {
        let said = desk.run(arguments, GOOD);
        assert_eq!(said.status, 2, "{arguments:?}: {}", said.as_text());
    }
}

#[test]
fn of_a_folder_every_xml_is_linted_that_is_not_hidden_nor_a_link_nor_something_else() {
    let desk = desk(&[
        ("d/b.xml", BAD),
        ("d/a/z.xml", BAD),
        ("d/c.xml", BAD),
        ("d/.hidden.xml", BAD),
        ("d/.git/x.xml", BAD),
        ("d/c.xml.orig", BAD),
        ("d/networks/default.xml", "<network/>"),
        ("elsewhere.xml", BAD),
    ]);
    symlink(desk.path("elsewhere.xml"), desk.path("d/link.xml")).expect("made");
    symlink(desk.path("d"), desk.path("d/circle")).expect("made");
    let mode = nix::sys::stat::Mode::S_IRUSR;
    nix::unistd::mkfifo(&desk.path("d/fifo.xml"), mode).expect("made");
    let said = desk.lint(&["d"]);
    let places = said.stdout.lines().filter_map(|line| line.trim_start().strip_prefix("--> "));
    assert_eq!(
        places.collect::<Vec<_>>(),
        [
            "d/a/z.xml:10:45",
            "d/a/z.xml:16:42",
            "d/b.xml:10:45",
            "d/b.xml:16:42",
            "d/c.xml:10:45",
            "d/c.xml:16:42"
        ]
    );
    let summary = "6 errors in 3 documents; --fix mends 6; 1 file passed over, no domain\n";
    assert_eq!(said.stderr, summary);
}

#[test]
fn a_fix_leaves_every_other_byte_and_what_the_file_was() {
    let crlf = BAD.replace('\n', "\r\n");
    let desk = desk(&[("web1.xml", BAD), ("crlf.xml", &crlf), ("good.xml", GOOD)]);
    let mode = |name: &str| fs::metadata(desk.path(name)).expect("there").mode() & 0o7777;
    fs::set_permissions(desk.path("web1.xml"), PermissionsExt::from_mode(0o640)).expect("set");
    let good = fs::metadata(desk.path("good.xml")).expect("there");
    let said = desk.lint(&["--fix", "web1.xml", "crlf.xml", "good.xml"]);
    let summary = "nothing found in 3 documents; 4 fixes made in 2 documents\n";
    assert_eq!((said.status, said.stderr.as_str()), (0, summary), "{}", said.as_text());
    assert_eq!(desk.read("web1.xml"), FIXED);
    assert_eq!(desk.read("crlf.xml"), FIXED.replace('\n', "\r\n"));
    assert_eq!(mode("web1.xml"), 0o640);
    let same = fs::metadata(desk.path("good.xml")).expect("there");
    assert_eq!((good.ino(), good.mtime_nsec()), (same.ino(), same.mtime_nsec()), "not touched");
    let again = desk.lint(&["--fix", "web1.xml"]);
    assert_eq!(again.stderr, "nothing found in 1 document\n");
    assert_eq!(desk.read("web1.xml"), FIXED);
    let mut names: Vec<_> = fs::read_dir(desk.path("."))
        .expect("listed")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
        .collect();
    names.sort();
    assert_eq!(names, ["config.toml", "crlf.xml", "good.xml", "stdin", "web1.xml"]);
}

#[test]
fn what_would_not_stay_what_it_is_is_not_fixed() {
    let desk = desk(&[("web1.xml", BAD), ("web2.xml", BAD)]);
    symlink("web1.xml", desk.path("link.xml")).expect("made");
    fs::hard_link(desk.path("web2.xml"), desk.path("other-name.xml")).expect("made");
    for (name, why) in [("link.xml", "it is a symlink"), ("web2.xml", "it has 2 names")] {
        let said = desk.lint(&["--fix", name]);
        assert_eq!(said.status, 3, "{}", said.as_text());
        let begins = format!("virt-quobyte: {name}: was not fixed: {why}");
        assert!(said.stderr.starts_with(&begins), "{}", said.as_text());
        assert!(said.stdout.contains("error[VQ101]"), "still there: {}", said.as_text());
    }
    assert_eq!((desk.read("web1.xml"), desk.read("web2.xml")), (BAD.to_owned(), BAD.to_owned()));
}

#[test]
fn standard_input_is_linted_and_its_fix_goes_to_standard_output() {
    let desk = desk(&[]);
    let found = desk.run(&["lint", "--select", "VQ101", "-"], BAD);
    assert!(found.stdout.contains("--> standard input:10:45"), "{}", found.as_text());
    let fixed = desk.run(&["lint", "--select", "VQ101", "--fix", "-"], BAD);
    assert_eq!((fixed.status, fixed.stdout.as_str()), (0, FIXED), "{}", fixed.as_text());
}

#[test]
fn a_place_that_belongs_to_a_finding_is_told_with_the_name_of_its_document() {
    let twice = include_str!("../lint/duplicate-target/bad.xml");
    let desk = desk(&[("a.xml", GOOD), ("net.xml", "<network/>"), ("twice.xml", twice)]);
    let arguments = ["lint", "--select", "duplicate-target", "--format", "json", "."];
    let report: Value = serde_json::from_str(&desk.run(&arguments, "").stdout).expect("JSON");
    let found = report["documents"][1]["findings"][0]["related"][0]["document"].as_str();
    assert!(found.is_some_and(|name| name.ends_with("twice.xml")), "{report:#}");
}

/// libvirt's test driver lives in its library: no daemon is asked.
#[test]
fn the_domains_of_a_libvirt_are_linted() {
    let desk = desk(&[]);
    let connect = ["lint", "--connect", "test:///default"];
    let all = desk.run(&[&connect[..], &["--all", "--format", "json"]].concat(), "");
    let report: Value = serde_json::from_str(&all.stdout).expect("JSON");
    let names: Vec<&str> = report["documents"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|document| document["name"].as_str().expect("a text"))
        .collect();
    // The driver's own domain runs, and its live document says what its defined one does not.
    assert_eq!(names, ["test (as defined)", "test (running)"]);
    let some = desk.run(&[&connect[..], &["nobody", "test"]].concat(), "");
    assert_eq!(some.status, 3, "{}", some.as_text());
    assert!(some.stderr.starts_with("virt-quobyte: nobody: cannot be read:"), "{}", some.as_text());
}

#[test]
fn nothing_that_a_document_or_a_name_holds_reaches_a_terminal_as_it_is() {
    let hostile = "\u{9b}31m\u{202e}\u{200b}\u{feff}";
    let line = format!("<disk {hostile}='1' type='file'/>");
    let suppression = format!("<!-- virt-quobyte: allow VQ101{hostile} {hostile} -->\n{GOOD}");
    let bad = BAD.replace("cache='writeback'", &format!("cache='writeback{hostile}'"));
    let desk = desk(&[
        ("bad\u{1b}[31m\u{202e}.xml", &bad),
        ("malformed.xml", &line),
        ("suppression.xml", &suppression),
    ]);
    for format in ["text", "github"] {
        let arguments = ["lint", "--select", "VQ101,linter", "--format", format, "."];
        let said = desk.run(&arguments, "");
        let shown = said.stdout + &said.stderr;
        for document in ["bad", "malformed.xml", "suppression.xml"] {
            assert!(shown.contains(document), "{document} is missing:\n{shown}");
        }
        let unprintable = |c: char| c.is_control() || hostile.replace("31m", "").contains(c);
        for line in shown.lines() {
            assert!(!line.contains(unprintable), "{line:?}");
        }
    }
}

#[test]
fn a_report_on_every_fixture_is_what_its_schema_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fixtures = root.join("tests/lint").display().to_string();
    let desk = desk(&[]);
    let said = desk.run(&["lint", "--format", "json", &fixtures, "nowhere.xml"], "");
    assert_eq!(said.status, 3, "{}", said.stderr);
    fs::write(desk.path("report"), &said.stdout).expect("written");
    match schema::complaints(&schema::published("lint-report"), &desk.path("report")) {
        Some(complaints) => assert!(complaints.is_empty(), "{complaints}"),
        None => println!("skipped: python3-jsonschema is not installed (tests/prepare build)"),
    }
}
