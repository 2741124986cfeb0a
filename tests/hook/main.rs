//! The hook binary, called as libvirt calls it, with a real FUSE client on real mounts.
//!
//! Needs root, `/dev/fuse` and the stand-in client (`cargo build --package standin`). Every test has a mount namespace of its
//! own, so what it mounts is seen by nobody else and gone with it.

#[cfg(feature = "admin")]
mod asked;
mod bad_input;
mod bounded;
#[cfg(feature = "admin")]
mod by_hand;
mod client_faults;
mod crash_points;
mod crashes;
mod daemon;
#[cfg(feature = "admin")]
mod faults;
mod ground;
mod images;
mod late_unmount;
mod leases;
mod linger;
mod main_job;
mod mount_points;
#[cfg(feature = "admin")]
mod ordinary_user;
mod orphans;
#[cfg(feature = "admin")]
mod progress;
#[cfg(feature = "admin")]
mod recover;
#[cfg(feature = "admin")]
mod renew;
#[cfg(feature = "admin")]
mod said;
#[cfg(feature = "admin")]
#[path = "../cli/schema.rs"]
mod schema;
#[cfg(feature = "admin")]
mod selftest;
mod state_files;
#[cfg(feature = "admin")]
mod status;
mod storm;
#[cfg(feature = "admin")]
mod terminal;
mod tracer;
mod waiting;
#[cfg(feature = "admin")]
mod watch;

/// Says why nothing was tested, where nothing can be; a test that is not run must not look like one that passed.
#[test]
fn this_machine_can_run_these_tests() {
    if let Some(why) = ground::missing() {
        println!("skipped: every other test of the hook: {why}");
    }
}
