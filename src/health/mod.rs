//! What state a share's mount point is in, judged from the mount table's entry and from what a probe child saw.
//!
//! Pure: `host::probe` asks, this decides. The five states that matter for a decision are those of invariants 9 and 10, and
//! one more: a client that answers, but with an error.
#![deny(clippy::disallowed_methods)]

use std::fmt;
use std::time::Duration;

use crate::mounts::MountEntry;
use crate::share::Export;

/// The state of a mount point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// A Quobyte client is mounted there and answers.
    Healthy,
    /// Nothing is mounted there.
    Absent,
    /// The client is gone: every access gives ENOTCONN.
    Dead,
    /// The client did not answer in time.
    Hung {
        /// How long it was waited for.
        waited: Duration,
    },
    /// The client answers, but with this errno.
    Failing {
        /// The errno of the answer.
        errno: i32,
    },
    /// Something else is mounted there.
    Foreign(Foreign),
}

/// What makes a mount foreign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Foreign {
    /// Its type and source are not a Quobyte client's.
    OtherFileSystem {
        /// The type.
        fstype: String,
        /// The source.
        source: String,
    },
    /// It is a Quobyte mount that shows another volume.
    OtherVolume {
        /// The source.
        source: String,
    },
    /// It is bound out of a Quobyte mount, and the directory is not the volume's.
    OtherDirectory {
        /// The directory, in the mount that it is bound out of.
        root: Box<str>,
        /// The source.
        source: Box<str>,
    },
    /// It is a Quobyte mount, but made without `allow_other`.
    NotForOthers,
}

/// What a probe child saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sighting {
    /// The root answered.
    Answered {
        /// The size of the root directory: Quobyte's is 0, which is logged and decides nothing.
        root_size: u64,
    },
    /// The root answered with an error.
    Errno(i32),
    /// There was no answer.
    Silent {
        /// How long it was waited for.
        waited: Duration,
    },
}

/// ENOTCONN: what the kernel answers for a FUSE server that is gone.
const ENOTCONN: i32 = 107;
/// ECONNABORTED: what it answers to requests that were under way when the connection was aborted.
const ECONNABORTED: i32 = 103;

impl Health {
    /// What the mount table alone says; `None` if the mount must be probed.
    pub fn without_probe(top: Option<&MountEntry<'_>>, export: &Export) -> Option<Self> {
        let Some(entry) = top else { return Some(Self::Absent) };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if !entry.is_quobyte() {
            let (fstype, source) = (text(&entry.fstype), text(&entry.source));
            return Some(Self::Foreign(Foreign::OtherFileSystem { fstype, source }));
        }
        if entry.contradicts(export) {
            let source = text(&entry.source);
            return Some(Self::Foreign(match &*entry.root {
                b"/" => Foreign::OtherVolume { source },
                root => Foreign::OtherDirectory { root: text(root).into(), source: source.into() },
            }));
        }
        if !entry.allows_other_users() {
            return Some(Self::Foreign(Foreign::NotForOthers));
        }
        None
    }

    /// What a probe of a Quobyte mount means.
    pub const fn of_sighting(sighting: Sighting) -> Self {
        match sighting {
            Sighting::Answered { .. } => Self::Healthy,
            Sighting::Errno(ENOTCONN | ECONNABORTED) => Self::Dead,
            Sighting::Errno(errno) => Self::Failing { errno },
            Sighting::Silent { waited } => Self::Hung { waited },
        }
    }

    /// One word for tables and JSON.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Absent => "absent",
            Self::Dead => "dead",
            Self::Hung { .. } => "hung",
            Self::Failing { .. } => "failing",
            Self::Foreign(_) => "foreign",
        }
    }
}

