//! `startupPolicy='requisite'` on what cannot be taken out.

use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Edit, Findings, Safety, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ114",
    name: "requisite-hard-disk",
    group: Group::Refused,
    severity: Severity::Error,
    summary: "startupPolicy='requisite' on a disk that is no removable drive",
    why: "'requisite' says: refuse a start without the medium, but forget the medium on migration, restore or revert. That is for \
          drives that can be empty. 'mandatory', which is also what no attribute means, is right for a hard disk.",
    source: "libvirt 11.3.0, src/conf/domain_validate.c:687",
    examples: examples!("requisite-hard-disk"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    for disk in subject.disks().iter().filter(|disk| !disk.is_removable()) {
        let Some(source) = disk.source() else { continue };
        let Some(policy) = source.attribute("startupPolicy") else { continue };
        if policy.value != "requisite" {
            continue;
        }
        let message =
            "startupPolicy='requisite' is refused on a hard disk; 'mandatory' would be right";
        findings.add(policy.span, message).fix(
            Safety::Safe,
            "set startupPolicy to 'mandatory'",
            vec![Edit::replace(policy.span, "mandatory")],
        );
    }
}
