//! A way of writing for a disk that is only read.

use crate::lint::disk::{remove_attribute, remove_element};
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Safety, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ128",
    name: "writes-of-a-reader",
    group: Group::Refused,
    severity: Severity::Error,
    summary: "transient or copy_on_read on a disk that is read-only or a removable drive",
    why: "<transient/> throws away what the guest wrote, and copy_on_read writes to the image what the guest read from its backing \
          image. A disk that nothing is written to has neither: not one with <readonly/>, and no CD-ROM or floppy drive.",
    source: "libvirt 11.3.0, src/qemu/qemu_validate.c:3014 and 3354",
    examples: examples!("writes-of-a-reader"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    if !subject.is_for_qemu() {
        return;
    }
    for disk in subject.disks() {
        let is = match disk.device() {
            "cdrom" | "floppy" => "a removable drive",
            _ if disk.is("readonly") => "read-only",
            _ => continue,
        };
        if let Some(transient) = disk.element().child("transient") {
            let message = format!("{} is {is}, so it cannot be transient", disk.shown());
            findings.add(transient.name_span(), message).fix(
                Safety::Safe,
                "remove <transient>",
                vec![remove_element(transient)],
            );
        }
        let Some(driver) = disk.driver() else { continue };
        let Some(copy) = driver.attribute("copy_on_read").filter(|it| it.value == "on") else {
            continue;
        };
        let message = format!("{} is {is}, so there is no copy_on_read", disk.shown());
        findings.add(copy.whole(), message).fix(
            Safety::Safe,
            "remove copy_on_read",
            vec![remove_attribute(driver, copy)],
        );
    }
}
