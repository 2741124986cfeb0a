//! Whether a libvirt would take a domain, and which one was asked.

use std::fmt::{self, Display, Formatter};

/// What came of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It takes the domain.
    Accepted(Judge),
    /// It refuses the domain, in its own words.
    Refused { by: Judge, message: String },
    /// Nobody could be asked.
    NotAsked { why: String },
}

/// Who was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Judge {
    /// The QEMU driver, which would define the domain on a host.
    Qemu,
    /// The test driver: the same parser and what is checked for every driver, but nothing of QEMU's.
    Test { because: String },
    /// The libvirt of this URI.
    At(String),
}

impl Display for Judge {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Qemu => f.write_str("libvirt's QEMU driver"),
            Self::Test { because } => {
                write!(f, "libvirt's parser, without its QEMU driver because {because}")
            }
            Self::At(uri) => write!(f, "libvirt at {}", uri.escape_debug()),
        }
    }
}
