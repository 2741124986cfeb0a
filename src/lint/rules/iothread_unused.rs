//! A disk that has no part in the domain's I/O threads.

use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ505",
    name: "iothread-unused",
    group: Group::Speed,
    severity: Severity::Note,
    summary: "a virtio disk on a share without an iothread, in a domain that has iothreads",
    why: "The domain has threads for I/O, and this disk does without: its requests wait in QEMU's main loop, behind the monitor and \
          everything else.",
    source: "libvirt 11.3.0, docs/formatdomain.rst:3506-3512",
    examples: examples!("iothread-unused"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    let domain = subject.domain();
    let counted = domain.child("iothreads").is_some_and(|count| count.text().trim() != "0");
    if !counted && domain.at("iothreadids/iothread").is_none() {
        return;
    }
    for disk in subject.hard_disks_on_shares().filter(|disk| disk.bus() == Some("virtio")) {
        // libvirt 10 spreads a disk's queues over several, by an element of the driver's.
        let spread = disk.driver().is_some_and(|driver| driver.child("iothreads").is_some());
        if !spread && disk.driver_says("iothread").is_none() {
            let message = format!(
                "{} does its I/O in QEMU's main loop; iothread='N' with one of the domain's would be right",
                disk.shown()
            );
            findings.add(disk.driver_place(), message);
        }
    }
}
