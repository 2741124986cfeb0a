//! What can happen after a hook was killed. In the end, in each case, nothing is left.

use crate::ground::{Ground, Guest};

use super::sweep::Cast;

impl Ground {
    /// Each share is mounted exactly once, and answers.
    #[track_caller]
    pub(crate) fn assert_usable(&self, shares: &[&str]) {
        for share in shares {
            let mount_point = self.mount_point(share);
            assert_eq!(self.mounts_on(&mount_point), 1, "mounts of {share}");
            let image = std::fs::read(mount_point.join("vm.img"));
            assert_eq!(image.expect("a mount that answers"), b"image");
        }
    }

    #[track_caller]
    fn starts_and_stops(&self, guest: &Guest, shares: &[&str]) {
        self.hook(guest, "prepare").succeeds();
        self.assert_usable(shares);
        self.hook(guest, "release").succeeds();
    }
}

/// libvirt has seen that the hook failed, and calls the last one.
pub(super) fn released(_: &Ground, mut cast: Cast) {
    cast.daemon.calls("release");
}

/// libvirt starts and stops another guest. What it calls for the killed one comes in between, if it comes.
pub(super) fn another_guest(ground: &Ground, mut cast: Cast) {
    ground.hook(&cast.other, "prepare").succeeds();
    ground.assert_usable(cast.shares);
    cast.daemon.calls("release");
    ground.assert_usable(cast.shares);
    ground.hook(&cast.other, "release").succeeds();
}

/// libvirt starts and stops the guest again.
pub(super) fn the_same_guest(ground: &Ground, mut cast: Cast) {
    cast.daemon.calls("prepare");
    ground.assert_usable(cast.shares);
    cast.daemon.calls("release");
}

/// The daemon dies as well. Another guest is started by its successor.
pub(super) fn daemon_died_then_another_guest(ground: &Ground, cast: Cast) {
    drop(cast.daemon);
    ground.starts_and_stops(&cast.other, cast.shares);
}

/// The daemon dies as well. The guest is started by its successor.
pub(super) fn daemon_died_then_the_same_guest(ground: &Ground, cast: Cast) {
    drop(cast.daemon);
    ground.starts_and_stops(&cast.same, cast.shares);
}

/// A release was killed, and libvirt does not call again: another guest starts and stops.
///
/// A lease that was left is believed, and its share stays mounted; that of the others goes.
pub(super) fn another_guest_without_a_release(ground: &Ground, mut cast: Cast) {
    ground.starts_and_stops(&cast.other, cast.shares);
    for share in cast.shares {
        let record = std::fs::read_to_string(ground.record_path(share)).unwrap_or_default();
        if record.contains(&cast.same.uuid) {
            ground.assert_usable(&[share]);
        } else {
            assert!(!ground.is_mounted(share), "nobody holds {share}");
        }
    }
    cast.daemon.calls("prepare");
    ground.assert_usable(cast.shares);
    cast.daemon.calls("release");
}

/// Another guest held the share all the time.
pub(super) fn beside_another_holder(ground: &Ground, cast: Cast) {
    ground.assert_usable(cast.shares);
    drop(cast.daemon);
    ground.hook(&cast.other, "release").succeeds();
}

/// A reconnect was killed, and the guest ends.
pub(super) fn released_after_reconnect(ground: &Ground, mut cast: Cast) {
    ground.assert_usable(cast.shares);
    cast.qemu = None;
    cast.daemon.calls("release");
}

/// A reconnect was killed, and comes again.
pub(super) fn reconnected_again(ground: &Ground, mut cast: Cast) {
    cast.daemon.calls("reconnect");
    ground.assert_usable(cast.shares);
    cast.qemu = None;
    cast.daemon.calls("release");
}

/// A reconnect was killed with its daemon. The guest runs on and keeps its mount; only when it has ended nobody holds it.
pub(super) fn both_daemons_died(ground: &Ground, cast: Cast) {
    drop(cast.daemon);
    ground.starts_and_stops(&cast.other, cast.shares);
    ground.assert_usable(cast.shares);
    drop(cast.qemu);
    ground.starts_and_stops(&cast.other, cast.shares);
}
