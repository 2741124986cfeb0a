//! What this project assumes of the Quobyte client, and what is to be said of each assumption after a look at a real one.
//!
//! Pure: the client is tried elsewhere ([`crate::host::trial`] and the command), and what was seen comes in. An assumption keeps
//! its number for ever: reports of several hosts are laid side by side.
//!
//! ```text
//! assumption   the table           seen    what a trial of a client showed
//! judge        what that means
//! ```
#![deny(clippy::disallowed_methods)]

mod assumption;
mod judge;
mod seen;

pub use assumption::{ASSUMPTIONS, Assumption, Trust};
pub use judge::{Finding, Verdict, judge};
pub use seen::{
    Access, Answer, Daemon, DaemonEnd, Death, DirectIo, Errno, Exclusion, Home, Line, Locks, Root,
    Second, Seen, Space, Start, TakenDown, Usable, Why,
};
