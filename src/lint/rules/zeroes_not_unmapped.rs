//! Zeroes that are looked for and then written.

use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Safety, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ503",
    name: "zeroes-not-unmapped",
    group: Group::Speed,
    severity: Severity::Note,
    summary: "detect_zeroes='unmap' without discard='unmap'",
    why: "Without discard='unmap' libvirt takes detect_zeroes='unmap' for 'on': QEMU looks at every byte that is written, and frees nothing.",
    source: "libvirt 11.3.0, src/conf/domain_conf.c:31797-31815, docs/formatdomain.rst:3498-3505",
    examples: examples!("zeroes-not-unmapped"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    if !subject.is_for_qemu() {
        return;
    }
    for disk in subject.disks() {
        let Some(zeroes) = disk.driver_says("detect_zeroes").filter(|it| it.value == "unmap")
        else {
            continue;
        };
        if disk.driver_says("discard").is_some_and(|discard| discard.value == "unmap") {
            continue;
        }
        let message = format!(
            "{} detects zeroes but does not unmap them; discard='unmap' beside it would be right",
            disk.shown()
        );
        findings.add(zeroes.span, message).fix(
            Safety::Unsafe,
            "set discard to 'unmap'",
            vec![disk.set_driver("discard", "unmap")],
        );
    }
}
