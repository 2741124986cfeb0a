//! Whether more domains are named than there are leases.
//!
//! A domain is named before its lease is written, and until after that is gone. Who dies in between leaves a name that no lease
//! stands behind, and whoever takes the share's record away takes it too: by a look at every domain of the host. So that this
//! need not be done where nobody has died, the share's lock file has a byte in it for as long as a name and a lease may differ,
//! and from then on until all names were looked at.

use std::cell::Cell;
use std::fs::File;
use std::io;

use super::{LockedShare, StateError, io_error};

/// A domain's name and its lease are changed, one after the other. Dropped before that is done, it leaves them in doubt.
#[must_use]
#[derive(Debug)]
pub struct Change<'l>(&'l LockedShare<'l>);

impl Change<'_> {
    /// The name and the lease are both there, or neither is.
    pub fn done(self) -> Result<(), StateError> {
        self.0.settle_doubt()
    }
}

impl LockedShare<'_> {
    /// Has all names of domains looked at when the record is taken away: what it said of them before is not believed any more.
    pub fn doubt_names(&self) {
        self.doubt.begin();
    }

    /// Begins a change of a domain's name and its lease.
    pub fn change(&self) -> Result<Change<'_>, StateError> {
        self.keep_doubt()?;
        Ok(Change(self))
    }

    pub(super) fn keep_doubt(&self) -> Result<(), StateError> {
        self.doubt.keep(&self.lock).map_err(io_error("write", &self.dir.lock_path(&self.key)))
    }

    pub(super) fn settle_doubt(&self) -> Result<(), StateError> {
        self.doubt.settle(&self.lock).map_err(io_error("write", &self.dir.lock_path(&self.key)))
    }
}

/// What is known of it while the lock is held.
#[derive(Debug)]
pub(super) struct Doubt {
    /// There may be such names, of an earlier process.
    is_there: Cell<bool>,
    /// The lock file says so.
    is_kept: Cell<bool>,
}

impl Doubt {
    /// As the last process that had the lock has left it.
    pub(super) fn of(lock: &File) -> io::Result<Self> {
        let is_kept = lock.metadata()?.len() > 0;
        Ok(Self { is_there: Cell::new(is_kept), is_kept: Cell::new(is_kept) })
    }

    pub(super) fn is_there(&self) -> bool {
        self.is_there.get()
    }

    /// From now on, also if nothing of it is on disk yet.
    pub(super) fn begin(&self) {
        self.is_there.set(true);
    }

    /// All names were looked at.
    pub(super) fn end(&self) {
        self.is_there.set(false);
    }

    /// Puts it on disk.
    pub(super) fn keep(&self, lock: &File) -> io::Result<()> {
        if !self.is_kept.replace(true) {
            lock.set_len(1)?;
        }
        Ok(())
    }

    /// Takes it from there, unless there is still one.
    pub(super) fn settle(&self, lock: &File) -> io::Result<()> {
        if !self.is_there() && self.is_kept.replace(false) {
            lock.set_len(0)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_doubt_outlives_the_process_that_did_not_end_it_and_no_other() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let again = || Doubt::of(file.as_file()).expect("its length");
        let lock = file.as_file();
        assert!(!again().is_there());
        let orderly = again();
        orderly.keep(lock).expect("kept");
        assert!(again().is_there(), "whoever comes while it is at work");
        orderly.settle(lock).expect("settled");
        assert!(!again().is_there());
        again().keep(lock).expect("kept");
        let next = again();
        next.keep(lock).and_then(|()| next.settle(lock)).expect("a change of its own");
        assert!(again().is_there(), "its own change says nothing of an earlier one");
        next.end();
        next.settle(lock).expect("settled");
        assert!(!again().is_there());
    }
}
