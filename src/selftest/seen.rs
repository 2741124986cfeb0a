//! What a trial of a client showed, before anybody has judged it.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::mounts::MountEntry;

/// What came of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer<T> {
    /// This.
    Saw(T),
    /// There was no answer in time.
    Silent {
        /// How long it was waited for.
        waited: Duration,
    },
    /// It was not put.
    Unasked(Why),
}

/// Why a question was not put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// The trial ended before.
    Ended,
    /// There was no mount to put it to.
    NotMounted,
    /// The client had left an earlier one without an answer.
    WasSilent,
    /// No directory could be made on the volume.
    NoScratch,
    /// The second client, which it takes, did not mount.
    NoSecond,
}

/// An errno, spelled as the system does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Errno(pub i32);

/// All that was seen of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Whether the export names more than one registry.
    pub registries: String,
    /// The first start.
    pub start: Answer<Start>,
    /// What the mount table then had.
    pub line: Option<Line>,
    /// Where the client was to run.
    pub home: Home,
    /// What runs of it.
    pub daemons: Answer<Vec<Daemon>>,
    /// The volume's root.
    pub root: Answer<Root>,
    /// The making of a directory.
    pub scratch: Answer<Result<(), Errno>>,
    /// I/O past the page cache.
    pub direct_io: Answer<DirectIo>,
    /// Space.
    pub space: Answer<Space>,
    /// Locks, by two processes on one mount.
    pub locks: Answer<Locks>,
    /// Locks, by two processes on the mounts of two clients.
    pub locks_apart: Answer<Locks>,
    /// A change of owner, and whether it had an effect.
    pub owner: Answer<Result<bool, Errno>>,
    /// The setting of a trusted attribute, and whether it could be read back.
    pub attribute: Answer<Result<bool, Errno>>,
    /// How soon a name that one client made was seen through another; `None` if it was not.
    pub name_apart: Answer<Result<Option<Duration>, Errno>>,
    /// A start on a mount point that is in use.
    pub on_top: Answer<Second>,
    /// A start on a mount point with a file in it.
    pub on_file: Answer<Second>,
    /// A start for a volume that does not exist.
    pub nowhere: Answer<Second>,
    /// The unmount.
    pub taken_down: Answer<TakenDown>,
    /// A start right after it.
    pub again: Answer<Start>,
    /// The daemon's death.
    pub death: Answer<Death>,
}

impl Seen {
    /// Nothing yet, and why.
    pub fn nothing(registries: &str, why: &Why) -> Self {
        fn none<T>(why: &Why) -> Answer<T> {
            Answer::Unasked(why.clone())
        }
        Self {
            registries: registries.to_owned(),
            start: none(why),
            line: None,
            home: Home::Here(String::new()),
            daemons: none(why),
            root: none(why),
            scratch: none(why),
            direct_io: none(why),
            space: none(why),
            locks: none(why),
            locks_apart: none(why),
            owner: none(why),
            attribute: none(why),
            name_apart: none(why),
            on_top: none(why),
            on_file: none(why),
            nowhere: none(why),
            taken_down: none(why),
            again: none(why),
            death: none(why),
        }
    }
}

/// A start of the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// How long it took until it returned, or was given up.
    pub took: Duration,
    /// What it came to; a failure as a clause: "exited with status 4 and said: ...".
    pub returned: Result<(), String>,
    /// What was then mounted.
    pub usable: Usable,
}

/// What a client that has returned has left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Usable {
    /// A mount that answers, which was there at the first look.
    AtOnce,
    /// The same, so much later.
    After(Duration),
    /// Nothing new is mounted.
    NotMounted,
    /// A mount of which this is to be said: "is a dead mount: ...".
    Not(String),
}

/// A start that was not expected to be well, and what was mounted after it and not before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Second {
    /// What it came to.
    pub returned: Result<(), String>,
    /// How many mounts there are more.
    pub more: usize,
}

