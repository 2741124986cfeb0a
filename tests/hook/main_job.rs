//! Mount before the first guest, unmount after the last.

use std::fs;
use std::process::Stdio;

use crate::ground::{Guest, ground};

#[test]
fn a_share_is_mounted_while_its_guest_runs_and_only_then() {
    let ground = ground!();
    let guest = ground.guest("web1", &["gold"]);
    assert!(!ground.is_mounted("gold"));
    ground.hook(&guest, "prepare").succeeds();
    assert_eq!(ground.mounts_on(&ground.mount_point("gold")), 1);
    assert_eq!(fs::read(ground.mount_point("gold").join("vm.img")).expect("mounted"), b"image");
    for operation in ["start", "started", "stopped"] {
        ground.hook(&guest, operation).succeeds();
        assert!(ground.is_mounted("gold"), "after {operation}");
    }
    ground.hook(&guest, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn two_guests_share_one_mount_and_the_last_one_out_takes_it_down() {
    let ground = ground!();
    let (one, two) = (ground.guest("one", &["gold"]), ground.guest("two", &["gold"]));
    ground.hook(&one, "prepare").succeeds();
    ground.hook(&two, "prepare").succeeds();
    assert_eq!(ground.client_starts().len(), 1);
    ground.hook(&one, "release").succeeds();
    assert_eq!(ground.mounts_on(&ground.mount_point("gold")), 1);
    ground.hook(&two, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn two_shares_of_one_guest_are_mounted_at_the_same_time() {
    let ground = ground!();
    ground.set_client("mount_delay = \"800ms\"\n");
    let guest = ground.guest("web1", &["gold", "silver"]);
    let took = ground.hook(&guest, "prepare").succeeds();
    assert!(ground.is_mounted("gold") && ground.is_mounted("silver"));
    assert!(took.as_millis() < 1500, "one after the other: {took:?}");
    ground.hook(&guest, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn a_guest_without_a_share_costs_nothing() {
    let ground = ground!();
    let guest = Guest::new("local", &["/var/lib/libvirt/images/local.img".into()]);
    for operation in
        ["prepare", "start", "started", "reconnect", "stopped", "release", "migrate", "restore"]
    {
        ground.hook(&guest, operation).succeeds();
    }
    assert!(!ground.path("state").exists(), "state was written");
    assert!(ground.client_starts().is_empty());
}

#[test]
fn metadata_asks_for_a_share_by_name_or_by_an_export_that_the_policy_allows() {
    let ground = ground!();
    ground.set_config("[policy]\nexports = [\"reg1,reg2/g*\"]", &["silver"]);
    let by_name = Guest::new("byname", &[]).asking_for("name='silver'");
    ground.hook(&by_name, "prepare").succeeds();
    assert!(ground.is_mounted("silver"));
    ground.hook(&by_name, "release").succeeds();

    let key = ground.record_path("gold").file_stem().expect("a name").to_owned();
    let mount_point = ground.path("base").join(key);
    let image = mount_point.join("vm.img").to_str().expect("UTF-8").to_owned();
    let by_export =
        Guest::new("byexport", &[image]).asking_for("export='quobyte://reg1,reg2/gold'");
    ground.hook(&by_export, "prepare").succeeds();
    assert_eq!(ground.mounts_on(&mount_point), 1);
    ground.hook(&by_export, "release").succeeds();
    assert_eq!(ground.mounts_on(&mount_point), 0);
    let _not_on_this_file_system =
        std::process::Command::new("chattr").arg("-i").arg(&mount_point).status();
    ground.assert_nothing_left();

    let forbidden = Guest::new("forbidden", &[]).asking_for("export='reg9/gold'");
    ground.hook(&forbidden, "prepare").fails_with(&["reg9/gold", "policy.exports"]);
    let unknown = Guest::new("unknown", &[]).asking_for("name='bronze'");
    ground.hook(&unknown, "prepare").fails_with(&["'bronze'", "silver"]);
}

#[test]
fn the_client_is_called_as_documented_and_gets_nothing_of_ours() {
    let ground = ground!();
    fs::write(ground.path("client.cfg"), "").expect("written");
    let config = format!("isolation = \"none\"\nconfig = {:?}", ground.text("client.cfg"));
    ground.change_config("isolation = \"none\"", &config);
    ground.change_config(
        "[[share]]\nname = \"gold\"",
        "[[share]]\nname = \"gold\"\noptions = [\"--hostname=kvm-17\", \"-d\", \"INFO\"]",
    );
    let guest = ground.guest("web1", &["gold"]);
    let mut command = ground.hook_command(&guest, "prepare");
    command.env("LD_LIBRARY_PATH", "/nowhere").env("SECRET", "x");
    crate::ground::feed(command, guest.xml().as_bytes()).succeeds();
    let start = ground.client_starts().pop().expect("one start");
    let arguments: Vec<&str> = start["argv"]
        .as_array()
        .expect("a list")
        .iter()
        .skip(1)
        .map(|a| a.as_str().expect("text"))
        .collect();
    let (mount_point, config) = (ground.text("mnt/gold"), ground.text("client.cfg"));
    assert_eq!(
        arguments,
        [
            "--disable-xattrs",
            "reg1,reg2/gold",
            &mount_point,
            "-c",
            &config,
            "--hostname=kvm-17",
            "-d",
            "INFO"
        ]
    );
    let environment: Vec<&String> = start["env"].as_object().expect("an object").keys().collect();
    assert_eq!(environment, ["HOME", "LC_ALL", "PATH"]);
    assert_eq!(start["umask"], "0022");
    // A container's root may lack CAP_SYS_RESOURCE: then a score cannot be lowered, by the hook no more than by this shell.
    let lower = "echo -900 > /proc/self/oom_score_adj";
    let lowers =
        std::process::Command::new("/bin/sh").args(["-c", lower]).stderr(Stdio::null()).status();
    if lowers.is_ok_and(|status| status.success()) {
        assert!(start["oom_score_adj"].as_i64().is_some_and(|score| score <= -900), "{start}");
    } else {
        println!("skipped: the client's OOM score: root may not lower one here");
    }
    assert_eq!(start["pgid"], start["pid"], "a process group of its own");
    let descriptors: Vec<&String> = start["fds"].as_object().expect("an object").keys().collect();
    assert_eq!(descriptors, ["0", "1", "2"], "{start}");
    assert_eq!(start["fds"]["0"], "/dev/null");
    ground.hook(&guest, "release").succeeds();
}

#[test]
fn a_verified_share_is_held_but_neither_mounted_nor_unmounted() {
    let ground = ground!();
    ground.change_config(
        "[[share]]\nname = \"gold\"",
        "[[share]]\nmode = \"verified\"\nname = \"gold\"",
    );
    let guest = ground.guest("web1", &["gold"]);
    let took = ground.hook(&guest, "prepare").fails_with(&[
        "share gold (verified)",
        "has nothing mounted",
        &ground.text("mnt/gold"),
    ]);
    assert!(took.as_secs() < 2, "{took:?}");
    assert!(ground.client_starts().is_empty());
    assert!(ground.state().is_empty());

    fs::create_dir_all(ground.mount_point("gold")).expect("a directory");
    let client = std::process::Command::new(ground.path("bin/mount.quobyte"))
        .args(["reg1,reg2/gold", &ground.text("mnt/gold")])
        .status();
    assert!(client.expect("it starts").success());
    ground.hook(&guest, "prepare").succeeds();
    assert!(ground.record("gold").contains(&guest.uuid));
    ground.hook(&guest, "release").succeeds();
    assert!(ground.is_mounted("gold"));
    assert!(ground.state().is_empty());
}

#[test]
fn migrate_and_restore_refuse_what_cannot_start_and_do_nothing_else() {
    let ground = ground!();
    let stranger = Guest::new("stranger", &[ground.text("base/0123/vm.img")]);
    let good = ground.guest("good", &["gold"]);
    for operation in ["migrate", "restore"] {
        ground.hook(&stranger, operation).fails_with(&["base/0123/vm.img", "no configured share"]);
        ground.hook(&good, operation).succeeds();
        ground.assert_nothing_left();
    }
    assert!(ground.client_starts().is_empty());
}
