//! What `virt-quobyte status` shows of real mounts: what is out of line, with what to type, and never a wait for what hangs.
//!
//! What it says is held against files in `snapshots`; `SNAPSHOTS=overwrite cargo test --test hook status` writes them anew.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use snapbox::file;

use crate::by_hand::admin;
use crate::ground::{Ground, Guest, ground};
use crate::said::said;
use crate::schema;

/// What `status --json` says, held against its schema, and its exit status.
fn seen(ground: &Ground) -> (i32, Value) {
    let (status, text) = admin(ground, &["status", "--json"]);
    schema::holds("status", &text);
    (status, serde_json::from_str(&text).expect("JSON"))
}

/// What is out of line with the first share: the words for it.
fn kinds(report: &Value) -> Vec<&str> {
    let findings = report["shares"][0]["findings"].as_array().expect("a list");
    findings.iter().map(|finding| finding["kind"].as_str().expect("a word")).collect()
}

#[track_caller]
fn is(ground: &Ground, status: i32, state: &str, expected: &[&str]) {
    let (found, report) = seen(ground);
    assert_eq!(kinds(&report), expected, "{report:#}");
    assert_eq!(report["shares"][0]["state"], state, "{report:#}");
    assert_eq!((found, &report["well"]), (status, &Value::Bool(status == 0)), "{report:#}");
}

#[test]
fn a_share_that_guests_hold_is_shown_with_its_holders_and_its_client() {
    let ground = ground!();
    for name in ["web1", "web2"] {
        ground.hook(&ground.guest(name, &["gold"]), "prepare").succeeds();
    }
    snapbox::assert_data_eq!(said(&ground, &["status"]), file!["snapshots/status.txt"].raw());
    is(&ground, 0, "healthy", &[]);
    let (_, report) = seen(&ground);
    let client = &report["shares"][0]["client"];
    assert_eq!(client["pid"].as_i64(), ground.clients().first().map(|pid| (*pid).into()));
    assert_eq!(client["program"].as_str(), Some(&*ground.text("bin/mount.quobyte")));
    assert_eq!(client["version"], "quobyte 4.0-standin");
    assert_eq!(report["shares"][0]["holders"][1]["domain"], "web2");
}

#[test]
fn a_client_that_runs_an_older_program_than_is_installed_is_told_with_its_own_version() {
    let ground = ground!();
    ground.hook(&ground.guest("web1", &["gold"]), "prepare").succeeds();
    let program = ground.path("bin/mount.quobyte");
    fs::remove_file(&program).expect("removed");
    fs::write(&program, "#!/bin/sh\necho another version\n").expect("written");
    crate::ground::chmod(&program, 0o755);
    is(&ground, 0, "healthy", &["client-replaced"]);
    let (_, report) = seen(&ground);
    let client = &report["shares"][0]["client"];
    assert_eq!(
        (&client["replaced"], &client["version"]),
        (&true.into(), &"quobyte 4.0-standin".into())
    );
    assert_eq!(client["program"].as_str(), program.to_str());
}

#[test]
fn a_mount_of_a_client_of_1_x_serves_guests_that_cannot_be_migrated() {
    let ground = ground!();
    ground.set_client("fstype = \"fuse\"");
    ground.hook(&ground.guest("web1", &["gold"]), "prepare").succeeds();
    is(&ground, 0, "healthy", &["plain-fuse"]);
}

#[test]
fn what_is_wrong_with_a_mount_that_a_guest_holds_is_a_fault_with_what_to_type() {
    let ground = ground!();
    let guest = ground.guest("web1", &["gold"]);
    ground.hook(&guest, "prepare").succeeds();
    ground.set_client("answers = \"eio\"");
    is(&ground, 1, "failing", &["failing"]);
    ground.set_client("");
    ground.change_config(&ground.text("mnt/gold"), &ground.text("elsewhere"));
    is(&ground, 1, "healthy", &["moved"]);
    ground.set_config("", &["gold"]);
    nix::mount::mount(
        Some("something"),
        &ground.mount_point("gold"),
        Some("tmpfs"),
        nix::mount::MsFlags::empty(),
        None::<&str>,
    )
    .expect("root may");
    is(&ground, 1, "foreign", &["foreign", "covered"]);
    nix::mount::umount(&ground.mount_point("gold")).expect("root may");
    ground.kill_clients();
    is(&ground, 1, "dead", &["dead"]);
    snapbox::assert_data_eq!(
        said(&ground, &["status", "gold"]),
        file!["snapshots/status-dead.txt"].raw()
    );
    nix::mount::umount(&ground.mount_point("gold")).expect("nobody uses it");
    is(&ground, 1, "absent", &["held-not-mounted"]);
}

