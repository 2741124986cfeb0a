//! The state directory: one lock and one record a share, and which shares each domain holds.
//!
//! ```text
//! /run/virt-quobyte/              root, 0700
//!     KEY.lock                    the share's flock; never unlinked, so that two processes cannot lock two different files;
//!                                 with a byte in it, a domain may be named that has no lease
//!     KEY.json                    its record, replaced as a whole; absent when nothing is known
//!     domains/UUID/KEY            an empty file for each share that the domain may hold a lease on
//!     turn-HEX.lock               the flock of whoever changes the disks of the running domain with this UUID
//!     let-go/KEY/UUID             an empty file for each lease whose holder let go while somebody else had the lock
//! ```
//!
//! The `domains` part only saves `release` from reading every record on the host. It is written before a lease and removed
//! after it, so it can name a share too many, never one too few. What is too many goes when the share's record does, see `doubt`.
//!
//! The `let-go` part is for `release`, which may not wait for as long as another guest's mount takes: it leaves word, and
//! whoever has the lock next counts the lease as void.
#![allow(clippy::disallowed_methods, reason = "this file is where the room's effects are")]

mod doubt;
#[cfg(feature = "admin")]
mod leftovers;
#[cfg(feature = "admin")]
mod turn;

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::record::LARGEST;
use super::state_file::{self, Fault};
use super::{RecordError, ShareRecord};
use crate::domain::DomainUuid;
use crate::host::deadline::Deadline;
use crate::host::trusted_path::{self, Missing, UntrustedPath};
use crate::share::{MountPoint, ShareKey};
pub use doubt::Change;
use doubt::Doubt;
#[cfg(feature = "admin")]
pub use turn::Turn;

/// How long to wait between two looks at a lock. A holder keeps it for as long as a mount takes, so a shorter one gains little.
const LOCK_POLL: Duration = Duration::from_millis(5);

/// The directory that holds all state. It is on a file system that does not survive a reboot, as the mounts do not.
#[derive(Debug)]
pub struct StateDir {
    path: PathBuf,
}

/// A share whose flock is held: the only way to change its record.
#[derive(Debug)]
pub struct LockedShare<'a> {
    dir: &'a StateDir,
    key: ShareKey,
    // Close-on-exec, as everything that std opens: a client that daemonises must not inherit the lock.
    lock: File,
    doubt: Doubt,
}

