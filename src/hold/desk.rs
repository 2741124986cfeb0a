//! For the tests in this room: a share that is mounted nowhere, and a state directory for it.

use tempfile::TempDir;

use crate::lease::StateDir;
use crate::share::{MountPoint, Share};

pub(super) struct Desk {
    pub(super) share: Share,
    pub(super) state: StateDir,
    _until_dropped: TempDir,
}

pub(super) fn desk() -> Desk {
    let dir = tempfile::tempdir().expect("a tempdir");
    let path = |name: &str| {
        let path = dir.path().join(name);
        path.to_str().expect("UTF-8").parse::<MountPoint>().expect("a good path")
    };
    let name = "gold".parse().expect("a name");
    let share = Share::of_record(name, "reg1/gold".parse().expect("an export"), path("mnt"));
    let state = StateDir::create(&path("state")).expect("a state directory");
    Desk { share, state, _until_dropped: dir }
}
