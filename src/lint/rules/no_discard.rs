//! A disk whose freed blocks stay allocated.

use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Safety, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ502",
    name: "no-discard",
    group: Group::Speed,
    severity: Severity::Note,
    summary: "a writable qcow2 disk on a share that says nothing of discard",
    why: "A qcow2 image grows as it is written to, and without discard='unmap' it never shrinks: what the guest deletes stays allocated, \
          in the image and on the share. Of a raw image the XML does not say whether it was allocated in full, which discards would \
          undo; and whether they reach the volume is the client's affair, which `virt-quobyte selftest` asks. So raw disks are left \
          alone. Say discard='ignore' where a qcow2 image was preallocated, so that its blocks stay where they are: then a guest that is \
          revived after its client's death loses less.",
    source: "libvirt 11.3.0, docs/formatdomain.rst:3493-3497; QEMU, block/qcow2-cluster.c (discard_in_l2_slice)",
    examples: examples!("no-discard"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    for disk in subject.writable_disks_on_shares() {
        let says = |attribute| disk.driver_says(attribute);
        // VQ503 says more where zeroes are to be unmapped; other buses pass no TRIM on.
        if says("type").is_none_or(|it| it.value != "qcow2")
            || says("discard").is_some()
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
