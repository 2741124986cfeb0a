//! What is decided of guests whose client died, from what QEMU 7.2 under libvirt 9.0 said of itself then.
//!
//! A folder is a guest: `domain.xml` is what libvirt said of it, `qemu.json` the arguments of its QEMU and the answers to the
//! questions, recorded after its client had been killed; `decided.txt` is what is decided, and `renewed.txt` what would be if the
//! guest ran and its client were to be replaced. `SNAPSHOTS=overwrite` in the environment
//! writes that anew, for `git diff` to judge.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use virt_quobyte::revive::monitor::QUESTIONS;
use virt_quobyte::revive::{
    self, Deed, DiskWords, Facts, Given, Guest, Purpose, Revival, RunState,
};
use virt_quobyte::share::MountPoint;
use virt_quobyte::xml::Tree;

fn guests() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/revive");
    let entries =
        fs::read_dir(folder).expect("the fixtures").map(|entry| entry.expect("one").path());
    let mut guests: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    guests.sort();
    guests
}

fn guest(folder: &Path) -> Guest {
    let read = |file| fs::read_to_string(folder.join(file)).expect("a fixture");
    let qemu: Value = serde_json::from_str(&read("qemu.json")).expect("JSON");
    let answers = QUESTIONS.map(|question| qemu[question].to_string());
    let arguments = qemu["arguments"].as_array().expect("arguments");
    let arguments: Vec<&str> = arguments.iter().map(|it| it.as_str().expect("text")).collect();
    let blockdevs = arguments.windows(2).filter(|pair| pair[0] == "-blockdev").map(|pair| pair[1]);
    let document = read("domain.xml");
    let tree = Tree::read(document.as_bytes()).expect("a document");
    Guest {
        facts: Facts::read(&answers).expect("answers that are understood"),
        given: Given::of(blockdevs),
        disks: DiskWords::of(&tree),
        alive: BTreeSet::new(),
    }
}

fn mount_point() -> MountPoint {
    "/srv/q/gold".parse().expect("a good path")
}

fn shown(revival: &Revival) -> String {
    let mut text = String::new();
    for disk in &revival.disks {
        writeln!(text, "{}: {}", disk.target, disk.unflushed).expect("text");
    }
    for step in &revival.steps {
        writeln!(text, "\n{step}").expect("text");
        let (Deed::Tell { text: word, .. } | Deed::TellUnless { text: word, .. }) = step.deed()
        else {
            continue;
        };
        writeln!(text, "    {word}").expect("text");
    }
    text
}

#[test]
fn each_guest_is_decided_of_as_it_was_seen_to_be_right() {
    let guests = guests();
    assert!(guests.len() > 5, "{guests:?}");
    for folder in guests {
        let mut guest = guest(&folder);
        is_decided(&folder, "decided.txt", Purpose::Revive, &guest);
        guest.facts.state = RunState::Running;
        is_decided(&folder, "renewed.txt", Purpose::Renew, &guest);
    }
}

fn is_decided(folder: &Path, file: &str, purpose: Purpose, guest: &Guest) {
    let decided = match revive::decide(&mount_point(), purpose, guest) {
        Ok(revival) => shown(&revival),
        Err(refusal) => format!("refused: {refusal}\n"),
    };
    let expected = snapbox::Data::read_from(&folder.join(file), None);
    snapbox::assert_data_eq!(decided, expected.raw());
}

#[test]
fn a_guest_with_no_file_on_the_share_needs_nothing() {
    let elsewhere: MountPoint = "/srv/q/gol".parse().expect("a good path");
    for folder in guests() {
        let decided = revive::decide(&elsewhere, Purpose::Revive, &guest(&folder));
        assert_eq!(decided, Ok(Revival::default()), "{}", folder.display());
    }
}

#[test]
fn a_guest_whose_files_live_needs_nothing() {
    for folder in guests() {
        let mut guest = guest(&folder);
        guest.alive = guest.facts.nodes.iter().map(|node| node.file.clone()).collect();
        let decided = revive::decide(&mount_point(), Purpose::Revive, &guest);
        assert_eq!(decided, Ok(Revival::default()), "{}", folder.display());
    }
}

/// One thing is different from a guest that can be revived, and it is refused, by name.
#[test]
fn what_cannot_be_revived_is_refused_by_name() {
    type Spoil = fn(&mut Guest);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/revive/raw");
    let rows: [(&str, Spoil); 8] = [
        ("works on its disks", |guest| guest.facts.jobs.push("copy-vda".to_owned())),
        ("served to others", |guest| guest.facts.exports.push("backup-vda".to_owned())),
        ("QEMU says that it is 'postmigrate'", |guest| {
            guest.facts.state = revive::RunState::Other("postmigrate".to_owned());
        }),
        ("vda: how libvirt had libvirt-1-storage opened", |guest| guest.given = Given::default()),
        ("vda: libvirt-1-format is not what it was", |guest| {
            guest.facts.nodes.iter_mut().for_each(|node| node.is_read_only = true);
        }),
        ("the bus usb was never seen", |guest| guest.disks[0].bus = "usb".to_owned()),
        ("the guest is told of I/O errors", |guest| guest.disks[0].stops_at_errors = false),
        ("no disk that libvirt knows of", |guest| guest.disks.clear()),
    ];
    for (says, spoil) in rows {
        let mut guest = guest(&folder);
        spoil(&mut guest);
        let refusal =
            revive::decide(&mount_point(), Purpose::Revive, &guest).expect_err(says).to_string();
        assert!(refusal.contains(says), "{says}: {refusal}");
    }
}
