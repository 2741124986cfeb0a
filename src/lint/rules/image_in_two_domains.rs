//! One image on a share that two domains write.

use std::collections::HashMap;

use crate::escape::Escaped;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Subject};
use crate::needs;

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ701",
    name: "image-in-two-domains",
    group: Group::Across,
    severity: Severity::Warning,
    summary: "one image on a share as a writable disk of two domains that do not both say <shareable/>",
    why: "As long as only one of the two runs, nothing happens. Two that run destroy the image: on one host QEMU's locks refuse the second, but \
          whether the Quobyte client carries locks to other hosts is not established, and libvirt has no lock manager unless one is \
          configured. Read-only disks, drives with media, and disks that are <shareable/> in both domains are left alone, and so is one \
          domain that is given twice.",
    source: "measured with libvirt 9.0.0: two hosts with a mount each started two guests on one qcow2 image",
    examples: examples!("image-in-two-domains"),
    check: Check::Across(check),
};

fn check(subjects: &[Subject<'_, '_>], findings: &mut Findings<'_>) {
    let mut users: HashMap<String, Vec<_>> = HashMap::new();
    for (number, subject) in subjects.iter().enumerate() {
        for disk in subject.writable_disks_on_shares() {
            let Some(file) = disk.file() else { continue };
            let others = users.entry(needs::end(&file.value).into_owned()).or_default();
            let clash = others.iter().find(|(earlier, shareable, _): &&(usize, bool, _)| {
                let fits = *shareable && disk.is("shareable");
                !fits && !subjects[*earlier].is_of_the_domain_of(subject)
            });
            if let Some((earlier, _, span)) = clash {
                let name = subjects[*earlier].name().map(|name| name.value).unwrap_or_default();
                let message = format!(
                    "'{}' is a disk of domain '{}' too; an image of its own would be right, or <shareable/> in both",
                    Escaped(&file.value),
                    Escaped(&name)
                );
                findings.add_in(number, file.span, message).see(
                    *earlier,
                    *span,
                    "the other domain's",
                );
            }
            others.push((number, disk.is("shareable"), file.span));
        }
    }
}
