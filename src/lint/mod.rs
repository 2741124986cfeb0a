//! What is wrong with a domain's XML, seen from where its disks lie.
//!
//! Text and values in, findings out. Decides what is a fault and what would mend it; reads no file, asks no libvirt, and prints
//! nothing.
//!
//! ```text
//! examine    from bytes to findings             rule       what a rule is, and says of itself
//! subject    a document as the rules see it     registry   all of them
//! disk       one disk of it                     rules/     one rule a file, with its reason
//! facts      what is kept of it for the rules about several
//! finding    what a rule found, and its fix     linter     the rules about the linter's own work
//! suppress   findings that somebody allows      reference  all rules, as a page
//! splice     a document with its fixes made     spread     many documents, on every core
//! spelling   exports that were spelled otherwise when their key was computed
//! ```
#![deny(clippy::disallowed_methods)]

mod disk;
mod examine;
mod facts;
mod finding;
mod linter;
mod reference;
mod registry;
mod rule;
mod rules;
mod spelling;
mod splice;
mod spread;
mod subject;
mod suppress;

pub use disk::{Backing, Disk, Said};
pub use examine::{Examined, Opinion, Root, examine, examine_with};
pub use facts::{Facts, Form, Image, UseOf};
pub use finding::{Edit, Finding, Findings, Fix, Related, Safety};
pub use linter::{AGAINST_SCHEMA, LIBVIRT_REFUSES, cannot_be_ignored};
pub use reference::reference;
pub use registry::{RULES, rule};
pub use rule::{Check, Example, Group, Rule, Severity};
pub use splice::{Mended, Unmended, mend};
pub use spread::spread;
pub use subject::{Needed, OnShare, Subject};
