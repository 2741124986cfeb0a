//! A disk of this host beside disks on shares.

use crate::escape::Escaped;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Backing, Findings, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ403",
    name: "disk-off-shares",
    group: Group::Migration,
    severity: Severity::Note,
    summary: "a hard disk on no share in a domain that has others on a share",
    why: "One disk that other hosts cannot reach keeps the whole guest here: libvirt refuses the migration with 'Migration without shared \
          storage is unsafe', and the guest cannot be started elsewhere. If the disk is scratch space, allow this rule with that as the \
          reason.",
    source: "libvirt 11.3.0, src/qemu/qemu_migration.c:1769-1801",
    examples: examples!("disk-off-shares"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    if subject.hard_disks_on_shares().next().is_none() {
        return;
    }
    for disk in subject.disks().iter().filter(|disk| disk.is_writable()) {
        let Some(file) = disk.file().filter(|file| subject.is_off_shares(&file.value)) else {
            continue;
        };
        // VQ402 says more of an overlay.
        let is_overlay = disk
            .backing()
            .iter()
            .filter_map(Backing::file)
            .any(|store| subject.on_share(&store.value).is_one());
        if !is_overlay {
            let message = format!(
                "{} has '{}' on no share while others are on one, so the guest stays on this host; an image on a share would be right",
                disk.shown(),
                Escaped(&file.value)
            );
            findings.add(file.span, message);
        }
    }
}
