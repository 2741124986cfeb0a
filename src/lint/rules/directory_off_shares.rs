//! A directory of this host that the guest has.

use crate::escape::Escaped;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ407",
    name: "directory-off-shares",
    group: Group::Migration,
    severity: Severity::Note,
    summary: "a <filesystem> from no share, in a domain with disks on a share",
    why: "The guest has a directory of this host in its tree, and no other host has the same one. Besides, QEMU migrates no guest that has \
          mounted a 9p file system, and libvirt none with a virtiofs device that cannot carry its state.",
    source: "libvirt 11.3.0, src/qemu/qemu_migration.c:1693-1705; QEMU, hw/9pfs/9p.c (migrate_add_blocker)",
    examples: examples!("directory-off-shares"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    if subject.hard_disks_on_shares().next().is_none() {
        return;
    }
    let devices = subject.domain().all("devices");
    for filesystem in devices.flat_map(|devices| devices.all("filesystem")) {
        let source = filesystem.child("source");
        let dir =
            source.and_then(|source| source.attribute("dir").or_else(|| source.attribute("file")));
        if let Some(dir) = dir.filter(|dir| subject.is_off_shares(&dir.value)) {
            let message = format!(
                "the guest has '{}' of this host alone; a directory on a share would be right",
                Escaped(&dir.value)
            );
            findings.add(dir.span, message);
        }
    }
}