/// What went wrong with the state.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The directory cannot be trusted.
    #[error("the state directory: {0}")]
    Untrusted(#[from] UntrustedPath),
    /// Others than root can look into the directory.
    #[error("the state directory {} has mode {mode:04o}; it must be 0700", path.display())]
    Mode {
        /// The directory.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Another process decides about the share, and did not finish in time.
    #[error("the share's lock {} was held by another process for {waited:?}", path.display())]
    Busy {
        /// The lock file.
        path: PathBuf,
        /// How long it was waited for.
        waited: Duration,
    },
    /// What should be a share's lock is none.
    #[error("the share's lock {} is {kind}, and should be a file; remove it", path.display())]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// What it is instead.
        kind: &'static str,
    },
    /// A record cannot be used.
    #[error("{}: {source}", path.display())]
    Record {
        /// The record's file.
        path: PathBuf,
        /// Why.
        source: RecordError,
    },
    /// The system refused.
    #[error("cannot {what} {}: {source}", path.display())]
    Io {
        /// Reading, writing and the like.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

fn io_error<'p>(what: &'static str, path: &'p Path) -> impl FnOnce(io::Error) -> StateError + 'p {
    move |source| StateError::Io { what, path: path.to_owned(), source }
}

impl StateDir {
    /// Opens the directory; `None` if there is none, and so no state.
    pub fn open(path: &MountPoint) -> Result<Option<Self>, StateError> {
        match trusted_path::walk(path, Missing::IsAnError) {
            Ok(end) => Self::at(path, end.mode).map(Some),
            Err(UntrustedPath::Missing { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Opens the directory, and makes it if there is none.
    pub fn create(path: &MountPoint) -> Result<Self, StateError> {
        let end = trusted_path::walk(path, Missing::IsMade { mode: 0o700 })?;
        Self::at(path, end.mode)
    }

    fn at(path: &MountPoint, mode: u32) -> Result<Self, StateError> {
        let (path, mode) = (path.as_path().to_owned(), mode & 0o7777);
        if mode & 0o077 != 0 {
            return Err(StateError::Mode { path, mode });
        }
        Ok(Self { path })
    }

    /// Takes a share's lock, for as long as the returned value lives.
    pub fn lock(&self, key: &ShareKey, deadline: Deadline) -> Result<LockedShare<'_>, StateError> {
        let lock = self.lock_to_look(key, deadline)?;
        // Only who has the lock writes, so this is the half of a record that a process died at.
        remove_if_there(&self.new_record_path(key))?;
        Ok(lock)
    }

    /// The same, and all that is kept stays as it is.
    pub fn lock_to_look(
        &self,
        key: &ShareKey,
        deadline: Deadline,
    ) -> Result<LockedShare<'_>, StateError> {
        let path = self.lock_path(key);
        let lock = take_lock(&path, deadline)?;
        let doubt = Doubt::of(&lock).map_err(io_error("look at", &path))?;
        Ok(LockedShare { dir: self, key: key.clone(), lock, doubt })
    }

    /// Reads a share's record without its lock: as it was at some instant, never half of a change.
    pub fn peek(&self, key: &ShareKey) -> Result<Option<ShareRecord>, StateError> {
        let path = self.record_path(key);
        let source = match state_file::open_to_read(&path) {
            Ok(None) => return Ok(None),
            Ok(Some((mut file, length))) => {
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                match ShareRecord::read_from(&mut file, length, key) {
                    Ok(Ok(record)) => return Ok(Some(record)),
                    Ok(Err(source)) => source,
                    Err(error) => return Err(io_error("read", &path)(error)),
                }
            }
            Err(Fault::NotAFile(kind)) => RecordError::NotAFile(kind),
            Err(Fault::Io(error)) => return Err(io_error("read", &path)(error)),
        };
        Err(StateError::Record { path, source })
    }

    /// The shares that have a record, in the order of their keys.
    pub fn recorded(&self) -> Result<Vec<ShareKey>, StateError> {
        keys_in(&self.path, ".json")
    }

    /// The records that could not be read and were put aside, for a person to look at.
    pub fn set_aside(&self) -> Result<Vec<PathBuf>, StateError> {
        let mut names = names_in(&self.path)?;
        names.retain(|name| name.to_str().is_some_and(|name| name.contains(".json.damaged-")));
        names.sort_unstable();
        Ok(names.into_iter().map(|name| self.path.join(name)).collect())
    }

    /// The shares that a domain may hold a lease on.
    pub fn held_by(&self, domain: &DomainUuid) -> Result<Vec<ShareKey>, StateError> {
        keys_in(&self.domain_path(domain), "")
    }

    /// Leaves word, without the lock, that a domain has let go of a share.
    pub fn leave_word(&self, key: &ShareKey, domain: &DomainUuid) -> Result<(), StateError> {
        put_file(&self.let_go_path(key), &domain.to_string())
    }

    /// The domains that have left word that they let go of a share, as it was at some instant.
    pub fn let_go(&self, key: &ShareKey) -> Result<Vec<DomainUuid>, StateError> {
        let mut domains = Vec::new();
        for name in names_in(&self.let_go_path(key))? {
            domains.extend(name.to_str().and_then(|name| name.parse::<DomainUuid>().ok()));
        }
        Ok(domains)
    }

    fn let_go_path(&self, key: &ShareKey) -> PathBuf {
        self.path.join("let-go").join(key.as_str())
    }

    fn lock_path(&self, key: &ShareKey) -> PathBuf {
        self.path.join(format!("{key}.lock"))
    }

    fn record_path(&self, key: &ShareKey) -> PathBuf {
        self.path.join(format!("{key}.json"))
    }

    fn new_record_path(&self, key: &ShareKey) -> PathBuf {
        self.path.join(format!("{key}.json.new"))
    }

    fn domain_path(&self, domain: &DomainUuid) -> PathBuf {
        self.path.join("domains").join(domain.to_string())
    }
}

fn take_lock(path: &Path, deadline: Deadline) -> Result<File, StateError> {
    let lock = match state_file::open_lock(path) {
        Ok(lock) => lock,
        Err(Fault::NotAFile(kind)) => {
            return Err(StateError::Lock { path: path.to_owned(), kind });
        }
        Err(Fault::Io(error)) => return Err(io_error("open", path)(error)),
    };
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            Err(TryLockError::Error(error)) => return Err(io_error("lock", path)(error)),
            Err(TryLockError::WouldBlock) if deadline.is_over() => {
                return Err(StateError::Busy { path: path.to_owned(), waited: deadline.length() });
            }
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_POLL.min(deadline.left())),
        }
    }
}

/// The keys among a directory's file names, which end with this; a missing directory has none.
fn keys_in(path: &Path, suffix: &str) -> Result<Vec<ShareKey>, StateError> {
    let names = names_in(path)?;
    let keys = names.iter().filter_map(|name| name.to_str()?.strip_suffix(suffix)?.parse().ok());
    let mut keys: Vec<ShareKey> = keys.collect();
    keys.sort_unstable();
    Ok(keys)
}

fn names_in(path: &Path) -> Result<Vec<OsString>, StateError> {
    let listing = match fs::read_dir(path) {
        Ok(listing) => listing,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(io_error("list", path)(error)),
    };
    listing.map(|file| file.map(|file| file.file_name()).map_err(io_error("list", path))).collect()
}

impl LockedShare<'_> {
    /// The share's key.
    pub fn key(&self) -> &ShareKey {
        &self.key
    }

    /// The lock, for a child that must keep it when this process is gone: it is free when both have closed it.
    pub fn for_child(&self) -> Result<File, StateError> {
        self.lock.try_clone().map_err(io_error("duplicate", &self.dir.lock_path(&self.key)))
    }

    /// Reads the record; `None` if nothing is known of the share.
    pub fn read(&self) -> Result<Option<ShareRecord>, StateError> {
        self.dir.peek(&self.key)
    }

    /// Puts a record in place of the earlier one, or takes it away if it says nothing any more.
    pub fn write(&self, record: &ShareRecord) -> Result<(), StateError> {
        // First, so that whoever comes after us looks at the names, should we not come to it.
        if self.doubt.is_there() {
            self.keep_doubt()?;
        }
        if record.is_blank() {
            return self.take_away_record();
        }
        let path = self.dir.record_path(&self.key);
        let new = self.dir.new_record_path(&self.key);
        let mut file = state_file::replace(&new).map_err(io_error("create", &new))?;
        let length = record.write_to(&mut file).map_err(io_error("write", &new))?;
        if length > LARGEST {
            // It would not be read again, and the earlier one still can be.
            remove_if_there(&new)?;
            return Err(StateError::Record { path, source: RecordError::TooLarge });
        }
        file.sync_data().map_err(io_error("write", &new))?;
        fs::rename(&new, &path).map_err(io_error("replace", &path))
    }

    /// Takes away all that is kept of a share of which nothing is to be known: its record, and what processes that died left.
    pub fn forget(&self) -> Result<(), StateError> {
        self.doubt_names();
        self.keep_doubt()?;
        self.take_away_record()?;
        self.settle_doubt()
    }

    fn take_away_record(&self) -> Result<(), StateError> {
        remove_if_there(&self.dir.record_path(&self.key))?;
        let words = self.dir.let_go_path(&self.key);
        for domain in names_in(&words)? {
            remove_file(&words, &domain)?;
        }
        if self.doubt.is_there() {
            let domains = self.dir.path.join("domains");
            for domain in names_in(&domains)? {
                remove_file(&domains.join(domain), self.key.as_str())?;
            }
            self.doubt.end();
        }
        Ok(())
    }

    /// Puts a record that cannot be read out of the way, and returns where it is now.
    pub fn set_aside(&self) -> Result<PathBuf, StateError> {
        let path = self.dir.record_path(&self.key);
        let modified = fs::symlink_metadata(&path).map_err(io_error("look at", &path))?;
        // Nobody else puts anything aside while the lock is held.
        let names = (0..).map(|again| match again {
            0 => format!("json.damaged-{}", modified.mtime()),
            _ => format!("json.damaged-{}-{again}", modified.mtime()),
        });
        let aside = names
            .map(|name| path.with_extension(name))
            .find(|aside| fs::symlink_metadata(aside).is_err())
            .expect("there are more numbers than files");
        self.doubt_names();
        self.keep_doubt()?;
        fs::rename(&path, &aside).map_err(io_error("set aside", &path))?;
        Ok(aside)
    }

    /// The domains that have left word that they let go of the share.
    pub fn let_go(&self) -> Result<Vec<DomainUuid>, StateError> {
        self.dir.let_go(&self.key)
    }

    /// Notes, before the lease is written, that a domain may hold this share. An earlier word that it let go is void.
    pub fn note_domain(&self, domain: &DomainUuid) -> Result<(), StateError> {
        remove_file(&self.dir.let_go_path(&self.key), domain.to_string())?;
        put_file(&self.dir.domain_path(domain), self.key.as_str())
    }

    /// Forgets, after the lease is gone, that a domain held this share.
    pub fn forget_domain(&self, domain: &DomainUuid) -> Result<(), StateError> {
        remove_file(&self.dir.let_go_path(&self.key), domain.to_string())?;
        remove_file(&self.dir.domain_path(domain), self.key.as_str())
    }
}

/// Makes an empty file, and the directory for it.
fn put_file(directory: &Path, name: &str) -> Result<(), StateError> {
    let path = directory.join(name);
    // Whoever takes the last file out of the directory takes the directory too, so it can go between the two calls. Each
    // round that fails is another process's success.
    for _ in 0..100 {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(io_error("make", directory))?;
        match state_file::create(&path) {
            Ok(_) => return Ok(()),
            // Its name is all that counts.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(io_error("create", &path)(error)),
        }
    }
    Err(io_error("create", &path)(ErrorKind::NotFound.into()))
}

fn remove_if_there(path: &Path) -> Result<(), StateError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(io_error("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Removes a file, and its directory if nothing else is in it: also one that a process that died left empty.
fn remove_file(directory: &Path, name: impl AsRef<Path>) -> Result<(), StateError> {
    remove_if_there(&directory.join(name))?;
    match fs::remove_dir(directory) {
        Err(error)
            if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::DirectoryNotEmpty) =>
        {
            Err(io_error("remove", directory)(error))
        }
        _ => Ok(()),
    }
}
