//! Locks, by two processes: as QEMU and libvirt take them.

use std::fs::File;
use std::io;

use nix::errno::Errno as SystemErrno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::libc;

use super::{Ground, LockKind, Trial, ask, errno};
use crate::host::deadline::Deadline;
use crate::selftest::{Errno, Exclusion, Locks};

/// How long the other process is waited for. Whoever waits for us waits as long, and ends both.
const OTHER: std::time::Duration = std::time::Duration::from_secs(60);

pub(super) fn locks(held: &Ground, wanted: &Ground) -> Locks {
    let of = |kind| {
        exclusion(held, wanted, kind).unwrap_or_else(|error| Exclusion::Refused(errno(error)))
    };
    Locks { fcntl: of(LockKind::Fcntl), ofd: of(LockKind::Ofd) }
}

/// What a lock gives that another has.
const TAKEN: [i32; 2] = [libc::EAGAIN, libc::EACCES];

fn exclusion(held: &Ground, wanted: &Ground, kind: LockKind) -> io::Result<Exclusion> {
    let file = open(held)?;
    set(&file, kind, libc::F_WRLCK)?;
    let other = || -> io::Result<Result<(), Errno>> {
        let trial = Trial::Lock { ground: wanted.clone(), kind };
        let told = ask(&trial, Deadline::after(OTHER)).map_err(io::Error::other)?;
        told.ok_or_else(|| SystemErrno::ETIMEDOUT.into())
    };
    match other()? {
        Ok(()) => return Ok(Exclusion::Shared),
        Err(errno) if !TAKEN.contains(&errno.0) => return Ok(Exclusion::Refused(errno)),
        Err(_) => {}
    }
    set(&file, kind, libc::F_UNLCK)?;
    Ok(match other()? {
        Ok(()) => Exclusion::Excludes,
        Err(errno) if TAKEN.contains(&errno.0) => Exclusion::Stays,
        Err(errno) => Exclusion::Refused(errno),
    })
}

pub(super) fn lock(ground: &Ground, kind: LockKind) -> io::Result<()> {
    set(&open(ground)?, kind, libc::F_WRLCK)
}

fn open(ground: &Ground) -> io::Result<File> {
    ground.file("locks", OFlag::empty())
}

/// On the second byte, as libvirt does. It ends with the descriptor.
fn set(file: &File, kind: LockKind, wish: libc::c_int) -> io::Result<()> {
    let narrow = |number: libc::c_int| libc::c_short::try_from(number).expect("a small constant");
    let lock = libc::flock {
        l_type: narrow(wish),
        l_whence: narrow(libc::SEEK_SET),
        l_start: 1,
        l_len: 1,
        l_pid: 0,
    };
    let how = match kind {
        LockKind::Fcntl => FcntlArg::F_SETLK(&lock),
        LockKind::Ofd => FcntlArg::F_OFD_SETLK(&lock),
    };
    fcntl(file, how)?;
    Ok(())
}
