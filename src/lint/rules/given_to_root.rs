//! A guest or an image that is given to root.

use crate::escape::Escaped;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Subject};
use crate::xml::ElementRef;

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ302",
    name: "given-to-root",
    group: Group::Security,
    severity: Severity::Warning,
    summary: "a DAC label of root, on a domain with disks on a share or on such a disk",
    why: "As the domain's label it makes QEMU run as root: a guest that breaks out of QEMU has the host, and all that the host can \
          reach on every share. As a disk's label it makes libvirt give the image to root, and QEMU, which runs as another user, cannot \
          open it.",
    source: "libvirt 11.3.0, docs/formatdomain.rst (seclabel), src/security/security_dac.c:903-908",
    examples: examples!("given-to-root"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    let mut of_disks = subject.disks_on_shares().peekable();
    if of_disks.peek().is_none() {
        return;
    }
    if let Some(label) = subject.domain().all("seclabel").find_map(root) {
        let message = format!(
            "'{}' makes QEMU run as root; a user of its own would be right",
            Escaped(label.text().trim())
        );
        findings.add(label.text_span(), message);
    }
    for disk in of_disks {
        let labels = disk.source().into_iter().flat_map(|source| source.all("seclabel"));
        for label in labels.filter_map(root) {
            let message = format!(
                "'{}' gives the image of {} to root, where QEMU's user cannot open it; no label would be right",
                Escaped(label.text().trim()),
                disk.shown()
            );
            findings.add(label.text_span(), message);
        }
    }
}

/// The label of this `<seclabel>`, if its user is root and it is for DAC.
fn root<'t, 'a>(seclabel: ElementRef<'t, 'a>) -> Option<ElementRef<'t, 'a>> {
    let label = seclabel.child("label").filter(|_| seclabel.value("model") == Some("dac"))?;
    let text = label.text();
    let user = text.trim().split(':').next()?;
    matches!(user, "root" | "0" | "+0").then_some(label)
}
