//! What `virt-quobyte recover` finds and mends: the hook's own plans, for all shares at once. There is no libvirt here to ask;
//! what it says is heard in the lab.

use std::process::Command;

use crate::by_hand::admin;
use crate::ground::{Ground, Guest, ground};

/// What `recover` says, and its exit status.
fn recover(ground: &Ground, arguments: &[&str]) -> (i32, String) {
    admin(ground, &[&["recover"], arguments].concat())
}

/// A start whose daemon is killed in the middle of it: a shell that is gone when the hook has ended.
pub(crate) fn prepare_under_a_daemon_that_dies(ground: &Ground, guest: &Guest) {
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
    let (status, text) = recover(&ground, &[]);
    assert_eq!(status, 0, "{text}");
    assert!(text.starts_with("nothing to do\n(judged without libvirt: "), "{text}");
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

/// Somebody who has a file of the share open, as a guest has.
pub(crate) fn user_of(ground: &Ground, share: &str) -> std::process::Child {
    let open = std::fs::File::open(ground.mount_point(share).join("vm.img")).expect("mounted");
    Command::new("/bin/sleep").arg("60").stdin(open).spawn().expect("it starts")
}

#[test]
fn a_dead_mount_that_guests_hold_is_detached_by_name_and_then_mounted_anew() {
    let ground = ground!();
    let (one, two) = (ground.guest("one", &["gold"]), ground.guest("two", &["gold"]));
    ground.hook(&one, "prepare").succeeds();
    let mut user = user_of(&ground, "gold");
    ground.kill_clients();
    ground.hook(&two, "prepare").fails_with(&["still in use by"]);
    let (status, text) = recover(&ground, &["--apply"]);
    assert_eq!(status, 1, "{text}");
    assert!(text.contains("recover --detach gold") && text.contains("dead mount"), "{text}");
    let (status, text) = admin(&ground, &["recover", "--detach", "gold"]);
    assert_eq!(status, 3, "nobody was asked: {text}");
    let named = format!("sleep (pid {}", user.id());
    for part in ["held by domain one", &named, "dead for good", "add --yes"] {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
    assert!(ground.is_mounted("gold"));
    let (status, text) = admin(&ground, &["recover", "--detach", "gold", "--yes"]);
    assert_eq!(status, 0, "{text}");
    assert!(!ground.is_mounted("gold"));
    assert!(ground.record("gold").contains(&one.uuid), "the guest still runs, dead disk or not");
    ground.hook(&two, "prepare").succeeds();
    ground.hook(&one, "release").succeeds();
    assert!(ground.is_mounted("gold"));
    ground.hook(&two, "release").succeeds();
    user.kill().and_then(|()| user.wait()).expect("it ends");
    ground.assert_nothing_left();
}

#[test]
fn force_that_is_only_shown_leaves_a_damaged_record_where_it_is() {
    let ground = ground!();
    let guest = ground.guest("one", &["gold"]);
    ground.hook(&guest, "prepare").succeeds();
    ground.kill_clients();
    let whole = ground.record("gold");
    std::fs::write(ground.record_path("gold"), "cut o").expect("written");
    let (status, text) = admin(&ground, &["recover", "--detach", "gold"]);
    assert_eq!(status, 1, "nothing says that the mount is ours: {text}");
    assert_eq!(ground.record("gold"), "cut o", "{text}");
    std::fs::write(ground.record_path("gold"), whole).expect("written");
    ground.hook(&guest, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn a_client_that_hangs_is_given_up_by_name_and_those_who_wait_for_it_come_free() {
    let ground = ground!();
    let guest = ground.guest("one", &["gold"]);
    ground.hook(&guest, "prepare").succeeds();
    let (status, text) = admin(&ground, &["recover", "--abort", "gold", "--yes"]);
    assert_eq!(status, 1, "it answers: {text}");
    assert!(text.contains("is not hung, so nothing is forced"), "{text}");
    ground.set_client("answers = \"hang\"\n");
    // On a host with systemd it is mounted; this mount is seen by nobody else.
    let connections = "/sys/fs/fuse/connections";
    nix::mount::mount(
        Some("fusectl"),
        connections,
        Some("fusectl"),
        nix::mount::MsFlags::empty(),
        None::<&str>,
    )
    .expect("the kernel has FUSE");
    let image = ground.mount_point("gold").join("vm.img");
    let mut waiting = Command::new("/bin/cat").arg(&image).spawn().expect("it starts");
    let (status, text) = recover(&ground, &["--apply"]);
    assert_eq!(status, 1, "{text}");
    assert!(text.contains("recover --abort gold"), "{text}");
    assert!(waiting.try_wait().expect("asked").is_none(), "the client answers");
    let (status, text) = admin(&ground, &["recover", "--abort", "gold", "--yes", "--json"]);
    assert_eq!(status, 0, "{text}");
    assert!(!waiting.wait().expect("it ends").success());
    ground.set_client("");
    ground.hook(&guest, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn a_record_of_an_earlier_boot_is_forgotten() {
    let ground = ground!();
    let guest = ground.guest("one", &["gold"]);
    ground.hook(&guest, "prepare").succeeds();
    let record = ground.record("gold");
    ground.hook(&guest, "release").succeeds();
    let boot_id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").expect("there");
    let stale = record.replace(boot_id.trim(), "00000000-0000-0000-0000-000000000000");
    assert_ne!(stale, record);
    std::fs::write(ground.record_path("gold"), stale).expect("written");
    let (status, text) = recover(&ground, &[]);
    assert_eq!(status, 1, "{text}");
    assert!(text.contains("forget the record of an earlier boot"), "{text}");
    assert_eq!(recover(&ground, &["--apply"]).0, 0);
    ground.assert_nothing_left();
    assert_eq!(recover(&ground, &[]).0, 0);
}

#[test]
fn what_a_process_that_died_has_left_beside_the_records_is_shown_first_and_then_taken_away() {
    let ground = ground!();
    let guest = ground.guest("one", &["gold"]);
    ground.hook(&guest, "prepare").succeeds();
    ground.hook(&guest, "release").succeeds();
    let half = ground.record_path("gold").with_extension("json.new");
    let key = half.with_extension("").with_extension("");
    let key = key.file_name().and_then(|key| key.to_str()).expect("a key");
    let left = [format!("domains/{}/{key}", guest.uuid), format!("let-go/{key}/{}", guest.uuid)];
    for name in &left {
        let path = ground.path("state").join(name);
        std::fs::create_dir_all(path.parent().expect("below another")).expect("made");
        std::fs::write(path, "").expect("written");
    }
    std::fs::write(half, "{\"ver").expect("written");
    let (status, text) = recover(&ground, &[]);
    assert_eq!(status, 1, "{text}");
    assert!(text.contains("gold on ") && text.contains("a process that died has left"), "{text}");
    assert_eq!(ground.state().len(), 3, "a look has changed something");
    assert_eq!(recover(&ground, &["--apply"]).0, 0);
    ground.assert_nothing_left();
    assert_eq!(recover(&ground, &[]).0, 0);
}

#[test]
fn damage_is_shown_first_and_put_aside_when_told_to() {
    let ground = ground!();
    let guest = ground.guest("one", &["gold"]);
    ground.hook(&guest, "prepare").succeeds();
    ground.hook(&guest, "release").succeeds();
    std::fs::write(ground.record_path("gold"), "{").expect("written");
    let (status, text) = recover(&ground, &[]);
    assert_eq!(status, 1, "{text}");
    assert!(text.contains("not a share's record"), "{text}");
    assert!(ground.record_path("gold").exists(), "a look has changed something");
    let (_, text) = recover(&ground, &["--apply"]);
    assert!(!ground.record_path("gold").exists(), "{text}");
    let (_, text) = recover(&ground, &[]);
    assert!(text.contains("noticed: ") && text.contains("put aside"), "{text}");
}

#[test]
fn mounts_that_nobody_recorded_are_noticed_and_left_alone() {
    let ground = ground!();
    let guest = ground.guest("one", &["gold"]);
    ground.hook(&guest, "prepare").succeeds();
    std::fs::remove_file(ground.record_path("gold")).expect("there");
    let (status, text) = recover(&ground, &["--apply"]);
    assert_eq!(status, 0, "{text}");
    assert!(text.contains("noticed: gold is mounted on ") && text.contains("not by us"), "{text}");
    assert!(ground.is_mounted("gold"));
}
