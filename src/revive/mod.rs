//! Decides how a running guest gets its disks back whose storage client has died. Does nothing itself.
//!
//! A file that QEMU has open on a dead mount stays dead, also when the share has been mounted anew. So each disk of the guest that
//! has one is put on a placeholder, which fails every access; QEMU lets go of the dead files and opens the same nodes again, under
//! their old names and on the new mount; and the disk is put back on them. libvirt knows disks by the names of their nodes, and so
//! sees no difference.
//!
//! ```text
//! facts      what QEMU says of itself         given     which nodes libvirt had it open, and how
//! words      what the domain says of a disk   node      names of nodes, and their options
//! decide     a guest's revival, or a refusal  refusal   why a guest is not revived
//! unflushed  what a disk may lose             step      one thing to do, and what it leaves if it fails
//! obstacle   what a domain's XML shows of it  outlook   what would become of a guest, from its XML alone
//! monitor    questions and answers as text     purpose   whether the client has died, or is replaced
//! ```
//!
//! The same steps put a guest on another client while the old one lives. Then what QEMU keeps is flushed first, so nothing is lost,
//! and as long as no disk has left its nodes the guest can go on as it was.
//!
//! What a revival has come to is read from QEMU alone: a disk on a placeholder is one whose dead nodes were let go of, and the
//! placeholder's name says which node it stands for and whether the guest is to run in the end. So whoever comes after a revival
//! that was cut off, at whatever step, decides by what is there and goes on from it:
//!
//! - a placeholder is added before anything is stopped, and goes after the guest runs again: as long as something is to be done,
//!   one is there;
//! - nodes below a placeholder are nobody's: they are taken away and opened anew, whichever mount they were opened on;
//! - a guest that somebody resumes in between is stopped by its first access, and neither reads nor writes what is not there.
#![deny(clippy::disallowed_methods)]

mod decide;
mod facts;
mod given;
pub mod monitor;
mod node;
mod obstacle;
mod outlook;
mod purpose;
mod refusal;
#[cfg(test)]
mod simulation;
mod step;
mod unflushed;
mod words;

pub use decide::{Disk, Guest, Revival, decide};
pub use facts::{Facts, RunState, Unreadable, state_of};
pub use given::Given;
pub use node::{DevicePath, NodeName, NodeOptions, Placeholder};
pub use obstacle::Obstacle;
pub use outlook::{Outlook, outlook};
pub use purpose::Purpose;
pub use refusal::Refusal;
pub use step::{Deed, NotSo, Step, undo};
pub use unflushed::Unflushed;
pub use words::DiskWords;
