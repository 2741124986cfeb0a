//! Who waits for whom, and for how long.

use std::process::Child;
use std::time::{Duration, Instant};

use crate::ground::{Ground, Guest, ground};

/// How long each call took, if all were begun at once; and that all of them did well.
fn all_at_once(ground: &Ground, guests: &[Guest], operation: &str) -> Vec<Duration> {
    let begun = Instant::now();
    let hooks: Vec<Child> =
        guests.iter().map(|guest| ground.hook_in_background(guest, operation)).collect();
    let wait = |hook: Child| {
        let output = hook.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{output:?}");
        begun.elapsed()
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = hooks.into_iter().map(|hook| scope.spawn(|| wait(hook))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    })
}

#[test]
fn a_start_does_not_wait_for_the_mount_of_another_share() {
    let ground = ground!();
    ground.set_client("[volume.\"silver\"]\nmount_delay = \"2500ms\"\n");
    let (slow, fast) = (ground.guest("slow", &["silver"]), ground.guest("fast", &["gold"]));
    let mut mounting = ground.hook_in_background(&slow, "prepare");
    ground.wait_until("the slow client runs", || !ground.client_starts().is_empty());
    let took = ground.hook(&fast, "prepare").succeeds();
    let released = ground.hook(&fast, "release").succeeds();
    assert!(mounting.try_wait().expect("our child").is_none(), "the slow mount was not slow");
    println!("beside a mount of 2.5 s: prepare {took:?}, release {released:?}");
    assert!(mounting.wait().expect("it ends").success());
    ground.hook(&slow, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn a_guest_of_a_mounted_share_starts_while_another_share_of_another_guest_hangs() {
    let ground = ground!();
    let (hung, good) = (ground.guest("hung", &["silver"]), ground.guest("good", &["gold"]));
    ground.hook(&hung, "prepare").succeeds();
    ground.set_client("[volume.\"silver\"]\nanswers = \"hang\"\n");
    let took = ground.hook(&good, "prepare").succeeds();
    assert!(took < Duration::from_secs(1), "{took:?}");
    ground.hook(&good, "release").succeeds();
    ground.set_client("");
    ground.hook(&hung, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn ten_guests_on_one_slow_share_wait_for_one_mount_together() {
    const MOUNT: Duration = Duration::from_millis(1500);
    let ground = ground!();
    ground.set_client("mount_delay = \"1500ms\"\n");
    let guests: Vec<Guest> =
        (0..10).map(|n| ground.guest(&format!("crowd{n}"), &["gold"])).collect();
    let mut took = all_at_once(&ground, &guests, "prepare");
    took.sort_unstable();
    println!("ready after {took:.2?}");
    assert!(took[0] >= MOUNT, "{:?}", took[0]);
    // Two mounts one after the other would take twice as long.
    assert!(took[9] < MOUNT * 2, "{:?}", took[9]);
    assert_eq!(ground.client_starts().len(), 1);
    let took = all_at_once(&ground, &guests, "release");
    println!("released after {:.2?}", took.iter().max());
    ground.assert_nothing_left();
}
