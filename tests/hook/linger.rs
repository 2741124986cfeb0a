//! A share that is kept mounted for a while after its last guest.

use std::time::{Duration, Instant};

use crate::ground::{Ground, ground};

fn lingering(ground: &Ground, length: &str) {
    let linger = format!("linger = \"{length}\"\n[client]");
    ground.change_config("[client]", &linger);
}

#[test]
fn a_share_lingers_for_its_time_and_then_goes_by_itself() {
    let ground = ground!();
    lingering(&ground, "700ms");
    let guest = ground.guest("web1", &["gold"]);
    ground.hook(&guest, "prepare").succeeds();
    let ended = Instant::now();
    let took = ground.hook(&guest, "release").succeeds();
    assert!(took < Duration::from_millis(600), "libvirt was kept waiting: {took:?}");
    assert!(ground.is_mounted("gold"));
    assert!(!ground.record("gold").contains(&guest.uuid), "nobody holds it");
    ground.wait_until("the share is gone", || !ground.is_mounted("gold"));
    assert!(ended.elapsed() >= Duration::from_millis(600), "after {:?}", ended.elapsed());
    ground.wait_until("the record is gone", || ground.state().is_empty());
    ground.assert_nothing_left();
}

#[test]
fn a_guest_that_comes_meanwhile_finds_the_mount_and_keeps_it() {
    let ground = ground!();
    lingering(&ground, "1s");
    let (one, two) = (ground.guest("one", &["gold"]), ground.guest("two", &["gold"]));
    ground.hook(&one, "prepare").succeeds();
    ground.hook(&one, "release").succeeds();
    ground.hook(&two, "prepare").succeeds();
    assert_eq!(ground.client_starts().len(), 1);
    std::thread::sleep(Duration::from_millis(2600));
    assert!(ground.is_mounted("gold"), "the later look took a held share down");
    ground.hook(&two, "release").succeeds();
    assert!(ground.is_mounted("gold"), "it lingers again");
    ground.wait_until("the share is gone", || ground.state().is_empty());
    ground.assert_nothing_left();
}

#[test]
fn what_a_failed_start_mounted_does_not_linger() {
    let ground = ground!();
    lingering(&ground, "30s");
    ground.set_client("[volume.\"silver\"]\nmount = \"fail\"\n");
    ground
        .hook(&ground.guest("web1", &["gold", "silver"]), "prepare")
        .fails_with(&["share silver"]);
    ground.assert_nothing_left();
}
