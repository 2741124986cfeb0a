//! An image on a share whose owner and label libvirt is told to leave alone.

use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ301",
    name: "labels-left-alone",
    group: Group::Security,
    severity: Severity::Note,
    summary: "a disk on a share with <seclabel relabel='no'>",
    why: "libvirt then gives the image neither to QEMU's user nor a label of this guest's own. QEMU can open it only if it may do so \
          already, which often means that the image is writable for everybody, and nothing keeps another guest from it. Where labels \
          cannot be set on the share, dynamic_ownership in qemu.conf says so for all guests at once; \
          allow this rule with a reason where one image has to differ.",
    source: "libvirt 11.3.0, src/security/security_dac.c:903-905",
    examples: examples!("labels-left-alone"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    for disk in subject.disks_on_shares() {
        let labels = disk.source().into_iter().flat_map(|source| source.all("seclabel"));
        for relabel in labels.filter_map(|label| label.attribute("relabel")) {
            if relabel.value == "no" {
                let message = format!(
                    "libvirt leaves owner and label of {} as they are; no <seclabel> here would be right, unless QEMU's user alone may open the image",
                    disk.shown()
                );
                findings.add(relabel.span, message);
            }
        }
    }
}
