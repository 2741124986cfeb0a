//! A disk on a share that the guest may start without.

use crate::lint::disk::remove_attribute;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Safety, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ205",
    name: "disk-may-be-missing",
    group: Group::Data,
    severity: Severity::Warning,
    summary: "a hard disk on a share with startupPolicy='optional'",
    why: "If the image cannot be reached, libvirt drops the disk without an error and starts the guest, which then creates empty \
          directories where its data was, or runs without its log and its swap. The disk is missing from the live XML as well. With a \
          share a missing image most often means that the share is not there: a start that fails says so. The policy suits \
          removable media.",
    source: "libvirt 11.3.0, src/qemu/qemu_domain.c:5932-5972, docs/formatdomain.rst:3239-3242",
    examples: examples!("disk-may-be-missing"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    for disk in subject.hard_disks_on_shares() {
        let Some(source) = disk.source() else { continue };
        let policy = source.attribute("startupPolicy").filter(|policy| policy.value == "optional");
        let Some(policy) = policy else { continue };
        findings
            .add(
                policy.span,
                format!(
                    "{} is left out without an error when its share is not there; a start that fails would be right",
                    disk.shown()
                ),
            )
            .fix(
                Safety::Unsafe,
                "remove startupPolicy, so that a missing image stops the start",
                vec![remove_attribute(source, policy)],
            );
    }
}
