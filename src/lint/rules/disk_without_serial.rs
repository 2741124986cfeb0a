//! One of several disks that has no name of its own in the guest.

use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ211",
    name: "disk-without-serial",
    group: Group::Data,
    severity: Severity::Note,
    summary: "a hard disk on a share without a serial number, in a domain with several hard disks",
    why: "The guest's /dev/vdb is whatever it found second: <target dev='vdb'/> is only a hint. With <serial> the disk has a name that \
          stays, /dev/disk/by-id/virtio-SERIAL, whatever is added, removed or attached later. It has to be there before the guest's \
          fstab relies on it.",
    source: "libvirt 11.3.0, docs/formatdomain.rst (target: \"the actual device name specified is not guaranteed to map\"; serial)",
    examples: examples!("disk-without-serial"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    if !subject.is_for_qemu() || subject.disks().iter().filter(|it| !it.is_removable()).count() < 2
    {
        return;
    }
    for disk in subject.hard_disks_on_shares() {
        if disk.serial_length().is_some() && disk.serial().is_none() && !disk.is("wwn") {
            let message = format!(
                "{} has no serial number, so the guest knows it by its place only; a <serial> of its own would be right",
                disk.shown()
            );
            findings.add(disk.place(), message);
        }
    }
}
