//! The root of a volume, and a whole volume that should be dead.

use std::io;
use std::os::fd::OwnedFd;

use nix::dir::Dir;
use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::stat::{Mode, fstat, fstatat};
use nix::sys::statfs::fstatfs;
use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid};

use super::{Ground, errno};
use crate::host::sys;
use crate::selftest::{Access, Errno, Root};

/// A user and a group whom nothing belongs to.
const NOBODY: u32 = 65534;

pub(super) fn look(ground: &Ground) -> Root {
    let root = match ground.root() {
        Ok(root) => root,
        Err(error) => {
            let errno = errno(error);
            return Root {
                magic: Err(errno),
                size: Err(errno),
                stranger: Err(errno),
                status_port: Err(errno),
            };
        }
    };
    // The attribute is read through a descriptor that the client has opened: one for the path alone takes none.
    let port = openat(&root, ".", OFlag::O_RDONLY | OFlag::O_DIRECTORY, Mode::empty())
        .map_err(io::Error::from)
        .and_then(|root| sys::xattr(root, c"quobyte.statuspage_port"));
    Root {
        magic: fstatfs(&root).map(|seen| seen.filesystem_type().0).map_err(of),
        size: fstat(&root).map(|seen| seen.st_size.cast_unsigned()).map_err(of),
        status_port: port.map(|port| String::from_utf8_lossy(&port).into_owned()).map_err(errno),
        // At last: this process is another user from then on.
        stranger: as_another(&root).map_err(of),
    }
}

/// Asks for the attributes of the root as another user, to whom the kernel gives none without `allow_other`.
fn as_another(root: &OwnedFd) -> nix::Result<()> {
    let (user, group) = (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY));
    setgroups(&[])?;
    setresgid(group, group, group)?;
    setresuid(user, user, user)?;
    fstat(root).map(drop)
}

fn of(errno: nix::errno::Errno) -> Errno {
    Errno(errno as i32)
}

/// Tries what a guest's start would.
pub(super) fn accesses(ground: &Ground) -> Vec<Access> {
    let access = |call: &str, outcome: io::Result<()>| Access {
        call: call.to_owned(),
        outcome: outcome.map_err(errno),
    };
    let root = match ground.root() {
        Ok(root) => root,
        Err(error) => return vec![access("open", Err(error))],
    };
    let directory = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let list = || -> io::Result<()> {
        let mut listing = Dir::from_fd(openat(&root, ".", directory, Mode::empty())?)?;
        listing.iter().try_for_each(|name| name.map(drop))?;
        Ok(())
    };
    vec![
        access("stat", fstat(&root).map(drop).map_err(io::Error::from)),
        access("statfs", fstatfs(&root).map(drop).map_err(io::Error::from)),
        access("readdir", list()),
        access(
            "a look for a file",
            fstatat(&root, ground.scratch.as_str(), AtFlags::AT_SYMLINK_NOFOLLOW)
                .map(drop)
                .map_err(io::Error::from),
        ),
    ]
}
