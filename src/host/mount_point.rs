//! Makes a mount point that nobody can write to while nothing is mounted on it.
//!
//! A guest's image that is created on the bare directory, because the share is not mounted, is lost from sight with the next
//! mount, and fills the host's own disk. So the directory is empty, root's, 0555, and immutable where the file system can.

use std::ffi::CStr;
use std::io;
use std::os::fd::OwnedFd;

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::{Mode, fchmod};

use super::sys;
use super::trusted_path::{self, Missing, UntrustedPath};
use crate::share::MountPoint;

/// A mount point that must not be mounted on.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// Somebody else than root could change the way there.
    #[error("the mount point: {0}")]
    Untrusted(#[from] UntrustedPath),
    /// Something is in it, which a mount would hide.
    #[error("the mount point {mount_point} is not empty: it holds '{}'; move that away", first.escape_debug())]
    NotEmpty {
        /// The mount point.
        mount_point: MountPoint,
        /// One of the names in it.
        first: String,
    },
    /// The system refused.
    #[error("cannot {what} the mount point {mount_point}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// The mount point.
        mount_point: MountPoint,
        /// Why.
        source: io::Error,
    },
}

/// Makes the directory if it is missing, and sees to it that it is empty and closed.
///
/// The caller has seen in the mount table that nothing is mounted on it and that it lies on no remote file system. Whether the
/// file system took the immutable flag is returned: the mode alone does not stop root.
pub fn guard(mount_point: &MountPoint) -> Result<Immutable, GuardError> {
    let end = trusted_path::walk(mount_point, Missing::IsMade { mode: 0o555 })?;
    let failed = |what| {
        move |errno: Errno| GuardError::Io {
            what,
            mount_point: mount_point.clone(),
            source: errno.into(),
        }
    };
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let directory = openat(&end.directory, c".", flags, Mode::empty()).map_err(failed("open"))?;
    if let Some(first) = first_name(&directory).map_err(failed("list"))? {
        return Err(GuardError::NotEmpty { mount_point: mount_point.clone(), first });
    }
    if end.mode & 0o7777 != 0o555 {
        match fchmod(&directory, Mode::from_bits_truncate(0o555)) {
            // Immutable already, by somebody who chose another mode: nobody can write there, which is the point.
            Ok(()) | Err(Errno::EPERM) => {}
            Err(errno) => return Err(failed("close")(errno)),
        }
    }
    match sys::make_immutable(&directory) {
        Ok(true) => Ok(Immutable::Yes),
        Ok(false) => Ok(Immutable::NotHere),
        Err(source) => {
            Err(GuardError::Io { what: "guard", mount_point: mount_point.clone(), source })
        }
    }
}

/// Whether a mount point could be made immutable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Immutable {
    /// It is.
    Yes,
    /// Its file system has no such flag, or we lack the capability.
    NotHere,
}

fn first_name(directory: &OwnedFd) -> nix::Result<Option<String>> {
    let again = openat(
        directory,
        c".",
        OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC,
        Mode::empty(),
    )?;
    let mut listing = Dir::from_fd(again)?;
    for name in listing.iter() {
        let name = name?;
        let name: &CStr = name.file_name();
        if name != c"." && name != c".." {
            return Ok(Some(name.to_string_lossy().into_owned()));
        }
    }
    Ok(None)
}
