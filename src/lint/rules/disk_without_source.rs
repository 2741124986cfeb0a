//! A hard disk that has no image.

use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Subject};
use crate::xml::ElementRef;

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ112",
    name: "disk-without-source",
    group: Group::Refused,
    severity: Severity::Error,
    summary: "a disk that names no image and is no removable drive",
    why: "Only a CD-ROM or a floppy drive can be empty. libvirt also takes a disk for empty whose <source> has no attribute of the \
          disk's type: type='file' wants file, type='block' wants dev.",
    source: "libvirt 11.3.0, src/conf/domain_validate.c:969",
    examples: examples!("disk-without-source"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    for disk in subject.disks().iter().filter(|disk| disk.device() == "disk") {
        let wanted = match disk.kind() {
            "file" => "file",
            "block" => "dev",
            "dir" => "dir",
            _ => continue,
        };
        let source = disk.source();
        if source.and_then(|source| source.value(wanted)).is_some_and(|path| !path.is_empty()) {
            continue;
        }
        let place = source.map_or_else(|| disk.element().name_span(), ElementRef::name_span);
        let other = ["file", "dev", "dir", "name"].into_iter().find(|it| {
            source.is_some_and(|source| source.value(it).is_some_and(|path| !path.is_empty()))
        });
        let has = other.map_or_else(String::new, |other| format!(", though a {other} attribute"));
        let message = format!(
            "{} has no image{has}, and only a removable drive can be empty; type='{}' wants <source {wanted}='...'/>",
            disk.shown(),
            disk.kind(),
        );
        findings.add(place, message);
    }
}
