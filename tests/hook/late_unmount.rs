//! An unmount runs in a process of its own, and can outlive the hook that asked for it.

use std::fs;
use std::process::Child;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::ground::{Ground, Guest, ground};

#[test]
fn an_unmount_that_outlives_its_hook_takes_no_mount_from_the_next_guest() {
    let ground = ground!();
    let (one, two) = (ground.guest("one", &["gold"]), ground.guest("two", &["gold"]));
    let (mut hook, unmounting) = (0..500)
        .find_map(|_| {
            ground.hook(&one, "prepare").succeeds();
            caught_unmounting(&ground, &one)
        })
        .expect("one unmount in 500 is slow enough to be caught");
    assert!(ground.is_mounted("gold"), "caught too late");
    hook.kill().and_then(|()| hook.wait()).expect("it ends");

    let next = ground.hook_in_background(&two, "prepare");
    std::thread::sleep(Duration::from_millis(500));
    kill(unmounting, Signal::SIGCONT).expect("it is there");
    ground.wait_until("the unmount has ended", || !is_unmounting(unmounting));
    let told = next.wait_with_output().expect("it ends");
    assert!(told.status.success(), "{told:?}");
    assert_eq!(ground.mounts_on(&ground.mount_point("gold")), 1, "told, and not mounted");
    ground.hook(&two, "release").succeeds();
    ground.assert_nothing_left();
}

/// Begins a release and stops the process that unmounts for it; none if that was quicker.
fn caught_unmounting(ground: &Ground, guest: &Guest) -> Option<(Child, Pid)> {
    let mut hook = ground.hook_in_background(guest, "release");
    let children = format!("/proc/{0}/task/{0}/children", hook.id());
    while hook.try_wait().expect("our child").is_none() {
        let listed = fs::read_to_string(&children).unwrap_or_default();
        let pids = listed.split_whitespace().filter_map(|pid| pid.parse().ok()).map(Pid::from_raw);
        let Some(child) = pids.into_iter().find(|&pid| is_unmounting(pid)) else { continue };
        if kill(child, Signal::SIGSTOP).is_err() {
            continue;
        }
        ground.wait_until("it has stopped or ended", || {
            let stat = fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
            stat.is_empty() || stat.contains(") T ") || stat.contains(") Z ")
        });
        if ground.is_mounted("gold") {
            return Some((hook, child));
        }
        let _ended = kill(child, Signal::SIGCONT);
    }
    None
}

fn is_unmounting(pid: Pid) -> bool {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.split(|&byte| byte == 0).any(|argument| argument == b"--unmount")
}
