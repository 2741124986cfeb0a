//! What is to be done about a share that is watched, from what is seen of it and from what was done before. Does nothing itself.
//!
//! Somebody who watches is there when nobody else is, so what is not to happen is decided here: two revivals at once, more of
//! them than are allowed, and the same words at every look. Pure: instants come in, and so does what became of a revival.
//!
//! ```text
//! course   from what is seen to what is to be done      news   what is said of it
//! ```
#![deny(clippy::disallowed_methods)]

mod course;
mod news;
#[cfg(test)]
mod tests;

pub use course::{Course, Deed, End, Seen, WINDOW};
pub use news::News;
