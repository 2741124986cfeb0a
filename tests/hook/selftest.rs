//! `virt-quobyte selftest`: what it finds of clients that are as assumed and of others, and that it leaves nothing behind.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::by_hand::admin;
use crate::ground::{Ground, ground};
use crate::schema;

/// A ground whose clients are given more time than a hook would: on a busy machine a trial takes some.
macro_rules! patient_ground {
    () => {{
        let ground = ground!();
        ground.change_config("probe = \"1s\"", "probe = \"3s\"");
        ground.change_config("hook = \"10s\"", "hook = \"30s\"");
        ground
    }};
}

/// A report for programs, and the exit status that came with it.
#[derive(Debug)]
struct Report {
    status: i32,
    json: Value,
}

impl Report {
    fn of(status: i32, text: &str) -> Self {
        let json = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
        Self { status, json }
    }

    fn finding(&self, number: u8) -> &Value {
        let number = format!("A{number}");
        let findings = self.json["findings"].as_array().expect("a list");
        let found = findings.iter().find(|it| it["number"] == number.as_str());
        found.unwrap_or_else(|| panic!("no {number} in {self:?}"))
    }

    #[track_caller]
    fn has(&self, number: u8, verdict: &str, seen: &str) {
        let finding = self.finding(number);
        assert_eq!(finding["verdict"], verdict, "{finding}");
        assert!(finding["seen"].as_str().is_some_and(|text| text.contains(seen)), "{finding}");
    }

    fn left_behind(&self) -> Vec<&str> {
        let left = self.json["left_behind"].as_array().expect("a list");
        left.iter().map(|line| line.as_str().expect("a text")).collect()
    }
}

fn selftest(ground: &Ground, export: &str) -> Report {
    let (status, text) = admin(ground, &["selftest", export, "--json"]);
    Report::of(status, &text)
}

fn volume(ground: &Ground) -> Vec<String> {
    let names = fs::read_dir(ground.path("volumes/gold")).expect("a volume");
    names.map(|name| name.expect("readable").file_name().display().to_string()).collect()
}

/// Whether a trial has made its directory on the volume.
fn has_scratch(ground: &Ground) -> bool {
    volume(ground).iter().any(|name| name.starts_with(".virt-quobyte-selftest-"))
}

#[track_caller]
fn assert_nothing_left(ground: &Ground) {
    assert_eq!(volume(ground), ["vm.img"]);
    let table = fs::read_to_string("/proc/thread-self/mountinfo").expect("a mount table");
    let ours = format!(" {}/", ground.path("").display());
    assert!(!table.contains(ours.replace("//", "/").trim_end_matches('/')), "{table}");
    ground.assert_nothing_left();
}

/// The numbers that do not hold with a stand-in that is told nothing: it refuses a mount on another.
const USUAL: [u8; 1] = [21];

#[test]
fn all_that_guests_need_holds_with_a_healthy_client_and_nothing_is_left() {
    let ground = patient_ground!();
    for export in ["gold", "quobyte://reg1,reg2/gold", "reg1,reg2/gold"] {
        let report = selftest(&ground, export);
        assert_eq!((report.status, report.left_behind().len()), (0, 0), "{report:?}");
        for number in 1..=22 {
            let expected = match number {
                11 | 19 => "not-asked",
                _ if USUAL.contains(&number) => "does-not-hold",
                _ => "holds",
            };
            report.has(number, expected, "");
        }
        report.has(16, "holds", "between two clients: fcntl was given to two processes at once");
        assert_eq!(report.json["export"], "reg1,reg2/gold");
        assert_nothing_left(&ground);
    }
    for start in ground.client_starts() {
        let arguments = start["argv"].to_string();
        let state = ground.text("state");
        assert!(arguments.contains(&format!("{state}/selftest-")), "a share's place: {arguments}");
    }
}

/// In place of what depends on where a test runs.
const CGROUP: &str = "                [PROCESS AND CONTROL GROUP]";

#[test]
fn the_page_says_it_all_in_80_columns() {
    let ground = patient_ground!();
    let (status, text) = admin(&ground, &["selftest", "gold"]);
    assert_eq!(status, 0, "{text}");
    let page = text.replace(&ground.text(""), "[DIR]/");
    for line in page.lines() {
        assert!(line.chars().count() <= 80 || line.starts_with("[DIR]"), "{line}");
    }
    // A time is as wide as another; where this host has put the test is not.
    let mut shown: Vec<String> = Vec::new();
    for line in page.lines() {
        let of_a8 = shown.last().is_some_and(|before| before == CGROUP || before.contains(" A8 "));
        let words = line.split(' ').map(|word| match word.parse::<f64>() {
            Ok(_) if word.contains('.') => "0.00",
            _ => word,
        });
        match line.starts_with("      ") && of_a8 {
            true if shown.last().is_some_and(|before| before == CGROUP) => {}
            true => shown.push(CGROUP.to_owned()),
            false => shown.push(words.collect::<Vec<_>>().join(" ")),
        }
    }
    let shown = shown.join("\n") + "\n";
    snapbox::assert_data_eq!(shown, snapbox::file!["snapshots/selftest.txt"].raw());
    assert_nothing_left(&ground);
}

