//! Shares that the administrator holds: `virt-quobyte mount` and `umount`, beside guests and without.

use std::process::Command;

use crate::ground::{Ground, ground};

/// The admin command on this ground: its exit status, and what it says on both ways out.
pub(crate) fn admin(ground: &Ground, arguments: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_virt-quobyte"))
        .args(arguments)
        .env("VIRT_QUOBYTE_CONFIG", ground.path("config.toml"))
        .output()
        .expect("it starts");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().expect("no signal"), String::from_utf8(text).expect("UTF-8"))
}

fn says(ground: &Ground, arguments: &[&str], status: i32, parts: &[&str]) {
    let (found, text) = admin(ground, arguments);
    assert_eq!(found, status, "{arguments:?}: {text}");
    for part in parts {
        assert!(text.contains(part), "{arguments:?}: no {part:?} in {text}");
    }
}

#[test]
fn what_is_mounted_by_hand_stays_until_it_is_let_go_of() {
    let ground = ground!();
    says(&ground, &["mount", "gold"], 0, &["gold is mounted on ", "umount gold"]);
    assert!(ground.is_mounted("gold"));
    says(&ground, &["mount", "gold"], 0, &["was held by hand before"]);
    assert_eq!(ground.client_starts().len(), 1);
    says(&ground, &["status"], 0, &["held by the administrator"]);
    says(&ground, &["recover", "--apply"], 0, &["nothing to do"]);
    let guest = ground.guest("web1", &["gold"]);
    ground.hook(&guest, "prepare").succeeds();
    ground.hook(&guest, "release").succeeds();
    assert!(ground.is_mounted("gold"), "the last guest took the administrator's mount away");
    says(&ground, &["umount", "gold"], 0, &["gold is not mounted any more"]);
    assert!(!ground.is_mounted("gold"));
    says(&ground, &["umount", "gold"], 0, &["gold is not mounted any more"]);
    ground.assert_nothing_left();
}

#[test]
fn what_a_guest_holds_stays_when_the_administrator_lets_go() {
    let ground = ground!();
    let guest = ground.guest("web1", &["gold"]);
    says(&ground, &["mount", "gold", "--json"], 0, &["\"changed\": true"]);
    ground.hook(&guest, "prepare").succeeds();
    says(&ground, &["umount", "gold"], 1, &["gold stays mounted", "web1"]);
    assert!(ground.is_mounted("gold"));
    ground.hook(&guest, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn a_mount_in_use_stays_and_the_user_is_named() {
    let ground = ground!();
    says(&ground, &["mount", "gold"], 0, &[]);
    let open = std::fs::File::open(ground.mount_point("gold").join("vm.img")).expect("mounted");
    let mut user = Command::new("/bin/sleep").arg("60").stdin(open).spawn().expect("it starts");
    let named = format!("sleep (pid {}", user.id());
    says(&ground, &["umount", "gold"], 1, &["still in use by", &named]);
    assert!(ground.is_mounted("gold"));
    user.kill().and_then(|()| user.wait()).expect("it ends");
    says(&ground, &["umount", "gold"], 0, &[]);
    ground.assert_nothing_left();
}

#[test]
fn a_mount_that_is_not_ours_stays_and_is_not_said_to_be_gone() {
    let ground = ground!();
    says(&ground, &["mount", "gold"], 0, &[]);
    std::fs::remove_file(ground.record_path("gold")).expect("there");
    says(&ground, &["umount", "gold"], 1, &["gold stays mounted: not mounted by us"]);
    assert!(ground.is_mounted("gold"));
}

#[test]
fn a_client_that_fails_leaves_nothing_and_says_why() {
    let ground = ground!();
    ground.set_client("mount = \"fail\"");
    says(&ground, &["mount", "gold"], 1, &["share gold"]);
    ground.assert_nothing_left();
}

#[test]
fn a_share_that_is_not_there_is_an_error_of_its_own() {
    let ground = ground!();
    says(&ground, &["mount", "bronze"], 3, &["no share 'bronze'", "config check"]);
    says(&ground, &["umount", "bronze"], 3, &["no share 'bronze'", "status"]);
    ground.assert_nothing_left();
}

#[test]
fn a_share_that_left_the_configuration_can_still_be_let_go_of() {
    let ground = ground!();
    says(&ground, &["mount", "gold"], 0, &[]);
    ground.set_config("", &["silver"]);
    says(&ground, &["umount", "gold"], 0, &["gold is not mounted any more"]);
    ground.assert_nothing_left();
}
