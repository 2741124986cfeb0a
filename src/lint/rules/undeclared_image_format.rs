//! A disk's file without a word on its format.

use crate::escape::Escaped;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Safety, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ201",
    name: "undeclared-image-format",
    group: Group::Data,
    severity: Severity::Warning,
    summary: "a hard disk on a file whose driver names no type",
    why: "libvirt takes an image of no declared format for raw. The guest of a qcow2 image then finds no file system on its disk, and one \
          that formats it destroys the image. A guest of a raw image can write a qcow2 header into it that names files of the host as \
          its backing store, and gets them once somebody corrects the format by what the image looks like. So the document says it.",
    source: "libvirt 11.3.0, src/qemu/qemu_postparse.c:213-216; probing was removed in 4.5.0 (NEWS: \"security risk\")",
    examples: examples!("undeclared-image-format"),
    check: Check::Document(check),
};

/// Formats that are not raw, by the ending of a name.
const ENDINGS: &[(&str, &str)] = &[
    (".qcow2", "qcow2"),
    (".qcow", "qcow"),
    (".vmdk", "vmdk"),
    (".vdi", "vdi"),
    (".vhdx", "vhdx"),
];

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    if !subject.is_for_qemu() {
        return;
    }
    for disk in subject.disks().iter().filter(|disk| !disk.is_removable()) {
        let Some(file) = disk.file() else { continue };
        // VQ303 says more of one with a backing store.
        if disk.driver_says("type").is_some() || !disk.backing().is_empty() {
            continue;
        }
        let lower = file.value.to_ascii_lowercase();
        let (format, safety) = match ENDINGS.iter().find(|(ending, _)| lower.ends_with(ending)) {
            Some((_, format)) => (*format, Safety::Unsafe),
            // What libvirt takes it for anyway.
            None => ("raw", Safety::Safe),
        };
        let message = format!(
            "the format of '{}' is not declared, so libvirt takes it for raw; type='{format}' would be right{}",
            Escaped(&file.value),
            if safety == Safety::Unsafe { " by its name" } else { ", if raw it is" },
        );
        findings.add(disk.driver_place(), message).fix(
            safety,
            format!("declare the format as '{format}'"),
            vec![disk.set_driver("type", format)],
        );
    }
}
