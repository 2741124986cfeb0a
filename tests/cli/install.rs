//! `install` and `uninstall`, in a directory of hooks of their own. The real one is looked at in the lab.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use snapbox::file;

use crate::{Desk, Said};

const CONFIG: &str = "[[share]]\nname = \"gold\"\nexport = \"quobyte://reg1,reg2/gold\"\n";

/// A desk with a hook on it.
fn desk() -> Desk {
    let desk = Desk::new(CONFIG);
    hook(&desk, "sbin");
    desk
}

fn hook(desk: &Desk, directory: &str) -> PathBuf {
    let hook = desk.path(directory).join("virt-quobyte-hook");
    fs::create_dir(desk.path(directory)).expect("made");
    fs::write(&hook, "").expect("written");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).expect("chmod");
    hook
}

fn install(desk: &Desk, directory: &str) -> Said {
    let hook = desk.path(directory).join("virt-quobyte-hook");
    desk.run(
        &["install", "--json", "--hooks-dir", "hooks", "--hook", hook.to_str().expect("UTF-8")],
        "",
    )
}

fn uninstall(desk: &Desk) -> Said {
    desk.run(&["uninstall", "--hooks-dir", "hooks"], "")
}

fn leads_to(desk: &Desk, link: &str) -> PathBuf {
    fs::read_link(desk.path(link)).expect("a link")
}

#[test]
fn the_hook_is_linked_once_and_again_changes_nothing() {
    let desk = desk();
    let first = install(&desk, "sbin");
    assert_eq!(first.status, 0, "{}", first.as_text());
    assert!(first.stdout.contains("\"change\": \"made\""), "{}", first.as_text());
    assert_eq!(leads_to(&desk, "hooks/qemu.d/virt-quobyte"), desk.path("sbin/virt-quobyte-hook"));
    install(&desk, "sbin").is(file!["snapshots/install-unchanged.txt"]);

    hook(&desk, "elsewhere");
    let moved = install(&desk, "elsewhere");
    assert!(moved.stdout.contains("\"change\": \"replaced\""), "{}", moved.as_text());
    let hook = desk.path("elsewhere/virt-quobyte-hook");
    assert_eq!(leads_to(&desk, "hooks/qemu.d/virt-quobyte"), hook);

    uninstall(&desk).is(file!["snapshots/uninstall.txt"]);
    uninstall(&desk).is(file!["snapshots/uninstall-unchanged.txt"]);
    assert!(fs::symlink_metadata(desk.path("hooks/qemu.d/virt-quobyte")).is_err());
}

#[test]
fn what_is_not_ours_is_neither_replaced_nor_removed() {
    let desk = desk();
    let place = desk.path("hooks/qemu.d/virt-quobyte");
    fs::create_dir_all(desk.path("hooks/qemu.d")).expect("made");
    symlink("/dev/null", &place).expect("made");
    install(&desk, "sbin").is(file!["snapshots/install-not-ours.txt"]);
    assert_eq!(uninstall(&desk).status, 0);
    assert_eq!(fs::read_link(&place).expect("still a link"), Path::new("/dev/null"));
}

#[test]
fn a_hook_that_others_can_change_is_not_linked() {
    let desk = desk();
    let hook = desk.path("sbin/virt-quobyte-hook");
    fs::set_permissions(hook, fs::Permissions::from_mode(0o777)).expect("chmod");
    install(&desk, "sbin").is(file!["snapshots/install-untrusted.txt"]);
    assert!(!desk.path("hooks").exists(), "nothing was made");
}

#[test]
fn the_link_stays_while_a_share_is_held_or_mounted() {
    if !nix::unistd::geteuid().is_root() {
        println!("skipped: a share that is held: only root may know");
        return;
    }
    let desk = desk();
    assert_eq!(install(&desk, "sbin").status, 0);
    let state = desk.path("state");
    fs::create_dir(&state).expect("made");
    fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).expect("chmod");
    let key = "reg1,reg2/gold".parse::<virt_quobyte::share::Export>().expect("an export").key();
    let record = state.join(format!("{key}.json"));
    let held = include_str!("../fixtures/records/gold.v1.json");
    let mut fields: serde_json::Value = serde_json::from_str(held).expect("JSON");
    fields["export"] = "reg1,reg2/gold".into();
    fs::write(&record, fields.to_string()).expect("written");
    uninstall(&desk).is(file!["snapshots/uninstall-held.txt"]);

    fields["leases"] = serde_json::json!([]);
    fs::write(&record, fields.to_string()).expect("written");
    uninstall(&desk).is(file!["snapshots/uninstall-mounted.txt"]);

    fs::write(&record, "garbage").expect("written");
    assert_eq!(uninstall(&desk).status, 1);
    assert!(desk.path("hooks/qemu.d/virt-quobyte").is_symlink(), "it stays");

    fs::remove_file(&record).expect("removed");
    assert_eq!(uninstall(&desk).status, 0);
}
