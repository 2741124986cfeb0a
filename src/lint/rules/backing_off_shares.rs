//! A disk on a share whose backing image is on this host alone.

use crate::escape::Escaped;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Backing, Findings, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ401",
    name: "backing-off-shares",
    group: Group::Migration,
    severity: Severity::Warning,
    summary: "a disk on a share with a <backingStore> that lies on no share",
    why: "The overlay is where every host can reach it, the image behind it is not: another host cannot start the guest, and a migration \
          fails when its QEMU opens the chain. libvirt looks at the overlay only when it asks whether a migration is safe. Copy the \
          backing image to the share and `qemu-img rebase` the overlay.",
    source: "libvirt 11.3.0, src/qemu/qemu_migration.c:1736 (the disk's own source only)",
    examples: examples!("backing-off-shares"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    for disk in subject.disks_on_shares() {
        for file in disk.backing().iter().filter_map(Backing::file) {
            if subject.is_off_shares(&file.value) {
                let message = format!(
                    "{} is on a share, and is backed by '{}' on none; a backing image on a share would be right",
                    disk.shown(),
                    Escaped(&file.value)
                );
                findings.add(file.span, message);
            }
        }
    }
}
