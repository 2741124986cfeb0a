//! `doctor`: its shape, and the looks whose outcome a desk decides. The table of what is made of what is beside the judgement, and
//! a whole host is looked at in the lab.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;
use snapbox::file;

use crate::{Desk, Said};

fn checks(said: &Said) -> Vec<Value> {
    let report: Value = serde_json::from_str(&said.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", said.as_text()));
    assert_eq!(report["version"], 1);
    report["checks"].as_array().expect("a list").clone()
}

fn check(said: &Said, subject: &str) -> Value {
    let of = |check: &Value| check["subject"] == subject;
    checks(said).into_iter().find(of).unwrap_or_else(|| panic!("{subject}: {}", said.as_text()))
}

#[test]
fn each_check_has_a_verdict_and_what_is_bad_has_a_remedy_and_ends_with_1() {
    let desk = Desk::new("");
    let said = desk.run(&["doctor", "--json"], "");
    let checks = checks(&said);
    for check in &checks {
        let verdict = check["verdict"].as_str().expect("a text");
        assert!(["good", "worth-knowing", "bad", "cannot-tell"].contains(&verdict), "{check}");
        assert!(check["seen"].as_str().is_some_and(|seen| !seen.is_empty()), "{check}");
        assert!(verdict != "bad" || check["remedy"].is_string(), "{check}");
    }
    let is_bad = checks.iter().any(|check| check["verdict"] == "bad");
    assert_eq!(said.status, i32::from(is_bad), "{}", said.as_text());
    for subject in [
        "configuration",
        "client",
        "client isolation",
        "FUSE",
        "libvirt",
        "libvirt daemon",
        "hook",
        "AppArmor",
        "SELinux",
        "image ownership",
        "image locks",
        "mount base",
        "state directory",
    ] {
        assert!(checks.iter().any(|check| check["subject"] == subject), "{subject}");
    }
    let page = desk.run(&["doctor"], "");
    assert_eq!(page.status, said.status);
    let marks = page.stdout.lines().filter(|line| !line.starts_with(' ') && line.contains("  "));
    assert_eq!(marks.count(), checks.len(), "{}", page.as_text());
}

#[test]
fn what_the_configuration_names_is_looked_at() {
    let desk = Desk::new(
        "[client]\nprogram = \"/nowhere/mount.quobyte\"\nconfig = \"/nowhere/client.cfg\"\n\
         [[share]]\nname = \"gold\"\nexport = \"192.0.2.1,[2001:db8::1]:7861/gold\"\n\
         mount_point = \"/nowhere/gold\"\n\
         [[share]]\nname = \"srv\"\nexport = \"_quobyte._tcp.example.invalid/srv\"\n",
    );
    let base = desk.path("base");
    fs::create_dir(&base).expect("made");
    fs::set_permissions(&base, fs::Permissions::from_mode(0o777)).expect("chmod");
    let said = desk.run(&["doctor", "--json"], "");
    assert_eq!(said.status, 1, "{}", said.as_text());
    for (subject, verdict) in [
        ("configuration", "good"),
        ("client", "bad"),
        ("client configuration", "bad"),
        ("mount base", "bad"),
        ("mount points", "good"),
        ("registries", "good"),
    ] {
        assert_eq!(check(&said, subject)["verdict"], verdict, "{}", said.as_text());
    }
    assert_eq!(check(&said, "mount base")["remedy"], "chmod go-w [DIR]/base");
    let srv = checks(&said).pop().expect("some");
    assert_eq!((&srv["subject"], &srv["verdict"]), (&"registries".into(), &"cannot-tell".into()));
}

#[test]
fn a_client_is_asked_for_its_version_and_one_that_says_nothing_does_not_hold_it_up() {
    let client = |script: &str| {
        let desk = Desk::new("");
        let program = desk.path("mount.quobyte");
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("written");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("chmod");
        let config = fs::read_to_string(desk.path("config.toml")).expect("readable");
        let config = format!("{config}[client]\nprogram = \"{}\"\n", program.display());
        fs::write(desk.path("config.toml"), config).expect("written");
        check(&desk.run(&["doctor", "--json"], ""), "client")
    };
    let version = client("[ \"$*\" = --version ] && echo mount.quobyte 3.14.1; exit 1");
    assert_eq!(version["verdict"], "good", "{version}");
    assert_eq!(version["seen"], "[DIR]/mount.quobyte says 'mount.quobyte 3.14.1'");
    let silent = client("exec sleep 600");
    assert_eq!(silent["verdict"], "worth-knowing", "{silent}");
    assert!(silent["seen"].as_str().expect("a text").contains("did not return"), "{silent}");
}

#[test]
fn a_configuration_that_is_not_usable_is_bad_and_the_rest_is_looked_at() {
    let desk = Desk::new("linger = \"soon\"\n");
    let said = desk.run(&["doctor", "--json"], "");
    assert_eq!(said.status, 1, "{}", said.as_text());
    let configuration = check(&said, "configuration");
    assert_eq!(configuration["verdict"], "bad");
    assert_eq!(configuration["remedy"], "virt-quobyte config check");
    assert_eq!(check(&said, "state directory")["verdict"].as_str().map(str::is_empty), Some(false));
}

#[test]
fn of_another_libvirt_only_what_it_tells_is_judged_and_the_rest_is_said_to_be_elsewhere() {
    let desk = Desk::new("");
    let said = desk.run(&["doctor", "--json", "--connect", "test:///default"], "");
    assert_eq!(said.status, 0, "{}", said.as_text());
    let subjects: Vec<Value> = checks(&said).iter().map(|it| it["subject"].clone()).collect();
    assert_eq!(subjects, ["libvirt", "libvirt daemon", "security models", "everything else"]);
    assert_eq!(check(&said, "everything else")["verdict"], "cannot-tell");
    let nobody = desk.run(&["doctor", "--connect", "none:///"], "");
    assert_eq!((nobody.status, nobody.stdout.as_str()), (3, ""), "{}", nobody.as_text());
}

#[test]
fn the_page_of_another_libvirt_is_what_was_last_reviewed() {
    let desk = Desk::new("");
    let said = desk.run(&["doctor", "--connect", "test:///default"], "");
    // The library's version, whatever it is.
    let masked = |word: &str| {
        let bare = word.trim_end_matches(':');
        let is_version =
            bare.contains('.') && bare.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        if is_version { word.replace(bare, "[VERSION]") } else { word.to_owned() }
    };
    let lines = said.stdout.lines().map(|line| {
        let words: Vec<String> = line.split(' ').map(masked).collect();
        words.join(" ") + "\n"
    });
    Said { stdout: lines.collect(), ..said }.is(file!["snapshots/doctor-connect.txt"]);
}
