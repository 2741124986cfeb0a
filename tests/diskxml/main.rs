//! The disks that are written: held against Nova's own driver, against the grammars of libvirt and of this project, and against
//! the parser of libvirt itself.
#![allow(clippy::print_stdout, reason = "what was skipped or counted is said")]

mod grammar;
mod insert;
mod linted;
mod nova;
mod round_trip;
mod specs;
