//! A disk on no share, in a domain that asks for shares and has no disk on one.

use crate::escape::Escaped;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ609",
    name: "path-beside-named-shares",
    group: Group::Mapping,
    severity: Severity::Note,
    summary: "a disk on no share, in a domain whose metadata names shares and that has no disk on any",
    why: "The metadata says that the guest's storage is on a share, and the path does not. If a symlink leads from one to the other, write \
          the path below the share's mount point: the hook follows no symlink, so it does not see whether the image is there before \
          the guest starts, and no other rule here knows that the disk is on a share.",
    source: "this project's README, \"How a guest names its shares\"",
    examples: examples!("path-beside-named-shares"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    let Some(Ok(needed)) = subject.needed() else { return };
    if needed.requests.is_empty() || subject.disks_on_shares().next().is_some() {
        return;
    }
    for disk in subject.disks().iter().filter(|disk| !disk.is_removable()) {
        let Some(file) = disk.file().filter(|file| subject.is_off_shares(&file.value)) else {
            continue;
        };
        let message = format!(
            "'{}' is on no share by its path, though the metadata names shares; a path below a share's mount point would be right",
            Escaped(&file.value)
        );
        findings.add(file.span, message);
    }
}
