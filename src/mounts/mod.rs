//! The kernel's mount table, from the text of `/proc/self/mountinfo`: what is mounted at a path, and on what it lies.
//!
//! Pure: the text comes in. It is the one source that never blocks on a FUSE server that does not answer; nothing else may be
//! asked about a mount point from within our own process.
#![deny(clippy::disallowed_methods)]

mod entry;
mod id;
mod table;

pub use entry::{DeviceNumber, MountEntry, UnreadableLine};
pub use id::MountId;
pub use table::MountTable;
