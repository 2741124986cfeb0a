//! An I/O thread for a disk whose bus has none.

use crate::escape::Escaped;
use crate::lint::disk::remove_attribute;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Safety, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ109",
    name: "iothread-without-virtio",
    group: Group::Refused,
    severity: Severity::Error,
    summary: "an iothread on a bus that is not virtio",
    why: "Only a virtio disk has an I/O thread of its own. For disks on a virtio-scsi controller the thread is the controller's: \
          <controller type='scsi' model='virtio-scsi'><driver iothread='1'/></controller>.",
    source: "libvirt 11.3.0, src/qemu/qemu_validate.c:2950",
    examples: examples!("iothread-without-virtio"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    if !subject.is_for_qemu() {
        return;
    }
    for disk in subject.disks() {
        let Some(bus) = disk.bus().filter(|bus| *bus != "virtio") else { continue };
        let Some(driver) = disk.driver() else { continue };
        let Some(iothread) = driver.attribute("iothread") else { continue };
        let right = if bus == "scsi" {
            "it is the controller's <driver> that names one"
        } else {
            "bus='virtio' has them"
        };
        let message =
            format!("an I/O thread is refused for a disk on bus '{}'; {right}", Escaped(bus));
        findings.add(iothread.whole(), message).fix(
            Safety::Safe,
            "remove iothread",
            vec![remove_attribute(driver, iothread)],
        );
    }
}
