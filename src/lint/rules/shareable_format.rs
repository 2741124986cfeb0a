//! `<shareable/>` on an image in a format for one writer.

use crate::escape::Escaped;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ116",
    name: "shareable-format",
    group: Group::Refused,
    severity: Severity::Error,
    summary: "a shareable disk whose image is not raw",
    why: "An image with metadata, such as a qcow2, has one writer: two would each keep the metadata in memory and overwrite the \
          other's. So libvirt takes <shareable/> with format raw only, or together with <readonly/>.",
    source: "libvirt 11.3.0, src/qemu/qemu_validate.c:3429",
    examples: examples!("shareable-format"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    if !subject.is_for_qemu() {
        return;
    }
    for disk in subject.disks() {
        let Some(shareable) = disk.element().child("shareable") else { continue };
        let Some(format) = disk.driver_says("type") else { continue };
        let one_writer = disk.device() != "cdrom" && !disk.is("readonly");
        if !one_writer || matches!(&*format.value, "raw" | "aio") {
            continue;
        }
        let message = format!(
            "{} is shareable, and its format '{}' has one writer; raw, or <readonly/>, would be right",
            disk.shown(),
            Escaped(&format.value)
        );
        findings.add(shareable.name_span(), message).see(0, format.span, "its format");
    }
}
