//! Two disks that a guest cannot tell apart by their serial numbers.

use crate::escape::Escaped;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Disk, Findings, Said, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ210",
    name: "serials-alike",
    group: Group::Data,
    severity: Severity::Warning,
    summary: "two disks of one domain whose serial numbers are the same, as far as the guest can see them",
    why: "A guest that finds its disks by /dev/disk/by-id gets one of the two, and which one can change from boot to boot. libvirt \
          allows it, for tests of multipath; two disks of one image are therefore left alone here.",
    source: "virtio 1.2, 5.2.6; libvirt does not compare serial numbers",
    examples: examples!("serials-alike"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    if !subject.is_for_qemu() {
        return;
    }
    let mut seen: Vec<Seen<'_, '_, '_>> = Vec::new();
    for disk in subject.disks().iter().filter(|disk| !disk.is_removable()) {
        let (Some(serial), Some(room)) = (disk.serial(), disk.serial_length()) else { continue };
        let serial = Said { value: serial.value.chars().take(room).collect(), ..serial };
        if let Some(other) = seen.iter().find(|other| other.is_taken_for(disk, &serial)) {
            let message = format!(
                "the guest sees the serial number '{}' on {} and on {}; one of its own would be right",
                Escaped(&serial.value),
                other.disk.shown(),
                disk.shown()
            );
            findings.add(serial.span, message).see(0, other.serial.span, "the other serial number");
        }
        seen.push(Seen { disk, serial });
    }
}

/// A disk with its serial number as the guest sees it.
struct Seen<'s, 't, 'a> {
    disk: &'s Disk<'t, 'a>,
    serial: Said<'t>,
}

impl Seen<'_, '_, '_> {
    fn is_taken_for(&self, disk: &Disk<'_, '_>, serial: &Said<'_>) -> bool {
        let image = disk.file().map(|file| file.value);
        let is_one_image = image.is_some() && image == self.disk.file().map(|file| file.value);
        self.serial.value == serial.value && self.disk.bus() == disk.bus() && !is_one_image
    }
}
