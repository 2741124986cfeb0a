//! A mount that is about to be taken out of the tree, and can be put back.
//!
//! A mount that was detached can never be attached again. So a second mount of the same file system is held, in no tree and in
//! nobody's way, until whoever wanted the first one out of the way has what was to come in its place. Should this process end
//! before that, the second mount goes with it, and who has files open on the file system keeps them as ever.

use std::io;
use std::os::fd::OwnedFd;

use super::sys;
use crate::share::MountPoint;

/// What is mounted on a share's mount point, held.
#[derive(Debug)]
pub struct KeptMount {
    mount_point: MountPoint,
    held: OwnedFd,
}

/// Why a mount cannot be held or put back.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// The kernel has no such call, or refused.
    #[error(
        "what is mounted on {mount_point} cannot be held (open_tree, from Linux 5.2 on): {source}"
    )]
    Hold {
        /// Where.
        mount_point: MountPoint,
        /// Why.
        source: io::Error,
    },
    /// It is lost to those who come by the path.
    #[error("what was mounted on {mount_point} cannot be put back: {source}")]
    PutBack {
        /// Where.
        mount_point: MountPoint,
        /// Why.
        source: io::Error,
    },
}

impl KeptMount {
    /// Holds what is mounted there. Its client is asked nothing.
    pub fn hold(mount_point: &MountPoint) -> Result<Self, KeepError> {
        let held = sys::clone_mount(mount_point.as_path())
            .map_err(|source| KeepError::Hold { mount_point: mount_point.clone(), source })?;
        Ok(Self { mount_point: mount_point.clone(), held })
    }

    /// Mounts it again where it was. It is another mount of the same file system, with an id of its own.
    pub fn put_back(self) -> Result<(), KeepError> {
        let Self { mount_point, held } = self;
        sys::put_mount(held, mount_point.as_path())
            .map_err(|source| KeepError::PutBack { mount_point, source })
    }
}
