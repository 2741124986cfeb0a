//! What is wrong with a domain's XML, seen from where its disks lie.
//!
//! Text and values in, findings out. Decides what is a fault and what would mend it; reads no file, asks no libvirt, and prints
//! nothing.
//!
//! ```text
//! examine    from bytes to findings             rule       what a rule is, and says of itself
//! subject    a document as the rules see it     registry   all of them
//! disk       one disk of it                     rules/     one rule a file, with its reason
//! finding    what a rule found, and its fix     linter     the rules about the linter's own work
//! suppress   findings that somebody allows      reference  all rules, as a page
//! splice     a document with its fixes made     spread     many documents, on every core
//! spelling   exports that were spelled otherwise when their key was computed
//! ```
#![deny(clippy::disallowed_methods)]

mod disk;
mod examine;
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

use crate::xml::ElementRef;

pub use disk::{Backing, Disk, Said};
pub use examine::{Examined, Opinion, Root, examine, examine_with};
pub use finding::{Edit, Finding, Findings, Fix, Related, Safety};
pub use linter::{AGAINST_SCHEMA, LIBVIRT_REFUSES, cannot_be_ignored};
pub use reference::reference;
pub use registry::{RULES, rule};
pub use rule::{Check, Example, Group, Rule, Severity};
pub use splice::{Mended, Unmended, mend};
pub use spread::spread;
pub use subject::{Needed, OnShare, Subject};

/// What was found in a subject, and how many findings it suppresses.
#[derive(Debug, Default)]
struct Judged {
    findings: Vec<Finding>,
    suppressed: usize,
}

/// Looks at documents together: what each has wrong, in the order of the documents, and what they have wrong between them.
fn judge(
    subjects: &[Subject<'_, '_>],
    others: &mut dyn FnMut(ElementRef<'_, '_>) -> Vec<Opinion>,
) -> Vec<Judged> {
    let mut found = spread(subjects, |subject| {
        let mut found = Vec::new();
        for rule in RULES {
            if let Check::Document(check) = rule.check {
                check(subject, &mut Findings::of(rule, std::slice::from_mut(&mut found)));
            }
        }
        found
    });
    // A rule about one document knows it as the first and only one.
    for (number, found) in found.iter_mut().enumerate() {
        for related in found.iter_mut().flat_map(|finding| &mut finding.related) {
            related.subject = number;
        }
    }
    for rule in RULES {
        if let Check::Across(check) = rule.check {
            check(subjects, &mut Findings::of(rule, &mut found));
        }
    }
    let judged = subjects.iter().zip(found).map(|(subject, mut findings)| {
        for Opinion { rule, span, message } in others(subject.domain()) {
            Findings::of(rule, std::slice::from_mut(&mut findings)).add(span, message);
        }
        let suppressed = suppress::settle(subject, &mut findings);
        findings.sort_by_key(|finding| (finding.span, finding.rule.code));
        Judged { findings, suppressed }
    });
    judged.collect()
}
