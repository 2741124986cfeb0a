//! Asks a mount whether its client answers, from a child process.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;

use nix::sys::statfs::statfs;

use super::deadline::Deadline;
use super::program::StartError;
use super::{own_child, sys};
use crate::health::Sighting;
use crate::share::MountPoint;

/// The option that makes this program look at a mount and say what it saw.
pub(super) const OPTION: &str = "--look-at-mount";

/// What a look at a mount point showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// What the client said.
    pub sighting: Sighting,
    /// The unique id of the mount that was looked at, where the kernel has such ids.
    pub unique: Option<u64>,
}

/// A probe that could not be made, which says nothing about the mount.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The child could not be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The child died or said what it should not.
    #[error("the process that looked at {mount_point} said {said:?}")]
    Answer {
        /// Where it looked.
        mount_point: MountPoint,
        /// What it said.
        said: String,
    },
}

/// Has a child look at a mount point, and waits for it until the deadline.
pub fn probe(mount_point: &MountPoint, deadline: Deadline) -> Result<Look, ProbeError> {
    let asked = [OsStr::new(OPTION), mount_point.as_path().as_os_str()];
    let Some(said) = own_child::ask(&asked, Stdio::null(), deadline)? else {
        let sighting = Sighting::Silent { waited: deadline.length() };
        return Ok(Look { sighting, unique: None });
    };
    parse(&said).ok_or_else(|| ProbeError::Answer { mount_point: mount_point.clone(), said })
}

/// Looks, in the process that calls: only a child may.
///
/// `statfs` and not `stat`: the kernel may answer `stat` out of its attribute cache long after the client went silent, but it
/// asks the client for every `statfs`.
pub(super) fn look(path: &Path) -> String {
    let unique = match sys::unique_mount_id(path) {
        Ok(Some(id)) => id.to_string(),
        Ok(None) | Err(_) => "-".to_owned(),
    };
    match statfs(path).and_then(|_| nix::sys::stat::lstat(path)) {
        Ok(root) => format!("answered {} {unique}", root.st_size),
        Err(errno) => format!("errno {} {unique}", errno as i32),
    }
}

fn parse(said: &str) -> Option<Look> {
    let mut words = said.split(' ');
    let (kind, number, unique) = (words.next()?, words.next()?, words.next()?);
    let sighting = match kind {
        "answered" => Sighting::Answered { root_size: number.parse().ok()? },
        "errno" => Sighting::Errno(number.parse().ok()?),
        _ => return None,
    };
    let unique = if unique == "-" { None } else { Some(unique.parse().ok()?) };
    words.next().is_none().then_some(Look { sighting, unique })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_look_says_is_read_back() {
        let here = parse(&look(Path::new("/"))).expect("its own words");
        assert!(matches!(here.sighting, Sighting::Answered { .. }));
        let nowhere = parse(&look(Path::new("/no such path"))).expect("its own words");
        assert_eq!(nowhere, Look { sighting: Sighting::Errno(2), unique: None });
        for garbage in ["", "answered", "answered x 1", "errno 5", "errno 5 - -", "hello 1 2"] {
            assert_eq!(parse(garbage), None, "{garbage}");
        }
    }
}
