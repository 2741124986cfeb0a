//! `<readonly/>` on an IDE or SATA hard disk.

use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ117",
    name: "readonly-ata-disk",
    group: Group::Refused,
    severity: Severity::Error,
    summary: "a read-only hard disk on an IDE or SATA bus",
    why: "An ATA hard disk has no way to tell the guest that it cannot be written, so QEMU and libvirt refuse a read-only one. A \
          virtio or SCSI disk has; so has a CD-ROM drive, which is always read-only.",
    source: "libvirt 11.3.0, src/qemu/qemu_validate.c:3215",
    examples: examples!("readonly-ata-disk"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    if !subject.is_for_qemu() {
        return;
    }
    for disk in subject.disks().iter().filter(|disk| disk.device() == "disk") {
        let Some(readonly) = disk.element().child("readonly") else { continue };
        let Some(bus @ ("ide" | "sata")) = disk.bus() else { continue };
        let message = format!(
            "{} is a hard disk on bus '{bus}', which cannot be read-only; bus='virtio' or 'scsi' would be right",
            disk.shown()
        );
        findings.add(readonly.name_span(), message);
    }
}
