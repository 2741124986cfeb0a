//! The control file: how a test has this client behave. Decides what the file says for one volume; not when it is read.
//!
//! It lies beside the executable and is TOML. Every key may stand at the top, for all volumes, and in a table
//! `[volume."NAME"]`, for one; without the file everything is as it should be.
//!
//! | key | values | default |
//! | --- | --- | --- |
//! | `backing` | directory whose sub-directories are the volumes | `/srv/quobyte-standin` |
//! | `mount` | `normal`, `fail`, `exit-zero-unmounted`, `exit-four-on-stdout`, `never-returns` | `normal` |
//! | `mount_delay` | time before the mount is made | `0s` |
//! | `allow_stacking` | mount over anything | `false` |
//! | `fstype` | `fuse.quobyte`, `fuse`, `fuse.other` | `fuse.quobyte` |
//! | `allow_other` | let other users than root in | `true` |
//! | `stdio` | `detach`, `keep` | `detach` |
//! | `chatter` | bytes of junk on stderr before a failure's message | `0` |
//! | `die_after` | time after the mount at which the daemon kills itself | never |
//! | `linger` | time that the daemon lives on after its mount is gone | `0s` |
//! | `refuse` | errnos of `chown`, `direct_io`, `fallocate`, `lock`, `mkdir`, `xattr`; with 0 everybody gets every lock | none |
//! | `locks` | `local`, `shared`: whether other clients of the volume see them | `local` |
//! | `answers` | `normal`, `hang`, `eio`; read anew at each request | `normal` |
//! | `answer_delay` | time before each answer; read anew at each request | `0s` |

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use thiserror::Error;

#[derive(Debug, Error)]
pub(crate) enum ControlError {
    #[error("cannot read the control file {path}: {source}")]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("the control file {path} is broken: {source}")]
    Broken { path: PathBuf, source: toml::de::Error },
    #[error("the control file {path} is broken: [volume.{volume:?}] holds volumes itself")]
    Nested { path: PathBuf, volume: String },
}