/// A line of the mount table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The type.
    pub fstype: String,
    /// The source.
    pub source: String,
    /// The file system's own options.
    pub options: String,
    /// Whether it is one of a Quobyte client, as the hook sees it.
    pub is_quobyte: bool,
    /// Whether others than root may look in, likewise.
    pub allows_other_users: bool,
}

impl Line {
    /// What is kept of an entry.
    pub fn of(entry: &MountEntry<'_>) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            fstype: text(&entry.fstype),
            source: text(&entry.source),
            options: text(&entry.super_options),
            is_quobyte: entry.is_quobyte(),
            allows_other_users: entry.allows_other_users(),
        }
    }
}

/// Where a client was to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Home {
    /// In a systemd scope of this name.
    Scope(String),
    /// In this control group, the caller's.
    Here(String),
}

/// A process of the client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Daemon {
    /// Its number.
    pub pid: u32,
    /// Its control group.
    pub cgroup: String,
    /// Whether it has the caller's outputs open.
    pub keeps_outputs: bool,
}

/// What the root of a volume said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Root {
    /// The type that statfs gives.
    pub magic: Result<i64, Errno>,
    /// Its size.
    pub size: Result<u64, Errno>,
    /// Whether another user was let in.
    pub stranger: Result<(), Errno>,
    /// `quobyte.statuspage_port`.
    pub status_port: Result<String, Errno>,
}

/// What was written past the page cache, and whether it was there when it was read back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectIo {
    /// By write and read.
    pub plain: Result<bool, Errno>,
    /// By Linux AIO.
    pub aio: Result<bool, Errno>,
}

/// What was done about the space of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Space {
    /// Whether it could be reserved.
    pub reserve: Result<(), Errno>,
    /// Whether a hole that was punched reads as zeroes.
    pub punch: Result<bool, Errno>,
}

/// What two kinds of locks are worth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Locks {
    /// `F_SETLK`, as libvirt takes them.
    pub fcntl: Exclusion,
    /// `F_OFD_SETLK`, as QEMU does.
    pub ofd: Exclusion,
}

/// What became of a lock that two processes wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Exclusion {
    /// One had it, and the other when the first had let go.
    Excludes,
    /// Both had it.
    Shared,
    /// One had it, and the other never.
    Stays,
    /// Nobody got it.
    Refused(Errno),
}

/// How an unmount went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenDown {
    /// Whether the mount is gone, or why not: "it was in use".
    pub unmount: Result<(), String>,
    /// What became of the daemon.
    pub daemon: DaemonEnd,
}

/// What became of a daemon after its unmount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DaemonEnd {
    /// It ended so long after.
    After(Duration),
    /// It had not ended when it was waited for no longer.
    NotWithin(Duration),
    /// Which process it is was not known.
    Unknown,
}

/// What was seen of a mount whose daemon was killed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Death {
    /// Whether the mount was still in the table.
    pub is_mounted: bool,
    /// What was tried on it.
    pub accesses: Vec<Access>,
}

/// One access to a file system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// The call.
    pub call: String,
    /// What it came to.
    pub outcome: Result<(), Errno>,
}

impl Errno {
    /// ENOTCONN, which a dead daemon's mount gives.
    pub const ENOTCONN: Self = Self(nix::libc::ENOTCONN);
}

/// "EACCES", or "errno 4711" for what this system has no name for.
impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match nix::errno::Errno::from_raw(self.0) {
            nix::errno::Errno::UnknownErrno => write!(f, "errno {}", self.0),
            known => write!(f, "{known:?}"),
        }
    }
}

/// "the client ... was not asked: ..." without its beginning.
impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ended => "the trial ended before",
            Self::NotMounted => "there was no mount that answers",
            Self::WasSilent => "the client had left an earlier question without an answer",
            Self::NoScratch => "no directory could be made on the volume",
            Self::NoSecond => "the second client, which it takes, did not mount",
        })
    }
}
