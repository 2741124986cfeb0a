//! `<driver name='...'>` of another hypervisor.

use crate::escape::Escaped;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Edit, Findings, Safety, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ104",
    name: "foreign-driver-name",
    group: Group::Refused,
    severity: Severity::Error,
    summary: "a driver name that is not 'qemu'",
    why: "QEMU opens every image itself, so the driver of libvirt for it takes no other name than 'qemu'. Names such as 'tap', \
          'tap2', 'phy' and 'file' are Xen's.",
    source: "libvirt 11.3.0, src/qemu/qemu_validate.c:3436",
    examples: examples!("foreign-driver-name"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    if !subject.is_for_qemu() {
        return;
    }
    for disk in subject.disks() {
        let Some(name) = disk.driver_says("name").filter(|name| name.value != "qemu") else {
            continue;
        };
        let message =
            format!("the driver name '{}' is refused; 'qemu' would be right", Escaped(&name.value));
        findings.add(name.span, message).fix(
            Safety::Safe,
            "set name to 'qemu'",
            vec![Edit::replace(name.span, "qemu")],
        );
    }
}
