//! An address of another bus than the disk is on.

use crate::escape::Escaped;
use crate::lint::disk::remove_element;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Safety, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ126",
    name: "address-not-of-bus",
    group: Group::Refused,
    severity: Severity::Error,
    summary: "a disk's address of a type that its bus does not have",
    why: "A disk at a controller (ide, sata, scsi, fdc) has an address of type drive, and a USB disk one of type usb; a virtio disk is \
          a PCI device, or what the machine has instead. Who changes the bus of a disk has to take its <address> out, and libvirt makes \
          a new one.",
    source: "libvirt 11.3.0, src/conf/domain_validate.c:803, src/qemu/qemu_validate.c:3137",
    examples: examples!("address-not-of-bus"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    if !subject.is_for_qemu() {
        return;
    }
    for disk in subject.disks() {
        let Some(address) = disk.element().child("address") else { continue };
        let Some(kind) = address.attribute("type") else { continue };
        let of_drives = kind.value == "drive";
        let (bus, right) = match disk.bus() {
            Some(bus @ ("ide" | "sata" | "scsi" | "fdc")) if !of_drives => (bus, "drive"),
            Some(bus @ "usb") if kind.value != "usb" => (bus, "usb"),
            Some(bus @ "virtio") if of_drives => (bus, "pci"),
            _ => continue,
        };
        let message = format!(
            "{} is on bus '{bus}' and its address is of type '{}'; without the <address> libvirt makes one of type '{right}'",
            disk.shown(),
            Escaped(&kind.value),
        );
        let edit = remove_element(address);
        findings.add(kind.span, message).fix(Safety::Safe, "remove the <address>", vec![edit]);
    }
}