/// Which guests can have their disks back is read from what libvirt has left of them, also when the dead mount is gone.
#[test]
fn guests_of_a_share_that_is_lost_are_told_with_whether_they_can_be_revived() {
    let ground = ground!();
    let image = ground.text("mnt/gold/vm.img");
    let guest = |name: &str, driver: &str, bus: &str| {
        Guest::with_disks(
            name,
            &format!(
                "<disk type='file'><driver name='qemu' {driver}/><source file='{image}'/><target dev='vda' bus='{bus}'/></disk>"
            ),
        )
    };
    let stops = "error_policy='stop' cache='none'";
    let guests = [
        guest("raw", stops, "virtio"),
        guest("qcow2", &format!("type='qcow2' {stops}"), "virtio"),
        guest("told", "type='raw'", "usb"),
        guest("unseen", stops, "virtio"),
        ground.guest("asks", &[]).asking_for("name='gold'"),
    ];
    ground.take_run();
    for guest in &guests {
        ground.hook(guest, "prepare").succeeds();
        if guest.name != "unseen" {
            ground.leave_status(guest);
        }
    }
    let revivals = || -> Vec<Value> {
        let (_, report) = seen(&ground);
        let holders = report["shares"][0]["holders"].as_array().expect("a list");
        let of = |name: &str| holders.iter().find(|it| it["domain"] == name).expect("a holder");
        guests.iter().map(|guest| of(&guest.name)["revival"].clone()).collect()
    };
    assert!(revivals().iter().all(Value::is_null), "they have lost nothing");
    ground.kill_clients();
    let told = revivals();
    let possible: Vec<Option<bool>> =
        told.iter().map(|revival| revival["possible"].as_bool()).collect();
    assert_eq!(possible, [Some(true), Some(true), Some(false), None, None]);
    assert_eq!(told[1]["disks"][0]["may_lose"], true);
    assert_eq!(told[2]["obstacles"].as_array().map(Vec::len), Some(2));
    let text = said(&ground, &["status", "gold"]);
    snapbox::assert_data_eq!(text, file!["snapshots/status-lost-disks.txt"].raw());
    nix::mount::umount(&ground.mount_point("gold")).expect("nobody uses it");
    assert_eq!(revivals(), told, "they have not got them back");
}

#[test]
fn a_client_that_hangs_is_told_within_the_probes_deadline_and_holds_up_nobody() {
    let ground = ground!();
    ground.hook(&ground.guest("web1", &["gold", "silver"]), "prepare").succeeds();
    ground.set_client("[volume.\"gold\"]\nanswers = \"hang\"\n");
    let begun = Instant::now();
    let text = said(&ground, &["status"]);
    let took = begun.elapsed();
    ground.set_client("");
    // The probe's deadline is a second here; what else is asked is asked meanwhile.
    assert!(took < Duration::from_secs(4), "it took {took:?}");
    snapbox::assert_data_eq!(text, file!["snapshots/status-hung.txt"].raw());
}

#[test]
fn what_is_left_or_out_of_the_configuration_is_a_note() {
    let ground = ground!();
    let guest = ground.guest("web1", &["gold"]);
    ground.hook(&guest, "prepare").succeeds();
    let open = fs::File::open(ground.mount_point("gold").join("vm.img")).expect("mounted");
    ground.hook(&guest, "release").succeeds();
    is(&ground, 0, "healthy", &["nobody-holds"]);
    drop(open);
    let record = ground.record("gold");
    assert_eq!(admin(&ground, &["recover", "--apply"]).0, 0);
    fs::write(ground.record_path("gold"), &record).expect("written");
    is(&ground, 0, "absent", &["mount-gone"]);
    let boot_id = fs::read_to_string("/proc/sys/kernel/random/boot_id").expect("there");
    let stale = record.replace(boot_id.trim(), "00000000-0000-0000-0000-000000000000");
    fs::write(ground.record_path("gold"), stale).expect("written");
    is(&ground, 0, "absent", &["earlier-boot"]);
    assert_eq!(admin(&ground, &["recover", "--apply"]).0, 0);
    is(&ground, 0, "absent", &[]);

    ground.hook(&guest, "prepare").succeeds();
    let record = ground.record("gold");
    ground.set_config("", &[]);
    is(&ground, 0, "healthy", &["not-configured"]);
    ground.set_config("", &["gold"]);
    fs::remove_file(ground.record_path("gold")).expect("removed");
    is(&ground, 0, "healthy", &["not-ours"]);
    fs::write(ground.record_path("gold"), record).expect("written");
    ground.hook(&guest, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn a_lease_whose_daemon_and_guest_are_gone_is_told() {
    let ground = ground!();
    let guest = ground.guest("lost", &["gold"]);
    crate::recover::prepare_under_a_daemon_that_dies(&ground, &guest);
    is(&ground, 0, "healthy", &["nobody-holds", "lease-void"]);
    snapbox::assert_data_eq!(
        said(&ground, &["status", "gold"]),
        file!["snapshots/status-lost.txt"].raw()
    );
}

#[test]
fn a_mount_below_the_mount_base_that_nobody_speaks_of_is_noticed() {
    let ground = ground!();
    let stranger = ground.path("base").join("0".repeat(32));
    fs::create_dir_all(&stranger).expect("made");
    let mounted = Command::new(ground.path("bin/mount.quobyte"))
        .args(["--disable-xattrs", "reg1,reg2/gold"])
        .arg(&stranger)
        .status();
    assert!(mounted.is_ok_and(|status| status.success()));
    let (status, report) = seen(&ground);
    assert_eq!(status, 0, "{report:#}");
    let noticed = report["noticed"][0].as_str().expect("one");
    assert!(noticed.starts_with(stranger.to_str().expect("UTF-8")), "{noticed}");
    nix::mount::umount(&stranger).expect("nobody uses it");
}
