//! Decides what is to be done about a share, from an intent and from what was observed. Does nothing itself.
//!
//! A plan is a list of steps that can be printed and tested. The order of its steps carries the invariants:
//!
//! - a lease is written before anything is mounted for it, so a crash leaves a lease too many, never a mount too few;
//! - a lease is dropped before its mount is taken down, and the mount is taken down only if no other lease is left, so no
//!   mount that somebody holds is ever unmounted;
//! - before the client starts, the attempt is noted, and what it made is noted once it was seen: a mount without a note is not
//!   ours, and what is not ours is never unmounted;
//! - an attempt of which nothing is to be seen is ended before anything is planned ([`attempt_is_open`]): a client that outlived
//!   the hook that started it must not mount over what comes after;
//! - every step leaves a state from which the next plan for the same share gets back to the truth.
//!
//! What is used is taken out of the tree by two plans only, which the administrator asks for by name: the force of [`force()`], for a
//! dead mount, and [`renew()`], for one whose client is to be replaced under its guests.
//!
//! The hook and the admin command's `recover` use the same plans.
#![deny(clippy::disallowed_methods)]

mod acquire;
mod force;
mod observed;
mod reconnect;
mod refusal;
mod release;
mod remount;
mod renew;
#[cfg(test)]
mod simulation;
mod step;
#[cfg(test)]
mod table;

pub use acquire::acquire;
pub use force::{Force, force};
pub use observed::{Observed, OurMount, Standing, attempt_is_open};
pub use reconnect::reconnect;
pub use refusal::Refusal;
pub use release::{Keep, reconcile, release};
pub use remount::remount;
pub use renew::renew;
pub use step::{KeptMounted, Plan, Step};
