//! A format that QEMU's driver of libvirt takes on no file.

use crate::escape::Escaped;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Edit, Findings, Safety, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ105",
    name: "format-not-for-files",
    group: Group::Refused,
    severity: Severity::Error,
    summary: "a driver type that is refused for an image file",
    why: "libvirt's list of formats has some that QEMU cannot open, or not from a file: 'iso' (an ISO image is read as 'raw'), \
          'cow', 'dir', and 'fat', which goes with type='dir' only.",
    source: "libvirt 11.3.0, src/qemu/qemu_domain.c:4417",
    examples: examples!("format-not-for-files"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    if !subject.is_for_qemu() {
        return;
    }
    for disk in subject.disks() {
        let Some(format) = disk.driver_says("type") else { continue };
        let right = match &*format.value {
            "iso" => "'raw' is right for an ISO image",
            "cow" => "an image in this old format has to be converted, to 'qcow2' for one",
            "dir" => "a directory is given to a guest as a disk of type='dir'",
            "fat" if !matches!(disk.kind(), "dir" | "volume") => {
                "it goes with type='dir' only; an image of a FAT file system is 'raw'"
            }
            _ => continue,
        };
        let message = format!("the format '{}' is refused; {right}", Escaped(&format.value));
        let finding = findings.add(format.span, message);
        if format.value == "iso" {
            let edit = Edit::replace(format.span, "raw");
            finding.fix(Safety::Safe, "set type to 'raw'", vec![edit]);
        }
    }
}
