//! Runs libvirt guests on Quobyte volumes: mounts a share before a guest starts, unmounts it after the last one has stopped.
//!
//! Data flows one way: arguments and XML -> facts -> plan -> effects -> exit. What may use what is a table that a test holds
//! (`tests/layers.rs`).
//!
//! ```text
//! pure     share     exports, names, keys, mount points       mounts    the mount table
//!          xml       well-formed pieces, with their places    health    what a mount is found to be
//!          domain    what a domain says of storage            plan      what is to be done about a share
//!          needs     which shares a domain needs              image     headers and names of images
//!          lint      what is wrong with a domain's XML        relaxng   what a grammar finds wrong with it
//!          diskxml   the XML of a disk, written               near      what a misspelt word was meant to be
//!          escape    text for a log                             selftest  what is assumed of the client
//!          revive    a guest whose storage client died gets its disks back
//!          watch     when that is done by itself, and how often
//! mixed    config    files to settings                        lease     who holds a share, and its record
//!          hook      libvirt's call, from argv to exit        link      how libvirt finds the hook
//! effects  host      the outside world, one thing a file      observe   facts for a plan
//!          apply     a plan, step by step, under the lock     hold      a share from lock to outcome
//!          attempt   all that a guest needs, or nothing
//! ```
pub mod apply;
mod as_text;
pub mod attempt;
pub mod config;
#[cfg(feature = "admin")]
pub mod diskxml;
pub mod domain;
pub mod escape;
pub mod health;
pub mod hold;
pub mod hook;
pub mod host;
pub mod image;
pub mod lease;
#[cfg(feature = "admin")]
pub mod link;
#[cfg(feature = "admin")]
pub mod lint;
pub mod mounts;
mod near;
pub mod needs;
pub mod observe;
pub mod plan;
#[cfg(feature = "admin")]
pub mod relaxng;
#[cfg(feature = "admin")]
pub mod revive;
#[cfg(feature = "admin")]
pub mod selftest;
pub mod share;
#[cfg(feature = "admin")]
pub mod watch;
pub mod xml;
