//! Our directory on a volume.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::fd::AsRawFd;

use nix::sys::stat::{Mode, mkdirat};

use super::Ground;

pub(super) fn make(ground: &Ground) -> io::Result<()> {
    Ok(mkdirat(ground.root()?, ground.scratch.as_str(), Mode::S_IRWXU)?)
}

/// One that is not there is as good as removed. What is in it was made by us: our name is in its own.
pub(super) fn remove(ground: &Ground) -> io::Result<()> {
    let root = ground.root()?;
    let path = format!("/proc/self/fd/{}/{}", root.as_raw_fd(), ground.scratch);
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
