//! Options of a virtio disk on another bus.

use crate::escape::Escaped;
use crate::lint::disk::remove_attribute;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Safety, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ106",
    name: "virtio-options-elsewhere",
    group: Group::Refused,
    severity: Severity::Error,
    summary: "queues, ioeventfd or event_idx on a bus that is not virtio",
    why: "Only a virtio disk has queues and virtio's notifications; libvirt refuses to have them set for a disk on another bus. \
          A virtio-scsi controller has queues of its own, in its <driver>.",
    source: "libvirt 11.3.0, src/conf/domain_validate.c:823 and 841",
    examples: examples!("virtio-options-elsewhere"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    for disk in subject.disks() {
        let Some(bus) = disk.bus().filter(|bus| *bus != "virtio") else { continue };
        let Some(driver) = disk.driver() else { continue };
        for name in ["queues", "ioeventfd", "event_idx"] {
            let Some(said) = driver.attribute(name) else { continue };
            if said.value == "0" {
                continue;
            }
            let message = format!(
                "{name} is refused on bus '{}'; it goes with bus='virtio' only",
                Escaped(bus)
            );
            findings.add(said.whole(), message).fix(
                Safety::Safe,
                format!("remove {name}"),
                vec![remove_attribute(driver, said)],
            );
        }
    }
}
