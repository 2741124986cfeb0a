//! `device='lun'` with an image file.

use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Edit, Findings, Safety, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ118",
    name: "lun-on-a-file",
    group: Group::Refused,
    severity: Severity::Error,
    summary: "device='lun' on an image file",
    why: "A disk with device='lun' passes the guest's SCSI commands on to a device of the host, and a file takes none. For an image \
          device='disk' is right.",
    source: "libvirt 11.3.0, src/conf/domain_validate.c:638",
    examples: examples!("lun-on-a-file"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    for disk in subject.disks() {
        let Some(device) = disk.element().attribute("device") else { continue };
        if device.value != "lun" || !matches!(disk.kind(), "file" | "dir") {
            continue;
        }
        let message = "device='lun' is refused for an image file; 'disk' would be right";
        findings.add(device.span, message).fix(
            Safety::Safe,
            "set device to 'disk'",
            vec![Edit::replace(device.span, "disk")],
        );
    }
}
