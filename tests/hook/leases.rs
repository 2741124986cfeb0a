//! Who holds what, and what becomes of it.

use std::fs::{self, File};
use std::process::Command;
use std::time::Duration;

use crate::ground::ground;

#[test]
fn a_mount_in_use_stays_when_its_last_guest_lets_go_and_goes_with_the_next_one() {
    let ground = ground!();
    let guest = ground.guest("web1", &["gold"]);
    ground.hook(&guest, "prepare").succeeds();
    let open = File::open(ground.mount_point("gold").join("vm.img")).expect("mounted");
    ground.hook(&guest, "release").succeeds();
    assert!(ground.is_mounted("gold"));
    assert!(!ground.record("gold").contains(&guest.uuid), "the lease stayed");
    drop(open);
    ground.hook(&guest, "prepare").succeeds();
    assert_eq!(ground.client_starts().len(), 1, "the mount that was left is used again");
    ground.hook(&guest, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn a_mount_that_somebody_uses_for_a_moment_goes_with_its_last_guest_all_the_same() {
    let ground = ground!();
    let guest = ground.guest("web1", &["gold"]);
    ground.hook(&guest, "prepare").succeeds();
    let passer_by = File::open(ground.mount_point("gold").join("vm.img")).expect("mounted");
    let passing = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(150));
        drop(passer_by);
    });
    ground.hook(&guest, "release").succeeds();
    passing.join().expect("it passed");
    ground.assert_nothing_left();
}

