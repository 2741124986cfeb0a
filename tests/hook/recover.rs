//! What `virt-quobyte recover` finds and mends: the hook's own plans, for all shares at once.

use std::process::Command;

use crate::ground::{Ground, Guest, ground};

/// The admin command on this ground: its exit status and what it says.
fn recover(ground: &Ground, arguments: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_virt-quobyte"))
        .arg("recover")
        .args(arguments)
        .env("VIRT_QUOBYTE_CONFIG", ground.path("config.toml"))
        .output()
        .expect("it starts");
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    (output.status.code().expect("no signal"), String::from_utf8(output.stdout).expect("UTF-8"))
}

/// A start whose daemon is killed in the middle of it: a shell that is gone when the hook has ended.
fn prepare_under_a_daemon_that_dies(ground: &Ground, guest: &Guest) {
    let xml = ground.path("lost.xml");
    std::fs::write(&xml, guest.xml()).expect("written");
    let hook = ground.hook_command(guest, "prepare");
    let status = Command::new("/bin/sh")
        .args(["-c", "\"$0\" \"$@\" < \"$XML\"; exit $?"])
        .arg(hook.get_program())
        .args(hook.get_args())
        .env("XML", &xml)
        .env("VIRT_QUOBYTE_CONFIG", ground.path("config.toml"))
        .status();
    assert!(status.expect("a shell").success());
}

#[test]
fn a_start_whose_daemon_was_killed_is_shown_first_and_then_cleaned_up() {
    let ground = ground!();
    let lost = ground.guest("lost", &["gold", "silver"]);
    prepare_under_a_daemon_that_dies(&ground, &lost);
    let (status, text) = recover(&ground, &[]);
    assert_eq!(status, 1, "{text}");
    for part in ["gold on ", "silver on ", &lost.uuid, "unmount", "nothing was done"] {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
    assert!(ground.is_mounted("gold") && ground.is_mounted("silver"));
    let (status, text) = recover(&ground, &["--apply"]);
    assert_eq!(status, 0, "{text}");
    ground.assert_nothing_left();
    assert_eq!(recover(&ground, &[]), (0, "nothing to do\n".to_owned()));
}

#[test]
fn what_a_guest_holds_is_left_alone() {
    let ground = ground!();
    let guest = ground.guest("web1", &["gold"]);
    ground.hook(&guest, "prepare").succeeds();
    let (status, text) = recover(&ground, &["--apply", "--json"]);
    assert_eq!(status, 0, "{text}");
    let report: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(report["shares"][0]["steps"], serde_json::json!([]), "{text}");
    assert!(
        report["shares"][0]["kept"].as_str().is_some_and(|kept| kept.contains("web1")),
        "{text}"
    );
    assert!(ground.is_mounted("gold"));
    ground.hook(&guest, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn a_mount_that_was_in_use_when_its_last_guest_ended_is_taken_down() {
    let ground = ground!();
    let guest = ground.guest("web1", &["gold"]);
    ground.hook(&guest, "prepare").succeeds();
    let open = std::fs::File::open(ground.mount_point("gold").join("vm.img")).expect("mounted");
    ground.hook(&guest, "release").succeeds();
    let (status, text) = recover(&ground, &["--apply"]);
    assert_eq!(status, 1, "{text}");
    assert!(text.contains("still in use"), "{text}");
    drop(open);
    assert_eq!(recover(&ground, &["--apply"]).0, 0);
    ground.assert_nothing_left();
}
