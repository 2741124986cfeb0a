//! A disk on a share whose writes are thrown away.

use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ206",
    name: "writes-discarded",
    group: Group::Data,
    severity: Severity::Warning,
    summary: "a disk on a share that is <transient/>",
    why: "Whatever the guest writes is gone when it stops. Until then it lies in an overlay beside the image, named for the domain: a \
          domain of the same name on another host deletes the overlay of the first when it starts, because libvirt takes it for a \
          leftover. A guest with such a disk cannot be migrated. Allow this rule with a reason where it is meant so.",
    source: "libvirt 11.3.0, src/qemu/qemu_snapshot.c:1422-1431, src/qemu/qemu_migration.c:1717",
    examples: examples!("writes-discarded"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    for disk in subject.hard_disks_on_shares() {
        let Some(transient) = disk.element().child("transient") else { continue };
        let message = format!(
            "what the guest writes to {} is thrown away when it stops, and it cannot be migrated; no <transient/> would be right for data",
            disk.shown()
        );
        findings.add(transient.name_span(), message);
    }
}
