//! A disk whose freed blocks stay allocated.

use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Safety, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ502",
    name: "no-discard",
    group: Group::Speed,
    severity: Severity::Note,
    summary: "a writable disk on a share that says nothing of discard",
    why: "What the guest deletes stays allocated on the share, and what it writes over is read and replicated for nothing. With \
          discard='unmap' the guest's TRIM punches holes into the image, which Quobyte supports. An image that was allocated in full \
          becomes sparse by it: say discard='ignore' where that must not be.",
    source: "libvirt 11.3.0, docs/formatdomain.rst:3493-3497",
    examples: examples!("no-discard"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    for disk in subject.writable_disks_on_shares() {
        let says = |attribute| disk.driver_says(attribute);
        // VQ503 says more where zeroes are to be unmapped; other buses pass no TRIM on.
        if says("discard").is_some()
            || says("detect_zeroes").is_some_and(|it| it.value == "unmap")
            || !matches!(disk.bus(), Some("virtio" | "scsi" | "sata" | "ide"))
        {
            continue;
        }
        let message = format!(
            "{} keeps blocks that the guest has freed; discard='unmap' would be right, or 'ignore' if it is meant so",
            disk.shown()
        );
        findings.add(disk.driver_place(), message).fix(
            Safety::Unsafe,
            "set discard to 'unmap'",
            vec![disk.set_driver("discard", "unmap")],
        );
    }
}
