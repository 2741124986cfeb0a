//! What can be wrong, each with what would be right.

use std::fmt;
use std::time::Duration;

use crate::share::{
    ClientOptionsError, ExportError, ExportPatternError, MountPointError, ShareKey, ShareNameError,
};

use super::DurationError;
use super::duration::Written;
use super::load::FileFault;
use super::problem::{Place, Quoted};

/// What is wrong.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// A file cannot be used as a whole.
    #[error(transparent)]
    File(#[from] FileFault),
    /// A file is no TOML.
    #[error("it is not TOML: {0}")]
    Syntax(String),
    /// A value is of a type that its key does not take.
    #[error("{0}")]
    Type(String),
    /// There is no such key.
    #[error("there is no key {} {}{}; keys: {}",
        Quoted(key), In(table), Meant(*meant), known.join(", "))]
    UnknownKey {
        /// The table; empty for the top of the file.
        table: &'static str,
        /// What was written.
        key: String,
        /// What could have been.
        known: &'static [&'static str],
        /// What probably was meant.
        meant: Option<&'static str>,
    },
    /// `[share]` was written for `[[share]]`.
    #[error("this makes share a single table, and there may be several; write [[share]]")]
    SingleShare,

    /// A share has no such key, and needs it.
    #[error("it has no {key}; write {key} = \"{example}\"")]
    Missing {
        /// What is missing.
        key: &'static str,
        /// A value that would do.
        example: &'static str,
    },
    /// It is none of a few words.
    #[error("it is none of the words for this{}; write {}", Meant(*meant), Choice(known))]
    Word {
        /// The words.
        known: Vec<&'static str>,
        /// What probably was meant.
        meant: Option<&'static str>,
    },
    /// It is no duration.
    #[error(transparent)]
    Duration(#[from] DurationError),
    /// It is no path in normal form.
    #[error("{0}; write an absolute path without '.', '..' and '//', such as {1:?}")]
    Path(MountPointError, &'static str),
    /// It is no share's name.
    #[error(transparent)]
    Name(#[from] ShareNameError),
    /// It is no export.
    #[error("{0}; write REGISTRY[,REGISTRY...]/VOLUME")]
    Export(ExportError),
    /// It is no pattern of exports.
    #[error(
        "{0}; write REGISTRY[,REGISTRY...]/VOLUME, where '*' in VOLUME stands for anything but '/'"
    )]
    Pattern(ExportPatternError),
    /// The client does not get such options.
    #[error(transparent)]
    Options(#[from] ClientOptionsError),

    /// The whole is shorter than its parts.
    #[error("a hook call needs time for deadlines.mount ({}) and deadlines.probe ({}), and deadlines.hook is {}; \
        make it at least {}", Written(*mount), Written(*probe), Written(*hook), Written(*mount + *probe))]
    HookTooShort {
        /// The deadline of the whole.
        hook: Duration,
        /// The deadline of a mount.
        mount: Duration,
        /// The deadline of a probe.
        probe: Duration,
    },
    /// A verified share has options.
    #[error(
        "a verified share is mounted by somebody else, and nothing would read its options; \
        remove them, or write mode = \"managed\""
    )]
    OptionsUnread,

    /// Two shares have one name.
    #[error(
        "another share has this name ({0}), and a later file cannot change a share; rename or remove one"
    )]
    NameTaken(Place),
    /// Two shares have one export.
    #[error("it is the export of {0} too; one share is enough for any number of guests")]
    ExportTaken(OtherShare),
    /// Two shares have one mount point.
    #[error("it is the mount point of {0} too; give each its own")]
    MountPointTaken(OtherShare),
    /// A mount point lies inside another.
    #[error("it lies in {outer:?}, the mount point of {of}; put them side by side")]
    MountPointInside {
        /// The outer mount point.
        outer: String,
        /// Whose it is.
        of: OtherShare,
    },
    /// The host needs the directory itself.
    #[error("the system needs this directory as it is; choose one of its own, such as {0:?}")]
    SystemDirectory(&'static str),
    /// The host needs the directory above it, whole.
    #[error(
        "it lies in {tree:?}, which belongs to the system; choose another, such as {example:?}"
    )]
    SystemTree {
        /// The directory of the system.
        tree: &'static str,
        /// What would do.
        example: &'static str,
    },
    /// A mount would hide something that is needed.
    #[error(
        "a mount there would hide {path:?}, {what}; choose a directory that holds nothing else"
    )]
    Hides {
        /// What it is for.
        what: &'static str,
        /// What would be hidden.
        path: String,
    },
    /// Two directories must not lie one in the other, and do.
    #[error("this and {what} {path:?} lie one in the other; keep them apart")]
    Overlaps {
        /// The key of the other.
        what: &'static str,
        /// The other.
        path: String,
    },
    /// A directory of the mount base is named after another export's key.
    #[error(
        "below mount_base, a directory that is named like a key is for the export of that key, and this one's is \
        {0}; leave mount_point out, or choose another"
    )]
    ForeignKey(ShareKey),
}

/// The other share of two that are at odds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherShare {
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Where it is.
    pub place: Place,
}

impl fmt::Display for OtherShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "share {} ({})", Quoted(name), self.place),
            None => write!(f, "a share without a name ({})", self.place),
        }
    }
}

/// The words to choose from, as they are to be written.
struct Choice<'w>(&'w [&'static str]);

impl fmt::Display for Choice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, word) in self.0.iter().enumerate() {
            match i {
                0 => {}
                _ if i + 1 == self.0.len() => f.write_str(" or ")?,
                _ => f.write_str(", ")?,
            }
            write!(f, "{word:?}")?;
        }
        Ok(())
    }
}

/// The question whether another word was meant.
struct Meant(Option<&'static str>);

impl fmt::Display for Meant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(word) => write!(f, " (did you mean {word}?)"),
            None => Ok(()),
        }
    }
}

/// A table as its header writes it.
struct In(&'static str);

impl fmt::Display for In {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            "" => f.write_str("at the top level"),
            "share" => f.write_str("in [[share]]"),
            table => write!(f, "in [{table}]"),
        }
    }
}
