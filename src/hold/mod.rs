//! One share from intent to effect: lock it, read its record, observe, plan, apply, and undo what failed.
//!
//! The hook calls this for each share of a domain; the admin command calls the same for what is done by hand.
//!
//! ```text
//! acquire     somebody wants to hold it             release    somebody lets go of it
//! reconnect   a guest runs on it                    reconcile  nobody came for it, and it is put right
//! force       what no other plan does               failure    why it did not go well
//! look        what is seen of it, under its lock    record     what is kept of it
//! leftovers   what is left beside it               remount    it is there again for those who hold it
//! renew       another client takes its place
//! ```

mod acquire;
#[cfg(test)]
mod desk;
mod failure;
mod force;
#[cfg(feature = "admin")]
mod leftovers;
mod look;
mod reconcile;
mod reconnect;
mod record;
mod release;
mod remount;
#[cfg(feature = "admin")]
mod renew;

pub use acquire::{Acquired, acquire};
pub use failure::{Cause, Failure};
pub use force::{Forced, force};
#[cfg(feature = "admin")]
pub use leftovers::leftovers;
pub use reconcile::{Known, Reconciled, reconcile};
pub use reconnect::reconnect;
pub use release::{Released, give_back, release};
pub use remount::{Remounted, remount};
#[cfg(feature = "admin")]
pub use renew::{Old, Renewed, renew};

/// Whether to do what was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Decide, and do nothing.
    Show,
    /// Decide, and do it.
    Apply,
}
