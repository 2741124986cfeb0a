//! What a killed hook had started goes on without it, and as late as it likes.

use std::thread::sleep;
use std::time::Duration;

use crate::daemon::Daemon;
use crate::ground::ground;
use crate::tracer::Traced;

/// Long enough for any call of the hook that nothing holds up.
const A_WHILE: Duration = Duration::from_millis(300);

/// Calls the hook, and lets it run until it has made its first child.
fn until_it_has_a_child(daemon: &mut Daemon, operation: &str) -> Traced {
    let mut hook = Traced::call(daemon, operation);
    while !hook.has_made_a_child() {
        hook = hook.next().expect("it makes a child");
    }
    hook
}

#[test]
fn an_unmount_that_outlives_its_hook_takes_no_mount_from_a_guest_that_starts_meanwhile() {
    let ground = ground!();
    let (one, two) = (ground.guest("one", &["gold"]), ground.guest("two", &["gold"]));
    let mut daemon = Daemon::start(&ground, &one);
    daemon.calls("prepare");
    let unmount = until_it_has_a_child(&mut daemon, "release").kill_and_hold_childs_program();
    daemon.end();
    let start = ground.hook_in_background(&two, "prepare");
    sleep(A_WHILE);
    drop(unmount);
    assert!(start.wait_with_output().expect("it ends").status.success());
    sleep(A_WHILE);
    ground.assert_usable(&["gold"]);
    ground.hook(&two, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn a_client_that_outlives_its_hook_and_starts_late_does_not_mount_over_another_one() {
    for hold in [Traced::kill_and_hold_child, Traced::kill_and_hold_childs_program] {
        let ground = ground!();
        let (one, two) = (ground.guest("one", &["gold"]), ground.guest("two", &["gold"]));
        let mut daemon = Daemon::start(&ground, &one);
        let client = hold(until_it_has_a_child(&mut daemon, "prepare"));
        daemon.end();
        let start = ground.hook_in_background(&two, "prepare");
        sleep(A_WHILE);
        drop(client);
        assert!(start.wait_with_output().expect("it ends").status.success());
        sleep(A_WHILE);
        ground.assert_usable(&["gold"]);
        ground.hook(&two, "release").succeeds();
        daemon.calls("release");
        ground.assert_nothing_left();
    }
}

/// A system call has two stops, and what matters takes more than one call.
const STRIDE: usize = 7;

/// Nobody ever tells of the end of a guest whose daemon died in its start: what its hook had still done must be worth nothing.
#[test]
fn a_start_that_outlives_its_daemon_holds_nothing_that_the_next_guest_does_not_take_away() {
    let mut tried = 0;
    for stop in (0..).step_by(STRIDE) {
        let ground = ground!();
        let (one, two) = (ground.guest("one", &["gold"]), ground.guest("two", &["gold"]));
        let mut daemon = Daemon::start(&ground, &one);
        let mut hook = Traced::call(&mut daemon, "prepare");
        let mut stands = 0;
        // What comes after the first child is the same for all that follows: by then it knows who called it.
        while stands < stop && !hook.has_made_a_child() {
            hook = hook.next().expect("it makes a child");
            stands += 1;
        }
        let (at, is_last) = (hook.describe(), hook.has_made_a_child());
        drop(daemon);
        let mut orphan = Some(hook);
        while let Some(hook) = orphan {
            orphan = hook.next();
        }
        println!("daemon dead {at}");
        ground.hook(&two, "prepare").succeeds();
        ground.hook(&two, "release").succeeds();
        ground.assert_nothing_left();
        tried += 1;
        if is_last {
            break;
        }
    }
    assert!(tried > 40, "only {tried} stops before its first child");
    println!("deaths of the daemon tried: {tried}");
}
