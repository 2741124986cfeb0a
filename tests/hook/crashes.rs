//! The hook is killed in the middle, and so is what waits for it.

use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::ground::ground;

/// A coarse sweep over time; it does not know which instruction it meets.
#[test]
fn after_a_kill_at_any_moment_of_prepare_the_next_start_and_stop_put_everything_right() {
    let ground = ground!();
    ground.set_client("mount_delay = \"20ms\"\n");
    let guest = ground.guest("web1", &["gold"]);
    for delay in (0..40).map(|n| Duration::from_micros(n * 1500)) {
        let mut hook = ground.hook_in_background(&guest, "prepare");
        std::thread::sleep(delay);
        let _ended_already = kill(Pid::from_raw(hook.id().cast_signed()), Signal::SIGKILL);
        hook.wait().expect("it ends");
        ground.hook(&guest, "prepare").succeeds();
        assert_eq!(ground.mounts_on(&ground.mount_point("gold")), 1, "after a kill at {delay:?}");
        ground.hook(&guest, "release").succeeds();
        ground.assert_nothing_left();
    }
}

#[test]
fn a_daemon_that_is_gone_before_it_heard_the_answer_does_not_disturb_the_work() {
    let ground = ground!();
    ground.set_client("mount = \"fail\"\n");
    let guest = ground.guest("web1", &["gold"]);
    let mut hook = ground.hook_in_background(&guest, "prepare");
    drop((hook.stdout.take(), hook.stderr.take()));
    assert!(!hook.wait().expect("it ends").success());
    ground.assert_nothing_left();
}
