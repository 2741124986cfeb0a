//! The way from `/` to a directory of ours, checked component by component.
//!
//! Root mounts at the end of such a path and keeps its state there. If anybody else could rename a directory on the way or put
//! a symlink in, they would choose where. Every component is opened without following links and looked at through the
//! descriptor that the next one is opened from, so what was checked is what is used.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use nix::errno::Errno;
use nix::fcntl::{OFlag, open, openat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat, mkdirat};
use nix::unistd::geteuid;

use crate::share::MountPoint;

/// The end of a path that was walked.
#[derive(Debug)]
pub struct PathEnd {
    /// The directory, opened with `O_PATH`.
    pub directory: OwnedFd,
    /// Its type and permission bits.
    pub mode: u32,
}

/// What to do about a directory that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Say so.
    IsAnError,
    /// Make it and what is missing above it: those with 0755, itself with this mode.
    IsMade {
        /// The last component's mode.
        mode: u32,
    },
}

/// Why a path is not to be trusted.
#[derive(Debug, thiserror::Error)]
pub enum UntrustedPath {
    /// A component is not there.
    #[error("{} does not exist", path.display())]
    Missing {
        /// The component.
        path: PathBuf,
    },
    /// A component is a symlink.
    #[error("{} is a symlink; write the path that it leads to", path.display())]
    Symlink {
        /// The component.
        path: PathBuf,
    },
    /// A component is no directory.
    #[error("{} is not a directory", path.display())]
    NotADirectory {
        /// The component.
        path: PathBuf,
    },
    /// Somebody else than root owns a component.
    #[error("{} belongs to uid {uid}; it must belong to root", path.display())]
    Owner {
        /// The component.
        path: PathBuf,
        /// Its owner.
        uid: u32,
    },
    /// Others than its owner can change a component.
    #[error("{} has mode {mode:04o}, so others than root can change it; chmod go-w it", path.display())]
    Writable {
        /// The component.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The system refused.
    #[error("cannot {what} {}: {source}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// The component.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Walks from `/` to a directory and returns it.
///
/// Whoever calls this has seen in the mount table that the path lies on no remote file system: a look-up there could block.
pub fn walk(path: &MountPoint, missing: Missing) -> Result<PathEnd, UntrustedPath> {
    let mut so_far = PathBuf::from("/");
    let flags = OFlag::O_PATH | OFlag::O_CLOEXEC;
    let mut directory = open("/", flags, Mode::empty()).map_err(refused("open", &so_far))?;
    let mut stat = checked(&directory, &so_far, Ancestor::Is)?;
    let mut components = path.components().peekable();
    while let Some(component) = components.next() {
        so_far.push(component);
        let is_last = components.peek().is_none();
        let name = OsString::from(component);
        let flags = flags | OFlag::O_NOFOLLOW;
        let mut opened = openat(&directory, name.as_os_str(), flags, Mode::empty());
        if let (Err(Errno::ENOENT), Missing::IsMade { mode }) = (opened.as_ref(), missing) {
            let mode = Mode::from_bits_truncate(if is_last { mode } else { 0o755 });
            match mkdirat(&directory, name.as_os_str(), mode) {
                // Another process made it meanwhile: it is checked like any other.
                Ok(()) | Err(Errno::EEXIST) => {}
                Err(errno) => return Err(refused("make", &so_far)(errno)),
            }
            opened = openat(&directory, name.as_os_str(), flags, Mode::empty());
        }
        directory = match opened {
            Ok(opened) => opened,
            Err(Errno::ENOENT) => return Err(UntrustedPath::Missing { path: so_far }),
            Err(errno) => return Err(refused("open", &so_far)(errno)),
        };
        let ancestor = if is_last { Ancestor::IsNot } else { Ancestor::Is };
        stat = checked(&directory, &so_far, ancestor)?;
    }
    Ok(PathEnd { directory, mode: stat.st_mode })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ancestor {
    Is,
    IsNot,
}

fn checked(
    directory: &OwnedFd,
    path: &std::path::Path,
    ancestor: Ancestor,
) -> Result<FileStat, UntrustedPath> {
    let stat = fstat(directory).map_err(refused("look at", path))?;
    let path = || path.to_owned();
    match SFlag::from_bits_truncate(stat.st_mode & SFlag::S_IFMT.bits()) {
        SFlag::S_IFDIR => {}
        SFlag::S_IFLNK => return Err(UntrustedPath::Symlink { path: path() }),
        _ => return Err(UntrustedPath::NotADirectory { path: path() }),
    }
    // An ordinary user looks at a state of their own when they run the hook by hand; root trusts root only.
    if stat.st_uid != 0 && stat.st_uid != geteuid().as_raw() {
        return Err(UntrustedPath::Owner { path: path(), uid: stat.st_uid });
    }
    // In a sticky directory others can add names, but cannot touch those of root; and what they add is not root's.
    let sticky_ancestor = ancestor == Ancestor::Is && stat.st_mode & 0o1000 != 0;
    if stat.st_mode & 0o022 != 0 && !sticky_ancestor {
        return Err(UntrustedPath::Writable { path: path(), mode: stat.st_mode & 0o7777 });
    }
    Ok(stat)
}

fn refused<'p>(
    what: &'static str,
    path: &'p std::path::Path,
) -> impl FnOnce(Errno) -> UntrustedPath + 'p {
    move |errno| UntrustedPath::Io { what, path: path.to_owned(), source: errno.into() }
}
