//! A kernel, a device tree or a firmware that only this host has.

use crate::escape::Escaped;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Subject};
use crate::needs;

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ404",
    name: "boot-file-off-shares",
    group: Group::Migration,
    severity: Severity::Warning,
    summary: "a kernel, initrd, device tree or firmware on no share, in a domain with disks on a share",
    why: "QEMU opens these files when it starts, on the target of a migration too. A host that does not have them, at the same path and \
          with the same contents, cannot take the guest. Firmware from a package in /usr is on every host and left alone here.",
    source: "libvirt 11.3.0, src/qemu/qemu_command.c (qemuBuildBootCommandLine)",
    examples: examples!("boot-file-off-shares"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    if subject.hard_disks_on_shares().next().is_none() {
        return;
    }
    let Some(os) = subject.domain().child("os") else { return };
    for name in ["kernel", "initrd", "dtb", "shim", "loader"] {
        let Some(element) = os.child(name) else { continue };
        let path = element.text();
        if subject.is_off_shares(&path) && !needs::end(&path).starts_with("/usr/") {
            let message = format!(
                "the {name} '{}' is on no share while the disks are on one; one on a share would be right",
                Escaped(&path)
            );
            findings.add(element.text_span(), message);
        }
    }
}
