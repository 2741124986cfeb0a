//! Why a file cannot be used, or the way to it not be trusted.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why a file of the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileFault {
    /// The system says no.
    #[error("it cannot be read: {0}")]
    Unreadable(io::Error),
    /// It was named, and is not there.
    #[error("there is no such file; create it, or name another")]
    Missing,
    /// A link leads nowhere.
    #[error(
        "it is or lies behind a symbolic link that leads nowhere; repair the link, or remove it"
    )]
    Dangling,
    /// Links lead in a circle.
    #[error("it lies behind too many symbolic links; they may lead in a circle")]
    Links,
    /// A path goes on below what is no directory.
    #[error("it is no directory, and the configuration was to be found in it")]
    NotADirectory,
    /// It is something else than a file.
    #[error("it is {0}, and only a regular file is read")]
    NotAFile(&'static str),
    /// It is too large.
    #[error("it is larger than 1 MiB, which no configuration is")]
    TooLarge,
    /// It holds something else than text.
    #[error("from here on it is not UTF-8; save it as UTF-8")]
    NotUtf8,
    /// The wrong user could change it.
    #[error(
        "it belongs to {0} and not to root, and whoever can write it chooses what root mounts; chown it to root"
    )]
    Owner(Account),
    /// The wrong users could change it.
    #[error(
        "it can be written by {by} (mode {mode:04o}): whoever can write it chooses what root mounts; chmod go-w it"
    )]
    Writable {
        /// By whom.
        by: Writers,
        /// The permission bits.
        mode: u32,
    },
    /// The environment variable does not say which directory it means.
    #[error(
        "{0:?} is not absolute, and the working directory of a hook is not to be relied on; name an absolute path"
    )]
    Relative(PathBuf),
}

/// Who else may write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Writers {
    /// The members of a group.
    Group(Account),
    /// All users of the host.
    Everybody,
}

/// A user or a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// `user` or `group`.
    pub kind: &'static str,
    /// The number.
    pub id: u32,
    /// The name, if the host's own files have one.
    pub name: Option<String>,
}

impl fmt::Display for Writers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group(group) => group.fmt(f),
            Self::Everybody => f.write_str("everybody"),
        }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{} {name:?}", self.kind),
            None => write!(f, "{} {}", self.kind, self.id),
        }
    }
}
