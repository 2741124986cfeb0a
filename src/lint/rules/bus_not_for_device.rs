//! A device on a bus that has no such device.

use crate::escape::Escaped;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ122",
    name: "bus-not-for-device",
    group: Group::Refused,
    severity: Severity::Error,
    summary: "a CD-ROM, floppy or hard disk on a bus that has none",
    why: "A floppy drive is on the fdc bus, and nothing else is. A CD-ROM drive cannot be a virtio disk, which has no tray: sata, \
          scsi or usb is right, and ide on a machine that has it.",
    source: "libvirt 11.3.0, src/conf/domain_validate.c:917, src/qemu/qemu_validate.c:3006",
    examples: examples!("bus-not-for-device"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    for disk in subject.disks() {
        let Some(bus) = disk.bus() else { continue };
        let right = match (disk.device(), bus) {
            ("floppy", "fdc") => continue,
            ("floppy", _) => "a floppy is on bus='fdc'",
            ("disk" | "cdrom" | "lun", "fdc") => {
                "only a floppy is on it; bus='virtio' or 'sata' would be right"
            }
            ("cdrom", "virtio" | "sd") if subject.is_for_qemu() => {
                "it has no tray; bus='sata' with a name such as 'sda' would be right"
            }
            _ => continue,
        };
        let place = disk.target().and_then(|target| target.attribute("bus"));
        let message = format!(
            "device='{}' is refused on bus '{}': {right}",
            Escaped(disk.device()),
            Escaped(bus)
        );
        findings.add(place.map_or_else(|| disk.place(), |bus| bus.span), message);
    }
}
