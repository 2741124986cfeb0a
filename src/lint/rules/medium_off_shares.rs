//! A medium in a drive that only this host has.

use crate::escape::Escaped;
use crate::lint::disk::set_attribute;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Safety, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ406",
    name: "medium-off-shares",
    group: Group::Migration,
    severity: Severity::Note,
    summary: "a CD or floppy image on no share, in a domain with disks on a share",
    why: "libvirt thinks read-only media safe to migrate, and then the target host stops the migration because the file is not there. Eject \
          the medium, keep it on a share, or give it startupPolicy='requisite': the guest needs it to start, and a migration drops it \
          if the target does not have it.",
    source: "libvirt 11.3.0, src/qemu/qemu_migration.c:1756-1760, docs/formatdomain.rst:3233-3237",
    examples: examples!("medium-off-shares"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    if subject.hard_disks_on_shares().next().is_none() {
        return;
    }
    for disk in subject.disks().iter().filter(|disk| disk.is_removable()) {
        let (Some(source), Some(file)) = (disk.source(), disk.file()) else { continue };
        let may_go = matches!(source.value("startupPolicy"), Some("requisite" | "optional"));
        // What a package brings is on every host.
        if may_go || file.value.starts_with("/usr/") || !subject.is_off_shares(&file.value) {
            continue;
        }
        let message = format!(
            "the medium '{}' is on no share while the disks are on one; a file on a share or startupPolicy='requisite' would be right",
            Escaped(&file.value)
        );
        findings.add(file.span, message).fix(
            Safety::Unsafe,
            "let a migration drop the medium",
            vec![set_attribute(source, "startupPolicy", "requisite")],
        );
    }
}