/// What holds for one volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) backing: PathBuf,
    pub(crate) mount: Mount,
    pub(crate) mount_delay: Duration,
    pub(crate) stacking: Stacking,
    pub(crate) fs_type: FsType,
    pub(crate) others: Others,
    pub(crate) stdio: Stdio,
    pub(crate) chatter: usize,
    pub(crate) die_after: Option<Duration>,
    pub(crate) linger: Duration,
    pub(crate) refusals: Refusals,
    pub(crate) locks: Locks,
    pub(crate) answers: Answers,
    pub(crate) answer_delay: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Mount {
    #[default]
    Normal,
    Fail,
    ExitZeroUnmounted,
    ExitFourOnStdout,
    /// The process that was called waits for ever, before there is a daemon.
    NeverReturns,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stacking {
    Refused,
    Allowed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub(crate) enum FsType {
    #[default]
    #[serde(rename = "fuse.quobyte")]
    Quobyte,
    /// As clients before 2.0.
    #[serde(rename = "fuse")]
    Fuse,
    /// As something that is no client at all.
    #[serde(rename = "fuse.other")]
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Others {
    LetIn,
    KeptOut,
}

/// Requests that are refused by themselves, each with its errno.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Refusals {
    pub(crate) chown: Option<i32>,
    pub(crate) direct_io: Option<i32>,
    pub(crate) fallocate: Option<i32>,
    /// Whatever is here, the kernel leaves locks to this client.
    pub(crate) lock: Option<i32>,
    pub(crate) mkdir: Option<i32>,
    pub(crate) xattr: Option<i32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Stdio {
    #[default]
    Detach,
    /// The daemon holds its caller's stdout and stderr for ever.
    Keep,
}

/// How far a lock on a file reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Locks {
    /// They are the kernel's own and end at this mount.
    #[default]
    Local,
    Shared,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Answers {
    #[default]
    Normal,
    Hang,
    Eio,
}

/// The file as written. A volume's table has the same keys, so it has the same type.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Keys {
    backing: Option<PathBuf>,
    mount: Option<Mount>,
    mount_delay: Option<Span>,
    allow_stacking: Option<bool>,
    fstype: Option<FsType>,
    allow_other: Option<bool>,
    stdio: Option<Stdio>,
    chatter: Option<usize>,
    die_after: Option<Span>,
    linger: Option<Span>,
    refuse: Option<Refusals>,
    locks: Option<Locks>,
    answers: Option<Answers>,
    answer_delay: Option<Span>,
    volume: BTreeMap<String, Keys>,
}

/// Reads the file and says what holds for `volume`.
pub(crate) fn read(path: &Path, volume: &str) -> Result<Settings, ControlError> {
    match fs::read_to_string(path) {
        Ok(text) => parse(&text, path, volume),
        Err(error) if error.kind() == io::ErrorKind::NotFound => parse("", path, volume),
        Err(source) => Err(ControlError::Unreadable { path: path.to_owned(), source }),
    }
}

fn parse(text: &str, path: &Path, volume: &str) -> Result<Settings, ControlError> {
    let mut top: Keys = toml::from_str(text)
        .map_err(|source| ControlError::Broken { path: path.to_owned(), source })?;
    if let Some((name, _)) = top.volume.iter().find(|(_, keys)| !keys.volume.is_empty()) {
        return Err(ControlError::Nested { path: path.to_owned(), volume: name.clone() });
    }
    let own = top.volume.remove(volume).unwrap_or_default();
    let span = |own: Option<Span>, all: Option<Span>| own.or(all).map(|span| span.0);
    Ok(Settings {
        backing: own.backing.or(top.backing).unwrap_or_else(|| "/srv/quobyte-standin".into()),
        mount: own.mount.or(top.mount).unwrap_or_default(),
        mount_delay: span(own.mount_delay, top.mount_delay).unwrap_or_default(),
        stacking: match own.allow_stacking.or(top.allow_stacking) {
            Some(true) => Stacking::Allowed,
            Some(false) | None => Stacking::Refused,
        },
        fs_type: own.fstype.or(top.fstype).unwrap_or_default(),
        others: match own.allow_other.or(top.allow_other) {
            Some(false) => Others::KeptOut,
            Some(true) | None => Others::LetIn,
        },
        stdio: own.stdio.or(top.stdio).unwrap_or_default(),
        chatter: own.chatter.or(top.chatter).unwrap_or_default(),
        die_after: span(own.die_after, top.die_after),
        linger: span(own.linger, top.linger).unwrap_or_default(),
        refusals: own.refuse.or(top.refuse).unwrap_or_default(),
        locks: own.locks.or(top.locks).unwrap_or_default(),
        answers: own.answers.or(top.answers).unwrap_or_default(),
        answer_delay: span(own.answer_delay, top.answer_delay).unwrap_or_default(),
    })
}

/// A length of time as `250ms` or `2s`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
struct Span(Duration);

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        match (number.parse(), unit) {
            (Ok(number), "ms") => Ok(Self(Duration::from_millis(number))),
            (Ok(number), "s") => Ok(Self(Duration::from_secs(number))),
            _ => Err(format!("{text:?} is not a time: \"250ms\" or \"2s\" is wanted")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str, volume: &str) -> Settings {
        parse(text, Path::new("standin.conf"), volume).unwrap()
    }

    #[test]
    fn a_volume_overrides_what_holds_for_all() {
        let text = "answers = 'eio'\nmount_delay = '250ms'\n[volume.gold]\nanswers = 'hang'\n\
                    [volume.'a/b']\ndie_after = '2s'\n";
        assert_eq!(settings(text, "gold").answers, Answers::Hang);
        assert_eq!(settings(text, "gold").mount_delay, Duration::from_millis(250));
        assert_eq!(settings(text, "silver").answers, Answers::Eio);
        assert_eq!(settings(text, "silver").die_after, None);
        assert_eq!(settings(text, "a/b").die_after, Some(Duration::from_secs(2)));
    }

    #[test]
    fn a_broken_file_is_located() {
        for (text, place) in [
            ("answers = 'normal'\nanswer = 'hang'\n", "line 2, column 1"),
            ("\n\nanswers = 'hung'\n", "line 3, column 11"),
            ("mount_delay = '2 h'\n", "line 1, column 15"),
            ("mount_delay = 2\n", "line 1, column 15"),
            ("[volume.x]\nnope = 1\n", "line 2, column 1"),
            ("[volume.x.volume.y]\n", "[volume.\"x\"]"),
            ("=", "line 1, column 1"),
        ] {
            let error = parse(text, Path::new("standin.conf"), "x").unwrap_err().to_string();
            assert!(error.contains(place), "{text:?}: {error}");
            assert!(error.contains("standin.conf"), "{text:?}: {error}");
        }
    }
}
