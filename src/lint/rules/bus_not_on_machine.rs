//! A disk on an IDE bus of a machine that has none.

use crate::escape::Escaped;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ121",
    name: "bus-not-on-machine",
    group: Group::Refused,
    severity: Severity::Error,
    summary: "an IDE disk on a machine without an IDE controller",
    why: "A q35 machine and an arm virt machine have no IDE controller, and libvirt can add none. A disk is on IDE when it says \
          bus='ide', and when it says no bus and its name begins with hd. q35 has a SATA controller, which is what a CD-ROM goes to; for a \
          hard disk virtio is right.",
    source: "libvirt 11.3.0, src/qemu/qemu_validate.c:3643, src/qemu/qemu_domain.c:7498",
    examples: examples!("bus-not-on-machine"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    if !subject.is_for_qemu() {
        return;
    }
    let machine = subject.domain().at("os/type").and_then(|kind| kind.value("machine"));
    let without = |machine: &&str| {
        matches!(*machine, "q35" | "virt")
            || machine.starts_with("pc-q35-")
            || machine.starts_with("virt-")
    };
    let Some(machine) = machine.filter(without) else { return };
    for disk in subject.disks().iter().filter(|disk| disk.bus() == Some("ide")) {
        let Some(target) = disk.target() else { continue };
        let (place, said) = match target.attribute("bus") {
            Some(bus) => (bus.span, "bus='ide'"),
            None => (disk.place(), "the name means bus='ide', which"),
        };
        let right = match disk.device() {
            "cdrom" if machine.contains("q35") => "bus='sata' with a name such as 'sda'",
            "cdrom" => "bus='scsi' with a name such as 'sda'",
            _ => "bus='virtio' with a name such as 'vda'",
        };
        let message = format!(
            "{said} is refused: the machine '{}' has no IDE controller; {right} would be right",
            Escaped(machine)
        );
        findings.add(place, message);
    }
}
