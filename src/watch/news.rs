//! What is said of a share that is watched.

use std::fmt;
use std::time::Duration;

use crate::health::Health;

/// What is said when it begins, and not again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// Its client died, or its mount is gone.
    Lost(Health),
    /// It is not well in a way that nobody can change here.
    Ill(Health),
    /// It cannot be seen.
    Unseen(String),
    /// It is well again.
    Well,
    /// No guest holds it any more.
    LetGo,
    /// As much was done as is allowed.
    Limit {
        /// How often that is.
        at_most: usize,
        /// How long it lasts.
        wait: Duration,
    },
}

/// A clause that can follow the share's name.
impl fmt::Display for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(health) => write!(f, "its mount point {health}; its guests are seen to"),
            Self::Ill(health) => {
                write!(f, "its mount point {health}; that is for a person, and nothing is done")
            }
            Self::Unseen(why) => write!(f, "it cannot be looked at: {why}"),
            Self::Well => f.write_str("it is mounted and answers again"),
            Self::LetGo => f.write_str("no guest holds it any more"),
            Self::Limit { at_most, wait } => write!(
                f,
                "revivals within an hour: {at_most}, and no more are allowed; for {} min it is left to a person: see why its client dies, then virt-quobyte recover --revive",
                wait.as_secs().div_ceil(60)
            ),
        }
    }
}
