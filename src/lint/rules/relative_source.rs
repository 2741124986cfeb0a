//! An image by a path that does not begin with a slash.

use crate::escape::Escaped;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ113",
    name: "relative-source",
    group: Group::Refused,
    severity: Severity::Error,
    summary: "a source path that is relative",
    why: "A path is relative to a directory, and a document names none. The schema refuses it, so `virsh define --validate` does; \
          without that it is stored as it is.",
    source: "libvirt 11.3.0, src/conf/schemas/domaincommon.rng:1883",
    examples: examples!("relative-source"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    if !subject.is_for_qemu() {
        return;
    }
    for disk in subject.disks() {
        let Some(file) = disk.file().filter(|file| !file.value.starts_with('/')) else { continue };
        let message = format!(
            "the path '{}' is relative, and to nothing that the document names; it has to begin with '/'",
            Escaped(&file.value)
        );
        findings.add(file.span, message);
    }
}
