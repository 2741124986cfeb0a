//! A disk on an emulated bus, in a guest that knows virtio.

use crate::escape::Escaped;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ504",
    name: "emulated-bus",
    group: Group::Speed,
    severity: Severity::Note,
    summary: "a hard disk on a share behind IDE or SATA, in a guest that has virtio devices",
    why: "QEMU emulates these controllers register by register, one or 32 requests at a time. The guest has another virtio device, so it \
          most likely has the drivers. There is no fix: on another bus the disk has another name in the guest, and an initrd \
          without the driver cannot find its root.",
    source: "QEMU, hw/ide (IDE has no queue, AHCI one of 32)",
    examples: examples!("emulated-bus"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    let knows_virtio = subject.disks().iter().any(|disk| disk.bus() == Some("virtio"))
        || subject.domain().child("devices").is_some_and(|devices| {
            let is_virtio = |element: crate::xml::ElementRef<'_, '_>| {
                element.child("model").and_then(|model| model.value("type")) == Some("virtio")
            };
            devices.all("interface").any(is_virtio)
        });
    if !knows_virtio {
        return;
    }
    for disk in subject.hard_disks_on_shares() {
        let Some(bus) = disk.bus().filter(|bus| matches!(*bus, "ide" | "sata")) else { continue };
        let said = disk.target().and_then(|target| target.attribute("bus"));
        let message = format!(
            "{} is behind an emulated {} controller; bus='virtio' would be faster",
            disk.shown(),
            Escaped(bus)
        );
        findings.add(said.map_or_else(|| disk.place(), |bus| bus.span), message);
    }
}
