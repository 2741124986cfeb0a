//! `<disk type='network'>` that names Quobyte as its protocol.

use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ103",
    name: "quobyte-protocol",
    group: Group::Refused,
    severity: Severity::Error,
    summary: "a network disk with protocol='quobyte'",
    why: "libvirt has no Quobyte protocol and QEMU no Quobyte driver: a volume is reached through its mount. Write the image as \
          a file: type='file' on the disk and <source file='MOUNT POINT/IMAGE'/>. OpenStack Nova says protocol='quobyte' in its own \
          settings, but writes type='file', where no protocol is.",
    source: "libvirt 11.3.0, src/conf/storage_source_conf.c:76",
    examples: examples!("quobyte-protocol"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    for disk in subject.disks().iter().filter(|disk| disk.kind() == "network") {
        let Some(source) = disk.source() else { continue };
        let Some(protocol) = source.attribute("protocol") else { continue };
        if !protocol.value.eq_ignore_ascii_case("quobyte") {
            continue;
        }
        findings.add(
            protocol.span,
            "libvirt knows no protocol 'quobyte'; type='file' with <source file='...'/>, the image's path on the mounted \
             share, would be right",
        );
    }
}