#[test]
fn a_report_is_what_the_schema_says() {
    let ground = patient_ground!();
    ground.set_client("refuse = { chown = 13 }\n");
    let (_, text) = admin(&ground, &["selftest", "gold", "--json"]);
    schema::holds("selftest", &text);
}

/// How a client is told to behave, what that is to be taken for, and the exit status.
type Row = (&'static str, &'static [(u8, &'static str, &'static str)], i32);

const NO: &str = "does-not-hold";

fn each_is_found(rows: &[Row]) {
    for (behaviour, expected, status) in rows {
        let ground = patient_ground!();
        ground.set_client(&format!("{behaviour}\n"));
        let report = selftest(&ground, "gold");
        assert_eq!(report.status, *status, "{behaviour}: {report:?}");
        for (number, verdict, seen) in *expected {
            report.has(*number, verdict, seen);
        }
        // What was asked beside it, and does not depend on it, is as ever.
        let named = |number| expected.iter().any(|(known, ..)| *known == number);
        for number in (1..=22).filter(|&number| !named(number) && !USUAL.contains(&number)) {
            assert_ne!(report.finding(number)["verdict"], NO, "{behaviour}: A{number} {report:?}");
        }
        assert_eq!(report.left_behind(), [""; 0], "{behaviour}");
        assert_nothing_left(&ground);
    }
}

#[test]
fn a_client_that_does_not_mount_is_found_out_and_nothing_more_is_asked() {
    each_is_found(&[
        (
            "mount = 'exit-zero-unmounted'",
            &[
                (1, NO, "without an error, and nothing is mounted"),
                (2, NO, "the first returned without an error or a mount"),
                (14, "not-asked", "no mount that answers"),
            ],
            1,
        ),
        (
            "mount = 'fail'",
            &[(1, NO, "exited with status 1 and said: "), (3, "not-asked", "no mount")],
            1,
        ),
        ("mount = 'exit-four-on-stdout'", &[(1, NO, "exited with status 4 and said: ")], 1),
        ("mount = 'never-returns'", &[(1, NO, "did not return within 3")], 1),
        ("answers = 'eio'", &[(1, NO, "Input/output error"), (2, NO, "the first")], 1),
        ("answers = 'hang'", &[(1, NO, "hung mount"), (2, NO, "the first")], 1),
    ]);
}

#[test]
fn a_mount_that_is_not_as_the_hook_wants_it_is_found_out() {
    each_is_found(&[
        ("fstype = 'fuse'", &[(3, "holds", "type fuse, source quobyte@reg1|reg2/gold")], 0),
        ("fstype = 'fuse.other'", &[(3, NO, "type fuse.other")], 1),
        ("allow_other = false", &[(7, NO, "default_permissions; another user got EACCES")], 1),
        (
            "allow_stacking = true",
            &[(21, NO, "was stacked on the first; a directory with a file in it was mounted on")],
            0,
        ),
    ]);
}

#[test]
fn a_daemon_that_keeps_what_it_was_given_or_goes_on_is_told_and_harms_nobody() {
    each_is_found(&[
        ("stdio = 'keep'", &[(9, NO, "has them open")], 0),
        ("linger = '4s'", &[(12, NO, "the daemon still ran "), (13, "holds", "")], 0),
    ]);
}

#[test]
fn what_an_image_needs_and_a_volume_refuses_is_found_out() {
    each_is_found(&[
        (
            "refuse = { direct_io = 22 }",
            &[(14, NO, "O_DIRECT gave EINVAL; Linux AIO gave EINVAL")],
            1,
        ),
        ("refuse = { fallocate = 95 }", &[(15, NO, "reserving gave EOPNOTSUPP")], 0),
        ("refuse = { lock = 37 }", &[(16, NO, "fcntl gave ENOLCK, OFD gave ENOLCK")], 1),
        ("refuse = { lock = 0 }", &[(16, NO, "fcntl was given to two processes at once")], 1),
        ("refuse = { chown = 1 }", &[(17, "holds", "refused with EPERM")], 0),
        ("refuse = { chown = 13 }", &[(17, NO, "refused with EACCES")], 1),
        ("refuse = { xattr = 5 }", &[(18, NO, "refused with EIO")], 0),
        (
            "refuse = { mkdir = 13 }",
            &[
                (22, NO, "the making of a directory gave EACCES"),
                (14, "not-asked", "no directory could be made"),
                (10, "holds", "so did stat"),
            ],
            1,
        ),
    ]);
}

