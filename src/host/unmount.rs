//! Takes one certain mount down, from a child process: never another mount than the one meant, and never by force. Lazily only
//! where the administrator has said so by name.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::Path;

use nix::mount::{MntFlags, umount2};

use super::deadline::Deadline;
use super::program::StartError;
use super::{mount_table, own_child, sys};
use crate::mounts::{MountId, MountTable};
use crate::share::MountPoint;

/// How a mount is taken down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// If nobody uses it.
    Plain,
    /// Out of the tree at once; it ends when its last user does.
    Detached,
}

impl How {
    /// The option that makes this program take one certain mount down so, and say how that went.
    const fn option(self) -> &'static str {
        match self {
            Self::Plain => "--unmount",
            Self::Detached => "--detach-mount",
        }
    }

    pub(super) fn of_option(option: &OsStr) -> Option<Self> {
        [Self::Plain, Self::Detached].into_iter().find(|how| option == how.option())
    }

    const fn flags(self) -> MntFlags {
        match self {
            Self::Plain => MntFlags::UMOUNT_NOFOLLOW,
            Self::Detached => MntFlags::UMOUNT_NOFOLLOW.union(MntFlags::MNT_DETACH),
        }
    }
}

/// How an unmount went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unmounted {
    /// The mount is gone.
    Done,
    /// Somebody still uses it.
    Busy,
    /// What is mounted there is another mount than the one meant: it was left alone.
    Another,
    /// There was no answer in time. It may still happen.
    NoAnswer,
}

/// An unmount that failed otherwise.
#[derive(Debug, thiserror::Error)]
pub enum UnmountError {
    /// The child could not be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The kernel refused.
    #[error("cannot unmount {mount_point}: {source}")]
    Refused {
        /// Where.
        mount_point: MountPoint,
        /// Why.
        source: io::Error,
    },
    /// The child died or said what it should not.
    #[error("the process that was to unmount {mount_point} said {said:?}")]
    Answer {
        /// Where.
        mount_point: MountPoint,
        /// What it said.
        said: String,
    },
}

/// Has a child take a mount down, and waits for it until the deadline.
///
/// The child may outlive us: killed, or past the deadline, we are gone and it has yet to unmount. So it keeps `lock`, the
/// share's own, until its end: nobody can be promised meanwhile what it is about to take away.
pub fn unmount(
    mount_point: &MountPoint,
    mount: MountId,
    how: How,
    lock: File,
    deadline: Deadline,
) -> Result<Unmounted, UnmountError> {
    let mount = spell(mount);
    let asked = [OsStr::new(how.option()), mount_point.as_path().as_os_str(), OsStr::new(&mount)];
    let Some(said) = own_child::ask(&asked, lock.into(), deadline)? else {
        return Ok(Unmounted::NoAnswer);
    };
    let errno = said.strip_prefix("errno ").and_then(|number| number.parse().ok());
    match (said.as_str(), errno) {
        ("unmounted", _) => Ok(Unmounted::Done),
        ("another", _) => Ok(Unmounted::Another),
        (_, Some(nix::libc::EBUSY)) => Ok(Unmounted::Busy),
        (_, Some(errno)) => Err(UnmountError::Refused {
            mount_point: mount_point.clone(),
            source: io::Error::from_raw_os_error(errno),
        }),
        _ => Err(UnmountError::Answer { mount_point: mount_point.clone(), said }),
    }
}

/// `UNIQUE:ID:MAJOR:MINOR`, with `-` for no unique id.
fn spell(mount: MountId) -> String {
    let unique = mount.unique.map_or_else(|| "-".to_owned(), |id| id.to_string());
    format!("{unique}:{}:{}", mount.id, mount.device)
}

fn read_spelled(mount: &str) -> Option<MountId> {
    let (unique, rest) = mount.split_once(':')?;
    let (id, device) = rest.split_once(':')?;
    let unique = if unique == "-" { None } else { Some(unique.parse().ok()?) };
    Some(MountId { unique, id: id.parse().ok()?, device: device.parse().ok()? })
}

/// Unmounts, in the process that calls: only a child may.
///
/// Between the check and the call lie microseconds in which root could put another mount there. The kernel offers no unmount
/// by id, and a descriptor that pins the mount makes it busy.
pub(super) fn unmount_here(path: &Path, mount: &str, how: How) -> String {
    let Some(mount) = read_spelled(mount) else { return "no such mount id".to_owned() };
    match is_on_top(path, mount) {
        Ok(true) => {}
        Ok(false) => return "another".to_owned(),
        Err(error) => return format!("errno {}", error.raw_os_error().unwrap_or(nix::libc::EIO)),
    }
    match umount2(path, how.flags()) {
        Ok(()) => "unmounted".to_owned(),
        Err(errno) => format!("errno {}", errno as i32),
    }
}

/// Whether a mount is what a walk to the path meets: by unique id where there is one, else by id and device number.
fn is_on_top(path: &Path, mount: MountId) -> io::Result<bool> {
    if let (Some(meant), Some(found)) = (mount.unique, sys::unique_mount_id(path)?) {
        return Ok(meant == found);
    }
    let Some(mount_point) = path.to_str().and_then(|text| text.parse::<MountPoint>().ok()) else {
        return Ok(false);
    };
    let text = mount_table::text()?;
    let table = MountTable::parse(&text).map_err(io::Error::other)?;
    Ok(table.at(&mount_point).last().is_some_and(|top| mount.is(top)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_was_spelled_and_nothing_else_is() {
        let device = "0:53".parse().expect("a device number");
        for mount in
            [MountId { unique: Some(7), id: 3, device }, MountId { unique: None, id: 3, device }]
        {
            assert_eq!(read_spelled(&spell(mount)), Some(mount));
        }
        for garbage in ["", "-", "-:3", "x:3:0:53", "-:3:0"] {
            assert_eq!(read_spelled(garbage), None, "{garbage}");
        }
    }

    #[test]
    fn a_mount_that_is_not_the_one_meant_is_left_alone() {
        let proc_is_not = "18446744073709551615:1:9:9";
        assert_eq!(unmount_here(Path::new("/proc"), proc_is_not, How::Plain), "another");
        assert_eq!(unmount_here(Path::new("/proc"), "-:4294967295:9:9", How::Detached), "another");
        assert!(Path::new("/proc/self").exists());
    }
}
