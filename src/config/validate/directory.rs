//! A single directory: a path in normal form, and none that the system needs for itself.
//!
//! The lists are no proof of anything. They catch the slip of a moment that would take a host down; what lies on the way to
//! a mount point is judged by whoever mounts.

use crate::share::{AbsolutePath, MountPoint};

use super::super::origin::Origin;
use super::{Fault, Located, Problems, subject};

/// Trees that belong to the system: a mount anywhere in them takes something away from a running host.
const TREES: [&str; 16] = [
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/proc",
    "/run/dbus",
    "/run/libvirt",
    "/run/systemd",
    "/run/udev",
    "/sbin",
    "/sys",
    "/usr",
];

/// Directories that the system needs, but in which others may have theirs.
const DIRECTORIES: [&str; 15] = [
    "/home",
    "/opt",
    "/root",
    "/run",
    "/run/lock",
    "/run/user",
    "/tmp",
    "/var",
    "/var/cache",
    "/var/lib",
    "/var/lib/libvirt",
    "/var/log",
    "/var/run",
    "/var/spool",
    "/var/tmp",
];

/// Reads a mount point that is given.
pub(super) fn mount_point(text: &str) -> Result<MountPoint, Fault> {
    directory(text, "/srv/quobyte/gold")
}

fn directory(text: &str, example: &'static str) -> Result<AbsolutePath, Fault> {
    let path: AbsolutePath = text.parse().map_err(|error| Fault::Path(error, example))?;
    if DIRECTORIES.contains(&text) || TREES.contains(&text) {
        return Err(Fault::SystemDirectory(example));
    }
    let in_tree = |tree: &&str| text.strip_prefix(tree).is_some_and(|rest| rest.starts_with('/'));
    match TREES.into_iter().find(in_tree) {
        Some(tree) => Err(Fault::SystemTree { tree, example }),
        None => Ok(path),
    }
}

/// The mount base or the state directory.
#[derive(Debug)]
pub(super) struct Directory {
    /// What holds; the default where something else was written that is wrong.
    pub(super) path: AbsolutePath,
    written: Written,
}

#[derive(Debug, Clone, Copy)]
enum Written {
    Nowhere,
    Here(Origin),
    Wrong,
}

impl Directory {
    pub(super) fn read(
        key: &'static str,
        given: Option<&Located<String>>,
        default: &'static str,
        problems: &mut Problems<'_>,
    ) -> Self {
        let (path, written) = match given {
            None => (None, Written::Nowhere),
            Some(given) => {
                let path = directory(&given.value, default);
                match problems.sift(path, given.origin, || subject(key, &given.value)) {
                    Some(path) => (Some(path), Written::Here(given.origin)),
                    None => (None, Written::Wrong),
                }
            }
        };
        let path = path.unwrap_or_else(|| default.parse().expect("a constant in normal form"));
        Self { path, written }
    }

    /// What others may be compared with.
    pub(super) fn usable(&self) -> Option<&AbsolutePath> {
        match self.written {
            Written::Nowhere | Written::Here(_) => Some(&self.path),
            Written::Wrong => None,
        }
    }

    /// The place to blame for it; none for a default.
    pub(super) fn origin(&self) -> Option<Origin> {
        match self.written {
            Written::Here(origin) => Some(origin),
            Written::Nowhere | Written::Wrong => None,
        }
    }
}