/// A trial in the background of a client that takes its time, once it has a directory on the volume.
fn in_the_middle(ground: &Ground) -> Child {
    ground.set_client("answer_delay = '20ms'\n");
    let child = Command::new(env!("CARGO_BIN_EXE_virt-quobyte"))
        .args(["selftest", "gold", "--json"])
        .env("VIRT_QUOBYTE_CONFIG", ground.path("config.toml"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    ground.wait_until("the trial has begun", || has_scratch(ground));
    child
}

fn ended(child: Child) -> Report {
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.is_empty(), "{said}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    Report::of(output.status.code().expect("no signal"), &text)
}

#[test]
fn a_signal_ends_a_trial_with_everything_put_away() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let ground = patient_ground!();
        let child = in_the_middle(&ground);
        kill(Pid::from_raw(child.id().cast_signed()), signal).expect("it lives");
        let report = ended(child);
        assert_eq!((report.status, &report.json["complete"]), (3, &false.into()), "{report:?}");
        report.has(1, "holds", "");
        report.has(10, "not-asked", "the trial ended before");
        assert_eq!(report.left_behind(), [""; 0]);
        assert_nothing_left(&ground);
    }
}

#[test]
fn a_client_that_falls_silent_is_given_up_in_time_and_what_is_left_on_the_volume_is_named() {
    let ground = patient_ground!();
    let child = in_the_middle(&ground);
    let begun = Instant::now();
    ground.set_client("answers = 'hang'\n");
    let report = ended(child);
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    assert_eq!(report.status, 1, "{report:?}");
    report.has(10, "not-asked", "an earlier question without an answer");
    let findings = report.json["findings"].as_array().expect("a list");
    let is_silent = |it: &&Value| it["seen"] == "there was no answer within 3.00 s";
    assert_eq!(findings.iter().filter(is_silent).count(), 1, "{report:?}");
    let left = report.left_behind();
    assert!(
        left.len() == 1 && left[0].contains("the directory .virt-quobyte-selftest-"),
        "{left:?}"
    );
    assert!(left[0].contains("hung mount"), "{left:?}");
    ground.set_client("");
    for name in volume(&ground).iter().filter(|name| name.starts_with(".virt")) {
        fs::remove_dir_all(ground.path("volumes/gold").join(name)).expect("removed");
    }
    assert_nothing_left(&ground);
}

#[test]
fn a_client_that_dies_in_the_middle_leaves_nothing_either() {
    let ground = patient_ground!();
    let child = in_the_middle(&ground);
    ground.set_client("");
    for pid in ground.clients() {
        let _gone = kill(Pid::from_raw(pid), Signal::SIGKILL);
    }
    let report = ended(child);
    assert_eq!((report.status, report.left_behind().len()), (1, 0), "{report:?}");
    assert_nothing_left(&ground);
}

#[test]
fn guests_and_their_shares_are_left_alone() {
    let ground = patient_ground!();
    let guest = ground.guest("web1", &["gold"]);
    ground.hook(&guest, "prepare").succeeds();
    let (record, clients) = (ground.record("gold"), ground.clients());
    let report = selftest(&ground, "gold");
    assert_eq!(report.status, 0, "{report:?}");
    assert_eq!((ground.record("gold"), ground.clients()), (record, clients));
    assert_eq!(ground.mounts_on(&ground.mount_point("gold")), 1);
    ground.hook(&guest, "release").succeeds();
    assert_nothing_left(&ground);
}

#[test]
fn what_is_no_volume_is_refused_before_anything_is_done() {
    let ground = patient_ground!();
    for (export, said) in [
        ("bronze", "there is no share 'bronze' in the configuration, and an export has the form"),
        ("reg1/", "names no volume"),
        ("a,/vol", "'a,/vol' is no export"),
    ] {
        let (status, text) = admin(&ground, &["selftest", export]);
        assert!(status == 3 && text.contains(said), "{export}: {status} {text}");
    }
    ground.change_config("bin/mount.quobyte", "bin/none");
    let (status, text) = admin(&ground, &["selftest", "gold"]);
    assert!(status == 3 && text.contains("bin/none"), "{status} {text}");
    assert_eq!(ground.client_starts().len(), 0);
    assert_nothing_left(&ground);
}
