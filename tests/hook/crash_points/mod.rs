//! The hook is killed at every system call that it makes, and the calls after that put everything right.
//!
//! A stop is the start or the end of a system call of any of the hook's threads, or a child that was just made. All stops
//! until the call would have ended are tried, in each of the operations that change something. The children of a killed hook
//! live on, as they do in reality: a client that has not mounted yet, a probe, an unmount.
//!
//! What is guaranteed then, for each share that the hook was called for:
//!
//! - The next start of any guest on it succeeds, and while a guest holds it, exactly one mount is there and answers.
//! - A guest that holds the share keeps its mount, whoever else's start or end was cut off.
//! - After a killed `prepare`, libvirt calls `release`, and nothing is left: no mount, no client, no record.
//! - If libvirt's daemon died with the hook, nobody calls `release`. Then the next guest's start and stop leave nothing.
//! - After a killed `release`, libvirt does not call again. What was not done is done by the next stop of any guest on the
//!   share, with one exception: a lease that was not dropped is believed for as long as its daemon lives, because a guest
//!   whose QEMU has not started yet looks the same. It goes with the next stop of its own guest, or with its daemon.
//! - A killed `reconnect` takes nothing from the guest that runs, and a later `release` leaves nothing.
//!
//! The administrator need not wait for another guest: after each of these kills `recover` shows what it would do and changes
//! nothing, `recover --apply` puts it right, and a second look finds nothing to do. What a guest holds that runs, it goes on
//! holding; without libvirt to ask, so does one whose daemon lives, because it may be about to start.
//!
//! All of it holds for a client in a systemd scope as well, and no scope is left: when the hook dies, systemd may have been asked
//! for one and not have answered yet. That is tried where systemd is the init; in the lab it is.

mod aftermath;
#[cfg(feature = "admin")]
mod recovered;
mod sweep;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::ground::ground;
use aftermath::{
    another_guest, another_guest_without_a_release, beside_another_holder, both_daemons_died,
    daemon_died_then_another_guest, daemon_died_then_the_same_guest, reconnected_again, released,
    released_after_reconnect, the_same_guest,
};
use sweep::{Cast, Isolation, Stops, Sweep};

/// A guest starts.
const PREPARE: Sweep = Sweep {
    operation: "prepare",
    shares: &["gold"],
    before: Cast::alone,
    aftermaths: &[
        ("release", released),
        ("another guest", another_guest),
        ("the same guest", the_same_guest),
        ("daemon died, another guest", daemon_died_then_another_guest),
        ("daemon died, the same guest", daemon_died_then_the_same_guest),
    ],
    stops: Stops::All,
    isolation: Isolation::None,
};

/// A guest ends.
const RELEASE: Sweep = Sweep {
    operation: "release",
    before: Cast::holding,
    aftermaths: &[
        ("another guest", another_guest_without_a_release),
        ("the same guest", the_same_guest),
        ("daemon died, another guest", daemon_died_then_another_guest),
        ("daemon died, the same guest", daemon_died_then_the_same_guest),
    ],
    ..PREPARE
};

#[test]
fn a_hook_that_is_killed_at_any_system_call_leaves_what_the_next_calls_put_right() {
    drop(ground!());
    let (prepare, release) = (PREPARE, RELEASE);
    let beside = Sweep {
        before: Cast::holding_beside_another,
        aftermaths: &[("the other one ends", beside_another_holder)],
        stops: Stops::OfTheWork,
        ..release
    };
    let reconnect = Sweep {
        operation: "reconnect",
        before: Cast::running,
        aftermaths: &[
            ("release", released_after_reconnect),
            ("reconnect", reconnected_again),
            ("daemon died again, another guest", both_daemons_died),
        ],
        ..prepare
    };
    let shares = &["gold", "silver"];
    let two = Sweep { shares, stops: Stops::OfTheWork, ..prepare };
    let two_released = Sweep { shares, stops: Stops::OfTheWork, ..release };
    println!(
        "crash points tried: prepare {}, release {}, release beside another holder {}, reconnect {}, \
         prepare of two shares {}, release of two shares {}",
        prepare.run(),
        release.run(),
        beside.run(),
        reconnect.run(),
        two.run(),
        two_released.run(),
    );
}

/// The crash states of a share that is at work, each put right by hand.
#[cfg(feature = "admin")]
const BY_HAND: Sweep = Sweep {
    aftermaths: &[
        ("recover where nothing runs", recovered::where_nothing_runs),
        ("recover after the daemon's death", recovered::after_the_daemons_death),
        ("recover while libvirt does not answer", recovered::while_libvirt_does_not_answer),
    ],
    stops: Stops::OfTheWork,
    ..PREPARE
};

#[cfg(feature = "admin")]
#[test]
fn what_a_prepare_leaves_that_is_killed_at_any_system_call_recover_puts_right() {
    drop(ground!());
    println!("crash points recovered by hand: prepare {}", BY_HAND.run());
}

#[cfg(feature = "admin")]
#[test]
fn what_a_release_leaves_that_is_killed_at_any_system_call_recover_puts_right() {
    drop(ground!());
    let release = Sweep { operation: "release", before: Cast::holding, ..BY_HAND };
    let beside = Sweep {
        before: Cast::holding_beside_another,
        aftermaths: &[("recover beside one that runs", recovered::beside_one_that_runs)],
        ..release
    };
    println!(
        "crash points recovered by hand: release {}, release beside another holder {}",
        release.run(),
        beside.run()
    );
}

#[cfg(feature = "admin")]
#[test]
fn what_a_reconnect_leaves_that_is_killed_at_any_system_call_recover_puts_right() {
    drop(ground!());
    let reconnect = Sweep {
        operation: "reconnect",
        before: Cast::running,
        aftermaths: &[
            ("recover where it runs", recovered::where_it_runs),
            (
                "recover without a daemon and a lease",
                recovered::where_it_runs_without_a_daemon_and_a_lease,
            ),
        ],
        ..BY_HAND
    };
    println!("crash points recovered by hand: reconnect {}", reconnect.run());
}

#[test]
fn a_hook_that_is_killed_with_its_client_in_a_scope_leaves_what_the_next_calls_put_right() {
    drop(ground!());
    if !Path::new("/run/systemd/system").exists() {
        println!("skipped: clients in scopes: systemd is not the init of this host");
        return;
    }
    let in_scopes =
        |sweep| Sweep { stops: Stops::OfTheWork, isolation: Isolation::Systemd, ..sweep };
    let (prepare, release) = (in_scopes(PREPARE), in_scopes(RELEASE));
    println!(
        "crash points tried with clients in scopes: prepare {}, release {}",
        prepare.run(),
        release.run()
    );
    // The clients of the last few have been told to end, by the unmount, and take a moment.
    let late = Instant::now() + Duration::from_secs(10);
    loop {
        let scopes = Command::new("systemctl")
            .args(["list-units", "--all", "--plain", "--no-legend", "virt-quobyte-*"])
            .output()
            .expect("there is a systemctl");
        let left = String::from_utf8_lossy(&scopes.stdout);
        if left.is_empty() {
            return;
        }
        if Instant::now() > late {
            let told =
                Command::new("systemctl").args(["status", "--full", "virt-quobyte-*"]).output();
            let told = told.expect("there is a systemctl").stdout;
            panic!("units are left: {left}{}", String::from_utf8_lossy(&told));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}