#[test]
fn a_release_asks_the_record_and_not_the_xml() {
    let ground = ground!();
    let guest = ground.guest("web1", &["gold", "silver"]);
    ground.hook(&guest, "prepare").succeeds();
    // What libvirt hands to release may lack a disk that was there at prepare.
    let shrunk = ground.guest("web1", &[]);
    ground.hook(&shrunk, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn a_release_needs_no_more_of_the_xml_than_the_uuid() {
    let ground = ground!();
    let guest = ground.guest("web1", &["gold"]);
    ground.hook(&guest, "prepare").succeeds();
    let xml = guest.xml();
    let (head, _) = xml.split_once("</uuid>").expect("one");
    ground.hook_with(&guest, "release", head.as_bytes()).succeeds();
    assert!(ground.record("gold").contains(&guest.uuid), "half a UUID may be another guest's");
    let head = format!("{head}</uuid><devices><disk");
    ground.hook_with(&guest, "release", head.as_bytes()).succeeds();
    ground.assert_nothing_left();
}

#[test]
fn a_release_without_a_lease_is_a_success() {
    let ground = ground!();
    let guest = ground.guest("web1", &["gold"]);
    ground.hook(&guest, "release").succeeds();
    ground.hook(&guest, "prepare").succeeds();
    ground.hook(&ground.guest("other", &["gold"]), "release").succeeds();
    assert!(ground.is_mounted("gold"));
    ground.hook(&guest, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn a_reconnect_writes_a_lost_lease_again() {
    let ground = ground!();
    let guest = ground.guest("web1", &["gold"]);
    ground.hook(&guest, "prepare").succeeds();
    fs::remove_dir_all(ground.path("state")).expect("removed");
    ground.hook(&guest, "reconnect").succeeds();
    assert!(ground.record("gold").contains(&guest.uuid));
    ground.hook(&guest, "release").succeeds();
    assert!(ground.is_mounted("gold"), "whose mount it is was lost with the record, so it stays");
    assert!(ground.state().is_empty());
}

#[test]
fn the_lease_of_a_daemon_that_is_gone_and_of_a_guest_that_never_ran_is_no_lease() {
    let ground = ground!();
    let (lost, good) = (ground.guest("lost", &["gold"]), ground.guest("good", &["gold"]));
    // A daemon that is killed during prepare: this shell, which is the hook's parent, is gone right after it.
    let xml = ground.path("lost.xml");
    fs::write(&xml, lost.xml()).expect("written");
    let mut shell = Command::new("/bin/sh");
    let hook = ground.hook_command(&lost, "prepare");
    shell
        .arg("-c")
        .arg("\"$0\" \"$@\" < \"$XML\"; exit $?")
        .arg(hook.get_program())
        .args(hook.get_args());
    shell.env("XML", &xml).env("VIRT_QUOBYTE_CONFIG", ground.path("config.toml"));
    assert!(shell.status().expect("a shell").success());
    assert!(ground.record("gold").contains(&lost.uuid));

    ground.hook(&good, "prepare").succeeds();
    ground.hook(&good, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn a_release_does_not_wait_for_another_guests_mount_and_its_word_is_kept() {
    let ground = ground!();
    ground.change_config("unmount = \"2s\"", "unmount = \"300ms\"");
    let (one, two) = (ground.guest("one", &["gold"]), ground.guest("two", &["gold"]));
    ground.hook(&one, "prepare").succeeds();
    let lock = File::open(ground.record_path("gold").with_extension("lock")).expect("a lock file");
    lock.lock().expect("a lock");
    let took = ground.hook(&one, "release").succeeds();
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert!(ground.is_mounted("gold"));
    lock.unlock().expect("unlocked");
    ground.hook(&two, "prepare").succeeds();
    ground.hook(&two, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn the_word_of_an_earlier_run_is_not_held_against_a_guest_that_was_started_again() {
    let ground = ground!();
    let (first, other) = (ground.guest("web1", &["gold"]), ground.guest("web2", &["gold"]));
    ground.hook(&first, "prepare").succeeds();
    let path = ground.record_path("gold").with_extension("lock");
    let lock = File::open(path).expect("a lock file");
    lock.lock().expect("a lock");
    ground.hook(&first, "release").succeeds();
    drop(lock);
    ground.hook(&first, "prepare").succeeds();
    ground.hook(&other, "prepare").succeeds();
    ground.hook(&other, "release").succeeds();
    assert!(ground.is_mounted("gold"), "unmounted under a guest");
    ground.hook(&first, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn a_damaged_record_is_put_aside_and_no_mount_is_taken_down_on_its_word() {
    let ground = ground!();
    let guest = ground.guest("web1", &["gold"]);
    ground.hook(&guest, "prepare").succeeds();
    fs::write(ground.record_path("gold"), b"\0\0\0").expect("written");
    ground.hook(&guest, "prepare").succeeds();
    ground.hook(&guest, "release").succeeds();
    assert!(ground.is_mounted("gold"));
    let left = ground.state();
    assert!(left.len() == 1 && left[0].contains(".json.damaged-"), "{left:?}");
}

#[test]
fn the_record_of_another_release_stops_the_start_and_is_left_alone() {
    let ground = ground!();
    let guest = ground.guest("web1", &["gold"]);
    ground.hook(&guest, "prepare").succeeds();
    let later = ground.record("gold").replace("\"version\":1", "\"version\": 2");
    fs::write(ground.record_path("gold"), &later).expect("written");
    let other = ground.guest("other", &["gold"]);
    ground.hook(&other, "prepare").fails_with(&["version 2", "knows version 1"]);
    ground.hook(&guest, "release").succeeds();
    assert_eq!(ground.record("gold"), later);
    assert!(ground.is_mounted("gold"));
}

#[test]
fn the_record_of_an_earlier_boot_says_nothing() {
    let ground = ground!();
    let guest = ground.guest("web1", &["gold"]);
    ground.hook(&guest, "prepare").succeeds();
    let boot_id = fs::read_to_string("/proc/sys/kernel/random/boot_id").expect("a boot id");
    let old = ground.record("gold").replace(boot_id.trim(), "another-boot");
    ground.kill_clients();
    nix::mount::umount(&ground.mount_point("gold")).expect("unmounted, as by a reboot");
    fs::write(ground.record_path("gold"), old).expect("written");
    let other = ground.guest("other", &["gold"]);
    ground.hook(&other, "prepare").succeeds();
    assert!(!ground.record("gold").contains(&guest.uuid));
    ground.hook(&other, "release").succeeds();
    assert!(!ground.is_mounted("gold"));
}

#[test]
fn half_a_record_that_a_killed_hook_left_goes_with_the_next_call() {
    let ground = ground!();
    let guest = ground.guest("web1", &["gold"]);
    let half = ground.record_path("gold").with_extension("json.new");
    // Killed at its first lease, and at a later one.
    for operation in ["release", "prepare"] {
        ground.hook(&guest, "prepare").succeeds();
        fs::write(&half, "{\"ver").expect("written");
        ground.hook(&guest, operation).succeeds();
        assert!(!half.exists(), "after {operation}");
    }
    ground.hook(&guest, "release").succeeds();
    ground.assert_nothing_left();
}
