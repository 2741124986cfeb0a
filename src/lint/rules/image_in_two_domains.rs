//! One image on a share that two domains write.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::escape::Escaped;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Facts, Findings, Image, UseOf};
use crate::needs;

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ701",
    name: "image-in-two-domains",
    group: Group::Across,
    severity: Severity::Warning,
    summary: "one image on a share as a writable disk of two domains that do not both say <shareable/>",
    why: "As long as only one of the two runs, nothing happens. Two that run destroy the image: on one host QEMU's locks refuse the second, but \
          whether the Quobyte client carries locks to other hosts is not established, and libvirt has no lock manager unless one is \
          configured; `virt-quobyte doctor` says whether one is. Read-only disks, drives with media, and disks that are <shareable/> \
          in both domains are left alone, and so is one domain that is given twice.",
    source: "measured with libvirt 9.0.0: two hosts with a mount each started two guests on one qcow2 image",
    examples: examples!("image-in-two-domains"),
    check: Check::Across(check),
};

fn check(documents: &[Facts], findings: &mut Findings<'_>) {
    let mut users: HashMap<Cow<'_, str>, Vec<(usize, &Image)>> = HashMap::new();
    for (number, facts) in documents.iter().enumerate() {
        for image in &facts.written {
            let others = users.entry(needs::end(&image.file.value)).or_default();
            let clash = others.iter().find(|(earlier, other)| {
                let fits = [image.use_of, other.use_of] == [UseOf::Several; 2];
                !fits && !documents[*earlier].is_of_the_domain_of(facts)
            });
            if let Some((earlier, other)) = clash {
                let message = format!(
                    "'{}' is a disk of domain '{}' too; an image of its own would be right, or <shareable/> in both",
                    Escaped(&image.file.value),
                    Escaped(documents[*earlier].called())
                );
                findings.add_in(number, image.file.span, message).see(
                    *earlier,
                    other.file.span,
                    "the other domain's",
                );
            }
            others.push((number, image));
        }
    }
}
