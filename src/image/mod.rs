//! What an image file says of itself: what its header names, and which file such a name means.
//!
//! Pure: the bytes come in, [`crate::host::image`] has a child read them. Whether a header is to be believed is decided in
//! [`crate::needs`]; here it is only read.
#![deny(clippy::disallowed_methods)]

mod name;
mod qcow2;

use serde::{Deserialize, Serialize};

pub use name::{Target, backing_file, data_file};
pub use qcow2::{Backing, FIRST_READ, Header, HeaderError, MOST_READ, header};

/// What to ask about an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// Whether it is there. Not a byte of it is read.
    Presence,
    /// That, and what its qcow2 header names.
    Header,
}

/// What a look at an image came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// What is there.
    pub sight: Sight,
    /// Whether it is a file that every user may write to who gets there.
    pub open_to_all: bool,
}

/// What is there where an image should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sight {
    /// It is a file; more was not asked.
    File,
    /// It is a file with this header.
    Header(Header),
    /// It is a file, but has no header that can be read.
    NoHeader {
        /// Why.
        why: String,
    },
    /// It is a symlink: what it leads to was not looked at.
    Symlink,
    /// It is there, but not a regular file: a directory, a device.
    NotAFile,
    /// To look at it gave this errno.
    Errno(i32),
}

impl Ask {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Presence, Self::Header];

    /// A word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Presence => "presence",
            Self::Header => "header",
        }
    }
}
