//! Locks that other clients of the volume see: each is taken on the backing file, which all clients share, under an open file of its
//! owner's own. Decides when an owner's locks are gone.
//!
//! A process's locks go when it closes the file (`flush` names their owner). Those of an open file go with it, and only the handle
//! through which they were taken says which those are.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::File;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use fuser::{FileHandle, INodeNo, LockOwner};
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::libc;

use super::inodes::reopen;
use super::{Volume, refuse};

/// How often somebody who waits for a lock tries again.
const PAUSE: Duration = Duration::from_millis(10);

/// Each owner's open file of each inode, and the handle that it was last asked for through.
#[derive(Debug, Default)]
pub(super) struct SharedLocks(Mutex<HashMap<(u64, u64), (File, FileHandle)>>);

/// A lock as the kernel asks for it, both ends included.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub(super) ino: INodeNo,
    pub(super) handle: FileHandle,
    pub(super) owner: LockOwner,
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) kind: i32,
}

/// A lock as the kernel is told of it.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) kind: i32,
    pub(super) pid: u32,
}

/// Whether the caller waits until it has the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    None,
    Waits,
}

impl SharedLocks {
    pub(super) fn drop_of(&self, ino: INodeNo, owner: LockOwner) {
        self.files().remove(&(ino.0, owner.0));
    }

    pub(super) fn drop_through(&self, handle: FileHandle) {
        self.files().retain(|_, (_, through)| *through != handle);
    }

    // A panic cannot leave the map half changed, so that a poisoned lock is as good as any.
    fn files(&self) -> std::sync::MutexGuard<'_, HashMap<(u64, u64), (File, FileHandle)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Volume {
    /// Without shared locks everybody gets every lock, unless all are to be refused.
    pub(super) fn lock(&self, wanted: &Wanted, patience: Patience) -> io::Result<()> {
        refuse(self.refusals.lock)?;
        let Some(locks) = &self.locks else { return Ok(()) };
        loop {
            match self.take(locks, wanted) {
                Err(Errno::EAGAIN) if patience == Patience::Waits => thread::sleep(PAUSE),
                outcome => return Ok(outcome?),
            }
        }
    }

    /// The first lock in the way of this one; of kind `F_UNLCK` if there is none.
    pub(super) fn who_locks(&self, wanted: &Wanted) -> io::Result<Found> {
        refuse(self.refusals.lock)?;
        let Some(locks) = &self.locks else {
            return Ok(Found { start: wanted.start, end: wanted.end, kind: libc::F_UNLCK, pid: 0 });
        };
        let mut asked = wanted.flock()?;
        let files = locks.files();
        let file = match files.get(&(wanted.ino.0, wanted.owner.0)) {
            Some((file, _)) => file.try_clone()?,
            None => reopen(&*self.inodes.get(wanted.ino)?, OFlag::O_RDWR)?,
        };
        drop(files);
        fcntl(&file, FcntlArg::F_OFD_GETLK(&mut asked))?;
        let start = asked.l_start.cast_unsigned();
        let end = match asked.l_len {
            0 => i64::MAX.cast_unsigned(),
            length => start + length.cast_unsigned() - 1,
        };
        // Whose lock it is, no other host could say.
        Ok(Found { start, end, kind: asked.l_type.into(), pid: 0 })
    }

    fn take(&self, locks: &SharedLocks, wanted: &Wanted) -> Result<(), Errno> {
        let asked = wanted.flock()?;
        let mut files = locks.files();
        let (file, through) = match files.entry((wanted.ino.0, wanted.owner.0)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let inode = self.inodes.get(wanted.ino).map_err(|_| Errno::ESTALE)?;
                let file = reopen(&inode, OFlag::O_RDWR).map_err(|_| Errno::ENOLCK)?;
                new.insert((file, wanted.handle))
            }
        };
        *through = wanted.handle;
        fcntl(&*file, FcntlArg::F_OFD_SETLK(&asked)).map(drop)
    }
}

impl Wanted {
    /// What is in its way where nothing is.
    pub(super) fn unlocked(&self) -> Found {
        Found { start: self.start, end: self.end, kind: libc::F_UNLCK, pid: 0 }
    }

    fn flock(&self) -> Result<libc::flock, Errno> {
        let (start, last) = (self.start.cast_signed(), self.end.cast_signed());
        if start < 0 {
            return Err(Errno::EOVERFLOW);
        }
        // Up to the largest offset is up to the end of the file, however long it grows.
        let length = if last < 0 || last == i64::MAX { 0 } else { last - start + 1 };
        Ok(libc::flock {
            l_type: i16::try_from(self.kind).map_err(|_| Errno::EINVAL)?,
            l_whence: 0,
            l_start: start,
            l_len: length,
            l_pid: 0,
        })
    }
}
