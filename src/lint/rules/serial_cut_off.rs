//! A serial number that the guest sees only the beginning of.

use crate::escape::Escaped;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ209",
    name: "serial-cut-off",
    group: Group::Data,
    severity: Severity::Warning,
    summary: "a serial number that is longer than the disk's bus has room for",
    why: "libvirt takes any length. A virtio, IDE or SATA disk shows the guest the first 20 characters, so /dev/disk/by-id has another \
          name than fstab expects, and two disks can come to look alike. A SCSI disk has room for 36: QEMU cut off the rest up to 9.0, and \
          refuses to start since 9.1. UUIDs on 20 characters are left alone here: OpenStack gives every volume one, and guests \
          know it by its beginning.",
    source: "virtio 1.2, 5.2.6 (20 bytes); QEMU commit 75997e182b69 (36 characters); libvirt 11.3.0, docs/formatdomain.rst (serial)",
    examples: examples!("serial-cut-off"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    if !subject.is_for_qemu() {
        return;
    }
    for disk in subject.disks() {
        let (Some(serial), Some(room)) = (disk.serial(), disk.serial_length()) else { continue };
        let length = serial.value.chars().count();
        if length <= room || serial.value.parse::<crate::domain::DomainUuid>().is_ok() {
            continue;
        }
        let what = if disk.bus() == Some("scsi") {
            "which QEMU 9.1 and later refuses".to_owned()
        } else {
            let seen: String = serial.value.chars().take(room).collect();
            format!("of which the guest sees '{}'", Escaped(&seen))
        };
        let message = format!(
            "the serial number of {} has {length} characters, {what}; at most {room} would be right",
            disk.shown()
        );
        findings.add(serial.span, message);
    }
}
