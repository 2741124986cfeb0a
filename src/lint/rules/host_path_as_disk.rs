//! A device or a system file of the host for a disk.

use crate::escape::Escaped;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Backing, Disk, Findings, Said, Subject};
use crate::needs;

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ304",
    name: "host-path-as-disk",
    group: Group::Security,
    severity: Severity::Warning,
    summary: "a disk of type 'file' on a device or a system file of the host",
    why: "A path below /etc, /proc, /sys or /boot is the host's own: a guest that has it as a disk reads it whole, and one that may \
          write it owns the host. libvirt also changes its owner to QEMU's user. A device below /dev wants type='block', with which \
          libvirt allows it in the guest's device control group and treats it as what it is; as a 'file' it is mostly a slip, or a \
          test of what a provisioning tool lets through.",
    source: "libvirt 11.3.0, docs/formatdomain.rst (disk type), src/security/security_dac.c",
    examples: examples!("host-path-as-disk"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    for disk in subject.disks() {
        let stores = disk.backing();
        let files = disk.file().into_iter().chain(stores.iter().filter_map(Backing::file));
        for file in files {
            judge(disk, &file, findings);
        }
    }
}

fn judge(disk: &Disk<'_, '_>, file: &Said<'_>, findings: &mut Findings<'_>) {
    let end = needs::end(&file.value);
    let below = |folder: &str| end.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    let shown = Escaped(&file.value);
    let message = if below("/dev") && !below("/dev/shm") && !below("/dev/hugepages") {
        format!(
            "'{shown}' of {} is a device of the host; type='block' would be right",
            disk.shown()
        )
    } else if ["/etc", "/proc", "/sys", "/boot"].into_iter().any(below) {
        format!(
            "'{shown}' of {} is the host's own; an image on a share would be right",
            disk.shown()
        )
    } else {
        return;
    };
    findings.add(file.span, message);
}
