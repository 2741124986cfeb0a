//! Makes the mount that the kernel shows. Decides which mount points are taken and what the mount line says; serves nothing.
//!
//! The system call is made here and not by fuser, for two reasons: the line must look like the real client's, and fuser unmounts by
//! path when its session ends, which would hit the mount of a client that was quicker to come back.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use thiserror::Error;

use crate::cmdline::{Access, Permissions, Wish};
use crate::control::{FsType, Others, Stacking};

#[derive(Debug, Error)]
pub(crate) enum MountError {
    #[error("mount point {path}: {source}")]
    Point { path: PathBuf, source: io::Error },
    #[error("mount point {0} is not a directory")]
    NotADirectory(PathBuf),
    #[error("mount point {0} is busy or already mounted")]
    AlreadyMounted(PathBuf),
    #[error("mount point {path} is not empty: it holds {entry:?}")]
    NotEmpty { path: PathBuf, entry: std::ffi::OsString },
    #[error("cannot read the mount table: {0}")]
    Table(io::Error),
    #[error("cannot open /dev/fuse: {0}")]
    Device(io::Error),
    #[error("cannot mount {source_name} on {path}: {errno}")]
    Refused { source_name: String, path: PathBuf, errno: Errno },
}

/// A directory that a mount may be made on, by a name that stays true when the working directory changes.
#[derive(Debug)]
pub(crate) struct MountPoint(PathBuf);

impl MountPoint {
    /// Looks into the mount table first: what is mounted there may never answer.
    pub(crate) fn check(path: &Path, stacking: Stacking) -> Result<Self, MountError> {
        let point = |source| MountError::Point { path: path.to_owned(), source };
        let path = fs::canonicalize(path).map_err(point)?;
        if stacking == Stacking::Allowed {
            return Ok(Self(path));
        }
        if is_mounted(&path).map_err(MountError::Table)? {
            return Err(MountError::AlreadyMounted(path));
        }
        if !fs::metadata(&path).map_err(point)?.is_dir() {
            return Err(MountError::NotADirectory(path));
        }
        if let Some(entry) = fs::read_dir(&path).map_err(point)?.next() {
            let entry = entry.map_err(point)?.file_name();
            return Err(MountError::NotEmpty { path, entry });
        }
        Ok(Self(path))
    }

    /// Mounts; the file answered is the kernel's end of the connection.
    pub(crate) fn mount(
        &self,
        wish: &Wish,
        fs_type: FsType,
        others: Others,
    ) -> Result<File, MountError> {
        let device = OpenOptions::new()
            .read(true)
            .write(true)
            .open("/dev/fuse")
            .map_err(MountError::Device)?;
        let permissions = match wish.permissions {
            Permissions::Kernel => ",default_permissions",
            Permissions::Nobody => "",
        };
        let others = match others {
            Others::LetIn => ",allow_other",
            Others::KeptOut => "",
        };
        let options = format!(
            "fd={},rootmode=40000,user_id=0,group_id=0{permissions}{others}",
            device.as_raw_fd()
        );
        let mut flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOATIME;
        flags.set(MsFlags::MS_RDONLY, wish.access == Access::ReadOnly);
        let fs_type = match fs_type {
            FsType::Quobyte => "fuse.quobyte",
            FsType::Fuse => "fuse",
            FsType::Other => "fuse.other",
        };
        let source = wish.export.source();
        mount(Some(source.as_str()), &self.0, Some(fs_type), flags, Some(options.as_str()))
            .map_err(|errno| MountError::Refused {
                source_name: source,
                path: self.0.clone(),
                errno,
            })?;
        Ok(device)
    }

    /// As libfuse does it when it is told to end: whoever still uses the mount loses it.
    pub(crate) fn leave(&self) -> Result<(), Errno> {
        umount2(&self.0, MntFlags::MNT_DETACH)
    }
}

fn is_mounted(path: &Path) -> io::Result<bool> {
    let table = fs::read("/proc/self/mountinfo")?;
    Ok(table.split(|&byte| byte == b'\n').any(|line| {
        let point = line.split(|&byte| byte == b' ').nth(4).unwrap_or_default();
        unescape(point) == path.as_os_str().as_bytes()
    }))
}

/// The kernel writes space, tab, newline and backslash as three octal digits.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&byte, tail)) = rest.split_first() {
        let code = tail
            .get(..3)
            .and_then(|digits| u8::from_str_radix(OsStr::from_bytes(digits).to_str()?, 8).ok());
        if let (b'\\', Some(code)) = (byte, code) {
            plain.push(code);
            rest = &tail[3..];
        } else {
            plain.push(byte);
            rest = tail;
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octal_escapes_of_the_mount_table_are_undone() {
        for (field, plain) in [
            (&b"/mnt"[..], &b"/mnt"[..]),
            (b"/a\\040b\\011", b"/a b\t"),
            (b"/a\\134040", b"/a\\040"),
            (b"/\\", b"/\\"),
            (b"/\xff", b"/\xff"),
        ] {
            assert_eq!(unescape(field), plain);
        }
    }
}
