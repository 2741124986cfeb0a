//! A disk on a share that ignores the guest's flushes.

use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Safety, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ203",
    name: "flushes-ignored-on-share",
    group: Group::Data,
    severity: Severity::Error,
    summary: "a writable disk on a share with cache='unsafe'",
    why: "With cache='unsafe' QEMU does not pass the guest's flushes on: what the guest believes to be on the disk is in the memory of \
          one host until that host gets round to it. When the host or the Quobyte client dies, the guest's file system and databases \
          are damaged. It is meant for installing into a throw-away image.",
    source: "QEMU, qemu-options.hx (cache=unsafe sets cache.no-flush=on)",
    examples: examples!("flushes-ignored-on-share"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    for disk in subject.writable_disks_on_shares() {
        // VQ101 has its word on native I/O.
        if disk.driver_says("io").is_some_and(|io| io.value == "native") {
            continue;
        }
        let Some(cache) = disk.driver_says("cache").filter(|it| it.value == "unsafe") else {
            continue;
        };
        findings
            .add(
                cache.span,
                format!(
                    "{} ignores the guest's flushes; cache='none' would be right",
                    disk.shown()
                ),
            )
            .fix(Safety::Safe, "set cache to 'none'", vec![disk.set_driver("cache", "none")]);
    }
}
