//! Who needs a share to stay mounted, and which mount we made for it: as values, and where they are kept.
//!
//! `record`, `holder` and `plain` are pure. `store` is the one place that touches the state directory, with `state_file` to open what is
//! in it, and its lock is the one way to write: whoever can change a record holds the share's flock.
#![deny(clippy::disallowed_methods)]

mod holder;
mod plain;
mod record;
mod state_file;
mod store;

pub use holder::{Daemon, Holder, Lease};
pub use record::{MountRecord, RecordError, ShareRecord};
#[cfg(feature = "admin")]
pub use store::Turn;
pub use store::{Change, LockedShare, StateDir, StateError};
