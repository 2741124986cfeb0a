//! The kernel's mount table, from the text of `/proc/self/mountinfo` or from what `statmount(2)` tells of single mounts: what is
//! mounted at a path, and on what it lies.
//!
//! Pure: the text comes in. These are the sources that never block on a FUSE server that does not answer; nothing else may be
//! asked about a mount point from within our own process.
#![deny(clippy::disallowed_methods)]

mod entry;
mod id;
mod statmount;
mod table;

pub use entry::{DeviceNumber, MountEntry, UnreadableLine};
pub use id::MountId;
pub use statmount::{ToldMount, WANTED};
pub use table::MountTable;
