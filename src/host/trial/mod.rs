//! Tries what the client of a mount can do, from a child process: for `selftest` only.
//!
//! Everything happens below the mount's root, which is opened once and held against the mount's id: the bare directory below it
//! is never touched, whatever becomes of the mount meanwhile. No hook starts such a child; the admin command answers for it.

mod apart;
mod daemons;
mod files;
mod locks;
mod root;
mod scratch;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::time::Duration;

use nix::errno::Errno as SystemErrno;
use nix::fcntl::{OFlag, open, openat};
use nix::sys::stat::Mode;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use daemons::own_cgroup;

use super::deadline::Deadline;
use super::program::StartError;
use super::{client, own_child, trusted_path};
use crate::selftest::{Daemon, Errno};
use crate::share::Share;

/// The option that makes the admin command try something: with one operand, the trial as JSON.
const OPTION: &str = "--try-client";

/// The root of a mount, and the directory on the volume that is ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ground {
    /// Where it is mounted.
    pub mount_point: String,
    /// The mount's number in the mount table.
    pub mount: u32,
    /// The name of our directory in it.
    pub scratch: String,
}

/// What to try; beside each, the type of what is seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Trial {
    /// The root: [`Root`](crate::selftest::Root).
    Root(Ground),
    /// The making of our directory: `Result<(), Errno>`.
    MakeScratch(Ground),
    /// The removal of it and all in it, or what is in the way: `Result<(), String>`.
    RemoveScratch(Ground),
    /// I/O past the page cache: [`DirectIo`](crate::selftest::DirectIo).
    DirectIo(Ground),
    /// Space: [`Space`](crate::selftest::Space).
    Space(Ground),
    /// A change of owner: `Result<bool, Errno>`.
    Owner(Ground),
    /// A trusted attribute: `Result<bool, Errno>`.
    Attribute(Ground),
    /// Locks: [`Locks`](crate::selftest::Locks).
    Locks {
        /// Where one process holds them.
        held: Ground,
        /// Where another one wants them: the same, or another client's mount of the same volume.
        wanted: Ground,
    },
    /// Whether a lock can be had, which is let go of at once: `Result<(), Errno>`.
    Lock {
        /// Where.
        ground: Ground,
        /// Which.
        kind: LockKind,
    },
    /// How soon a name is seen: `Result<Option<Duration>, Errno>`.
    NameApart {
        /// Where it is made.
        made: Ground,
        /// Where it is looked for.
        seen: Ground,
        /// How long.
        within: Duration,
    },
    /// What still works on a mount: `Vec<Access>`.
    Accesses(Ground),
    /// The processes with these arguments: `Vec<Daemon>`.
    Daemons {
        /// In this order among their own.
        arguments: Vec<String>,
        /// How long to look.
        within: Duration,
    },
}

/// The two kinds of locks on bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LockKind {
    /// A process's.
    Fcntl,
    /// An open file's.
    Ofd,
}

/// A trial that could not be made, which says nothing about the client.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// The child could not be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The child died or said what it should not.
    #[error("the process that tried the client said {said:?}")]
    Answer {
        /// What it said.
        said: String,
    },
}

/// Has a child try something, and returns what it saw; `None` if it did not come back until the deadline.
pub fn ask<T: DeserializeOwned>(
    trial: &Trial,
    deadline: Deadline,
) -> Result<Option<T>, TrialError> {
    let operand = serde_json::to_string(trial).expect("it has no map and no float");
    let asked = [OsStr::new(OPTION), OsStr::new(&operand)];
    let Some(said) = own_child::ask(&asked, Stdio::null(), deadline)? else { return Ok(None) };
    serde_json::from_str(&said).map(Some).map_err(|_| TrialError::Answer { said })
}

/// The processes of a share's client, found by the arguments that it was started with.
pub fn daemons(share: &Share, deadline: Deadline) -> Result<Option<Vec<Daemon>>, TrialError> {
    let arguments = client::own_arguments(share).map(str::to_owned).into();
    ask(&Trial::Daemons { arguments, within: deadline.left() * 3 / 4 }, deadline)
}

/// Tries something and returns what was seen, if that is what this process was started for.
pub fn answer(arguments: &[OsString]) -> Option<String> {
    let [option, operand] = arguments else { return None };
    if option != OPTION {
        return None;
    }
    match serde_json::from_str(operand.to_str()?).ok()? {
        Trial::Root(ground) => spell(&root::look(&ground)),
        Trial::MakeScratch(ground) => spell(&scratch::make(&ground).map_err(errno)),
        Trial::RemoveScratch(ground) => {
            spell(&scratch::remove(&ground).map_err(|error| error.to_string()))
        }
        Trial::DirectIo(ground) => spell(&files::direct_io(&ground)),
        Trial::Space(ground) => spell(&files::space(&ground)),
        Trial::Owner(ground) => spell(&files::owner(&ground).map_err(errno)),
        Trial::Attribute(ground) => spell(&files::attribute(&ground).map_err(errno)),
        Trial::Locks { held, wanted } => spell(&locks::locks(&held, &wanted)),
        Trial::Lock { ground, kind } => spell(&locks::lock(&ground, kind).map_err(errno)),
        Trial::NameApart { made, seen, within } => {
            spell(&apart::name(&made, &seen, Deadline::after(within)).map_err(errno))
        }
        Trial::Accesses(ground) => spell(&root::accesses(&ground)),
        Trial::Daemons { arguments, within } => {
            spell(&daemons::daemons(arguments, Deadline::after(within)))
        }
    }
}

fn spell(seen: &impl Serialize) -> Option<String> {
    serde_json::to_string(seen).ok()
}

#[expect(clippy::needless_pass_by_value, reason = "as what maps an error is given it")]
fn errno(error: io::Error) -> Errno {
    Errno(error.raw_os_error().unwrap_or(SystemErrno::EIO as i32))
}

impl Ground {
    /// The root of the mount, if it still is the mount that was meant. Its client is asked nothing.
    fn root(&self) -> io::Result<OwnedFd> {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let root = open(self.mount_point.as_str(), flags, Mode::empty())?;
        if trusted_path::mount_id(&root)? == self.mount {
            Ok(root)
        } else {
            Err(SystemErrno::ESTALE.into())
        }
    }

    /// Our directory. Who may write to the volume could have put a link in its place, which would lead anywhere on this host.
    fn directory(&self) -> io::Result<OwnedFd> {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        Ok(openat(self.root()?, self.scratch.as_str(), flags, Mode::empty())?)
    }

    /// Opens a file of ours for reading and writing, and makes it if it is not there.
    fn file(&self, name: &str, also: OFlag) -> io::Result<File> {
        let flags = OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | also;
        let mode = Mode::S_IRUSR | Mode::S_IWUSR;
        Ok(openat(self.directory()?, name, flags, mode)?.into())
    }
}

#[cfg(test)]
mod tests;
