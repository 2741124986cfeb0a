//! An image on a share that one disk writes and another is built on.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::escape::Escaped;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Facts, Findings, Image};
use crate::needs;
use crate::xml::Span;

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ702",
    name: "backing-image-written",
    group: Group::Across,
    severity: Severity::Error,
    summary: "an image on a share that is a writable disk here and the backing store of a disk there",
    why: "An overlay holds the differences to the image behind it as that was. The first write to that image makes every overlay on it \
          garbage, without an error anywhere. A golden image is nobody's disk, or a <readonly/> one.",
    source: "QEMU, docs/interop/qcow2 and qemu-img(1), commit: a backing file must not change",
    examples: examples!("backing-image-written"),
    check: Check::Across(check),
};

fn check(documents: &[Facts], findings: &mut Findings<'_>) {
    let mut behind: HashMap<Cow<'_, str>, Vec<(usize, Span)>> = HashMap::new();
    for (number, facts) in documents.iter().enumerate() {
        for file in &facts.behind {
            behind.entry(needs::end(&file.value)).or_default().push((number, file.span));
        }
    }
    if behind.is_empty() {
        return;
    }
    for (number, facts) in documents.iter().enumerate() {
        for Image { file, .. } in &facts.written {
            let Some(users) = behind.get(&needs::end(&file.value)) else { continue };
            // A domain that is given twice may have got a snapshot between.
            let mut others = users.iter().filter(|(other, _)| {
                *other == number || !documents[*other].is_of_the_domain_of(facts)
            });
            let Some((other, span)) = others.next() else { continue };
            let message = format!(
                "'{}' is written here, and is the backing store of a disk of domain '{}'; an overlay of its own would be right",
                Escaped(&file.value),
                Escaped(documents[*other].called())
            );
            findings.add_in(number, file.span, message).see(*other, *span, "the backing store");
        }
    }
}
