//! What must hold for whatever the readers are given: the properties that the fuzzers look for a counter-example to.
//!
//! Each check takes bytes, reads them and panics if something that is promised does not hold. A fuzzer calls it again and
//! again with what it makes up (`tests/fuzz/run`); the test `replay` calls it with the seeds and with every input that
//! once broke something.

pub mod config;
pub mod domain;
pub mod mountinfo;
pub mod needs;
pub mod record;

/// A reader, and what must hold for it.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// What its fuzzer, its seeds and its regressions are called.
    pub name: &'static str,
    /// Panics if something does not hold.
    pub check: fn(&[u8]),
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target { name: "config", check: config::check },
    Target { name: "domain", check: domain::check },
    Target { name: "mountinfo", check: mountinfo::check },
    Target { name: "needs", check: needs::check },
    Target { name: "record", check: record::check },
];

/// A message is made of what came from outside, and ends up on a terminal or in libvirt's log.
fn is_a_message(text: &str, longest: usize) {
    assert!(!text.is_empty(), "an empty message");
    assert!(!text.chars().any(char::is_control), "a control character in {text:?}");
    assert!(text.len() <= longest, "a message of {} bytes: {text:.200}...", text.len());
}
