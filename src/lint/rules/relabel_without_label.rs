//! A `<seclabel relabel='yes'>` of an image that names no label.

use crate::lint::disk::remove_element;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Disk, Findings, Safety, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ119",
    name: "relabel-without-label",
    group: Group::Refused,
    severity: Severity::Error,
    summary: "a source's seclabel with relabel='yes' and no label",
    why: "A <seclabel> in a <source> overrides what libvirt does for this image alone: relabel='no' leaves it as it is, and \
          relabel='yes' needs the <label> that it is to get. Without one the schema refuses it, and newer releases do when the domain is \
          defined. To have it labelled as the domain's other images are, leave the <seclabel> out.",
    source: "libvirt 11.3.0, src/conf/domain_conf.c:7166",
    examples: examples!("relabel-without-label"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    let sources = subject.disks().iter().filter_map(Disk::source);
    for seclabel in sources.flat_map(|source| source.all("seclabel")) {
        let Some(relabel) = seclabel.attribute("relabel") else { continue };
        let label = seclabel.child("label").filter(|label| !label.text().is_empty());
        if relabel.value != "yes" || label.is_some() {
            continue;
        }
        let message =
            "relabel='yes' without a <label> is refused; name one, or leave the <seclabel> out";
        findings.add(relabel.span, message).fix(
            Safety::Unsafe,
            "remove the <seclabel>",
            vec![remove_element(seclabel)],
        );
    }
}
