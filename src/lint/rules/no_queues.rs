//! `queues='0'`.

use crate::lint::disk::remove_attribute;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Safety, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ107",
    name: "no-queues",
    group: Group::Refused,
    severity: Severity::Warning,
    summary: "queues='0'",
    why: "A disk has one queue at least. libvirt's schema refuses 0, so `virsh define --validate` and `virt-xml-validate` do; \
          without them it is read as if nothing were said.",
    source: "libvirt 11.3.0, src/conf/schemas/domaincommon.rng:2626",
    examples: examples!("no-queues"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    for disk in subject.disks() {
        let Some(driver) = disk.driver() else { continue };
        for name in ["queues", "queue_size"] {
            let Some(said) = driver.attribute(name).filter(|said| said.value == "0") else {
                continue;
            };
            let message = format!(
                "{name}='0' is refused by libvirt's schema; leave it out to have the hypervisor's default"
            );
            findings.add(said.span, message).fix(
                Safety::Safe,
                format!("remove {name}"),
                vec![remove_attribute(driver, said)],
            );
        }
    }
}
