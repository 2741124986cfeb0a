//! I/O by threads where the kernel could do it.

use crate::escape::Escaped;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Safety, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ501",
    name: "threads-io-on-share",
    group: Group::Speed,
    severity: Severity::Note,
    summary: "a disk on a share without a host cache that does its I/O by threads",
    why: "With cache='none' or 'directsync' the image is open with O_DIRECT, and Linux AIO can have many requests under way without a \
          thread for each. OpenStack Nova has set io='native' for Quobyte from the start. Where nothing is said, QEMU takes threads.",
    source: "nova, nova/virt/libvirt/volume/quobyte.py (get_config); libvirt 11.3.0, docs/formatdomain.rst:3466",
    examples: examples!("threads-io-on-share"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    for disk in subject.hard_disks_on_shares() {
        let cache = disk.driver_says("cache");
        if !cache.is_some_and(|cache| matches!(&*cache.value, "none" | "directsync")) {
            continue;
        }
        let (place, is) = match disk.driver_says("io") {
            None => (disk.driver_place(), "no io attribute".to_owned()),
            Some(io) if io.value == "threads" => (io.span, format!("io='{}'", Escaped(&io.value))),
            Some(_) => continue,
        };
        findings
            .add(
                place,
                format!("{} is on a share with {is}; io='native' would be right", disk.shown()),
            )
            .fix(Safety::Safe, "set io to 'native'", vec![disk.set_driver("io", "native")]);
    }
}