/// A clause that can follow "the mount point": "has nothing mounted", "is hung: ...".
impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Healthy => f.write_str("is mounted and answers"),
            Self::Absent => f.write_str("has nothing mounted"),
            Self::Dead => f.write_str("is a dead mount: its client is gone (ENOTCONN)"),
            Self::Hung { waited } => write!(
                f,
                "is a hung mount: its client did not answer within {:.1} s",
                waited.as_secs_f32()
            ),
            Self::Failing { errno } => {
                let error = std::io::Error::from_raw_os_error(*errno);
                write!(f, "is a failing mount: its client answers with \"{error}\"")
            }
            Self::Foreign(Foreign::OtherFileSystem { fstype, source }) => write!(
                f,
                "has something else mounted: type {}, source {}",
                fstype.escape_debug(),
                source.escape_debug()
            ),
            Self::Foreign(Foreign::OtherVolume { source }) => {
                write!(f, "has another volume mounted: {}", source.escape_debug())
            }
            Self::Foreign(Foreign::OtherDirectory { root, source }) => write!(
                f,
                "has another directory mounted than the volume's: '{}' of {}",
                root.escape_debug(),
                source.escape_debug()
            ),
            Self::Foreign(Foreign::NotForOthers) => {
                f.write_str("is a mount without allow_other, so QEMU cannot open its files")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mounts::MountTable;

    fn judged(rest: &str) -> Option<Health> {
        bound("/", rest)
    }

    fn bound(root: &str, rest: &str) -> Option<Health> {
        let table = format!("1 0 0:1 / / rw - ext4 /dev/vda rw\n2 1 0:2 {root} /s rw - {rest}\n");
        let table = MountTable::parse(table.as_bytes()).expect("a good table");
        let top = table.at(&"/s".parse().expect("a good path")).pop().cloned();
        Health::without_probe(top.as_ref(), &"a,b/vol".parse().expect("a good export"))
    }

    #[test]
    fn only_a_quobyte_mount_of_the_volume_that_others_may_use_is_worth_a_probe() {
        assert_eq!(judged("fuse.quobyte quobyte@a|b/vol rw,allow_other"), None);
        assert_eq!(judged("fuse quobyte@a|b/vol rw,allow_other"), None);
        for (rest, clause) in [
            (
                "fuse.quobyte quobyte@a|b/other rw,allow_other",
                "has another volume mounted: quobyte@a|b/other",
            ),
            (
                "fuse.quobyte quobyte@a|b/vol rw",
                "is a mount without allow_other, so QEMU cannot open its files",
            ),
            (
                "tmpfs evil\\033[2J rw",
                "has something else mounted: type tmpfs, source evil\\u{1b}[2J",
            ),
        ] {
            assert_eq!(judged(rest).expect("judged without a probe").to_string(), clause);
        }
        let export = "a/v".parse().expect("a good export");
        assert_eq!(Health::without_probe(None, &export), Some(Health::Absent));
    }

    #[test]
    fn what_is_bound_out_of_a_mount_of_all_volumes_is_judged_by_its_directory() {
        let all = "fuse.quobyte quobyte@a|b/ rw,allow_other";
        assert_eq!(bound("/vol", all), None);
        for (root, seen) in [
            ("/other", "'/other'"),
            ("/vol/images", "'/vol/images'"),
            ("/vol//deleted", "'/vol//deleted'"),
            ("/evil\\033[2J", "'/evil\\u{1b}[2J'"),
        ] {
            let clause =
                format!("has another directory mounted than the volume's: {seen} of quobyte@a|b/");
            assert_eq!(bound(root, all).expect("judged without a probe").to_string(), clause);
        }
    }

    #[test]
    fn a_sighting_is_judged_by_its_errno() {
        let waited = Duration::from_secs(5);
        for (sighting, health) in [
            (Sighting::Answered { root_size: 0 }, Health::Healthy),
            (Sighting::Answered { root_size: 4096 }, Health::Healthy),
            (Sighting::Errno(107), Health::Dead),
            (Sighting::Errno(103), Health::Dead),
            (Sighting::Errno(5), Health::Failing { errno: 5 }),
            (Sighting::Silent { waited }, Health::Hung { waited }),
        ] {
            assert_eq!(Health::of_sighting(sighting), health, "{sighting:?}");
        }
    }
}
