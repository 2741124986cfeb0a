//! A target whose name is none that a disk can have, or is missing.

use crate::escape::Escaped;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Disk, Findings, Subject};
use crate::xml::ElementRef;

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ110",
    name: "bad-target-name",
    group: Group::Refused,
    severity: Severity::Error,
    summary: "a target name that is missing, malformed or a partition",
    why: "The target's name is what libvirt calls the disk by. It is a prefix (vd, sd, hd, xvd, ubd; fd for a floppy) and small \
          letters: vda, vdb, ..., vdaa. It need not be what the guest calls the disk, and it is never a partition.",
    source: "libvirt 11.3.0, src/util/virutil.c:325, src/conf/domain_validate.c:953, src/qemu/qemu_validate.c:3443",
    examples: examples!("bad-target-name"),
    check: Check::Document(check),
};

/// What is wrong with a name. As virDiskNameParse reads it, with the prefixes that virDomainDiskDefValidate takes for the device.
fn fault(name: &str, disk: &Disk<'_, '_>) -> Option<&'static str> {
    let name = name.strip_prefix("ioemu:").unwrap_or(name);
    let prefix = ["fd", "hd", "vd", "sd", "xvd", "ubd"].into_iter().find(|it| name.starts_with(it));
    let Some(prefix) = prefix else {
        return Some("is no name of a disk; one such as 'vda' would be right");
    };
    match disk.device() {
        "disk" | "lun" if prefix == "fd" => {
            return Some("is a floppy's; one such as 'vda' would be right");
        }
        "floppy" if prefix != "fd" => {
            return Some("is no floppy's; one such as 'fda' would be right");
        }
        _ => {}
    }
    let rest = name[prefix.len()..].trim_start_matches(|it: char| it.is_ascii_lowercase());
    match rest {
        _ if rest.len() == name.len() - prefix.len() => {
            Some("has no letter behind its prefix; one such as 'vda' would be right")
        }
        "" | "0" => None,
        _ if rest.bytes().all(|it| it.is_ascii_digit()) => {
            Some("is a partition's; a disk has none in its name, such as 'vda'")
        }
        _ => Some("is no name of a disk; one such as 'vda' would be right"),
    }
}

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    if !subject.is_for_qemu() {
        return;
    }
    for disk in subject.disks() {
        let Some(name) = disk.target_name() else {
            let place = disk.target().map_or_else(|| disk.place(), ElementRef::name_span);
            findings.add(
                place,
                "a disk without a target is refused; <target dev='vda' bus='virtio'/> or another name would be right",
            );
            continue;
        };
        if let Some(fault) = fault(&name.value, disk) {
            findings.add(name.span, format!("the target '{}' {fault}", Escaped(&name.value)));
        }
    }
}
