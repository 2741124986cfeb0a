//! Clients that fail, lie, hang and die: the start is refused in time, and nothing of the attempt is left.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::ground::ground;

#[test]
fn a_client_that_fails_stops_the_start_with_what_it_said_and_leaves_nothing() {
    for (behaviour, texts) in [
        ("mount = \"fail\"\n", &["share gold", "cannot mount", "exited with status"][..]),
        ("mount = \"fail\"\nchatter = 5000\n", &["exited with status", "..."]),
        ("mount = \"exit-four-on-stdout\"\n", &["exited with status 4", "and said"]),
        ("mount = \"exit-zero-unmounted\"\n", &["without an error, but nothing is mounted"]),
    ] {
        let ground = ground!();
        ground.set_client(behaviour);
        let guest = ground.guest("web1", &["gold"]);
        let took = ground.hook(&guest, "prepare").fails_with(texts);
        assert!(took < Duration::from_secs(2), "{behaviour}: {took:?}");
        ground.assert_nothing_left();
        // libvirt calls both of them after a prepare that failed.
        ground.hook(&guest, "stopped").succeeds();
        ground.hook(&guest, "release").succeeds();
        ground.assert_nothing_left();
    }
}

#[test]
fn a_client_that_does_not_return_is_ended_at_the_deadline() {
    let ground = ground!();
    ground.set_client("mount = \"never-returns\"\n");
    let guest = ground.guest("web1", &["gold"]);
    let took = ground.hook(&guest, "prepare").fails_with(&["did not return within 3"]);
    assert!(took > Duration::from_secs(2) && took < Duration::from_secs(5), "{took:?}");
    ground.assert_nothing_left();
}

#[test]
fn one_share_that_fails_takes_the_others_of_its_guest_with_it_but_nobody_elses() {
    let ground = ground!();
    let other = ground.guest("other", &["gold"]);
    ground.hook(&other, "prepare").succeeds();
    ground.set_client("[volume.\"silver\"]\nmount = \"fail\"\n");
    let guest = ground.guest("web1", &["gold", "silver"]);
    ground.hook(&guest, "prepare").fails_with(&["share silver"]);
    assert!(ground.is_mounted("gold") && !ground.is_mounted("silver"));
    assert!(!ground.record("gold").contains(&guest.uuid));
    ground.hook(&other, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn a_client_that_keeps_the_callers_outputs_open_delays_nobody() {
    let ground = ground!();
    ground.set_client("stdio = \"keep\"\n");
    let guest = ground.guest("web1", &["gold"]);
    let took = ground.hook(&guest, "prepare").succeeds();
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert_eq!(ground.clients().len(), 1, "the client lives on");
    ground.hook(&guest, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn a_slow_client_is_waited_for() {
    let ground = ground!();
    ground.set_client("mount_delay = \"1500ms\"\n");
    let guest = ground.guest("web1", &["gold"]);
    ground.hook(&guest, "prepare").succeeds();
    assert!(ground.is_mounted("gold"));
    ground.hook(&guest, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn a_hung_client_is_found_out_within_the_probes_deadline_and_its_guests_keep_their_mount() {
    let ground = ground!();
    let (one, two) = (ground.guest("one", &["gold"]), ground.guest("two", &["gold"]));
    ground.hook(&one, "prepare").succeeds();
    ground.set_client("answers = \"hang\"\n");
    let took =
        ground.hook(&two, "prepare").fails_with(&["hung mount", "did not answer within 1.0 s"]);
    assert!(took < Duration::from_secs(3), "{took:?}");
    assert!(ground.record("gold").contains(&one.uuid));
    assert!(!ground.record("gold").contains(&two.uuid));
    let took = ground.hook(&one, "release").succeeds();
    assert!(took < Duration::from_secs(4), "{took:?}");
    ground.set_client("");
}

#[test]
fn a_client_that_answers_with_errors_is_refused() {
    let ground = ground!();
    ground.set_client("answers = \"eio\"\n");
    let guest = ground.guest("web1", &["gold"]);
    ground.hook(&guest, "prepare").fails_with(&["failing mount", "Input/output error"]);
    ground.set_client("");
    ground.assert_nothing_left();
}

#[test]
fn a_dead_mount_that_nobody_uses_is_replaced_by_a_new_one() {
    let ground = ground!();
    let (one, two) = (ground.guest("one", &["gold"]), ground.guest("two", &["gold"]));
    ground.hook(&one, "prepare").succeeds();
    ground.kill_clients();
    assert!(fs::read(ground.mount_point("gold").join("vm.img")).is_err(), "the mount is dead");
    ground.hook(&two, "prepare").succeeds();
    assert_eq!(ground.mounts_on(&ground.mount_point("gold")), 1);
    assert_eq!(fs::read(ground.mount_point("gold").join("vm.img")).expect("mounted"), b"image");
    ground.hook(&one, "release").succeeds();
    ground.hook(&two, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn a_dead_mount_that_somebody_uses_is_left_and_the_start_refused_with_who_it_is() {
    let ground = ground!();
    let (one, two) = (ground.guest("one", &["gold"]), ground.guest("two", &["gold"]));
    ground.hook(&one, "prepare").succeeds();
    // Looks like the QEMU of a guest to /proc: an open image, and the guest's name among the arguments.
    let image = fs::File::open(ground.mount_point("gold").join("vm.img")).expect("mounted");
    let mut qemu = {
        // The command goes at the end of this block, and our hold on the image with it.
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "read never", "-name", "guest=one,debug-threads=on"]);
        command.stdin(Stdio::piped()).stderr(image).spawn().expect("there is a sh")
    };
    ground.kill_clients();
    let who = format!("sh (pid {}, domain one)", qemu.id());
    ground.hook(&two, "prepare").fails_with(&["share gold", "still in use by ", &who]);
    assert!(ground.record("gold").contains(&one.uuid));
    assert!(!ground.record("gold").contains(&two.uuid));
    qemu.kill().and_then(|()| qemu.wait()).expect("it can be killed");
    ground.hook(&one, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn a_client_that_dies_under_a_guest_does_not_keep_its_release_from_cleaning_up() {
    let ground = ground!();
    let guest = ground.guest("web1", &["gold"]);
    ground.hook(&guest, "prepare").succeeds();
    ground.kill_clients();
    ground.hook(&guest, "release").succeeds();
    ground.assert_nothing_left();
}
