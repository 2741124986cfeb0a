//! A disk whose target is named as disks of another bus are.

use crate::escape::Escaped;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ212",
    name: "target-of-another-bus",
    group: Group::Data,
    severity: Severity::Note,
    summary: "a hard disk on a share whose target name is that of another bus",
    why: "libvirt takes any name on any bus, and no guest hears of it: a virtio disk that is called sdb here is a /dev/vd there, and the \
          guest's /dev/sdb, if it has one, is another disk, which somebody formats one day. libvirt names a disk for QEMU by its bus and \
          the letters behind the prefix, so sda and vda on virtio have one name and cannot be attached together. A disk on IDE \
          may be hda or sda, as guests of either age see it; a drive with media has a name of its own in every guest.",
    source: "libvirt 11.3.0, docs/formatdomain.rst (target), src/qemu/qemu_alias.c (qemuAssignDeviceDiskAlias)",
    examples: examples!("target-of-another-bus"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    if !subject.is_for_qemu() {
        return;
    }
    for disk in subject.hard_disks_on_shares() {
        let (Some(name), Some(bus)) = (disk.target_name(), disk.bus()) else { continue };
        let fitting: &[&str] = match bus {
            "virtio" => &["vd"],
            "scsi" | "sata" | "usb" => &["sd"],
            "ide" => &["hd", "sd"],
            _ => continue,
        };
        let bare = name.value.strip_prefix("ioemu:").unwrap_or(&name.value);
        // Anything else is no name of a disk at all: VQ110 says so.
        let prefix = ["vd", "sd", "hd", "xvd", "ubd"].into_iter().find(|it| bare.starts_with(it));
        let Some(prefix) = prefix.filter(|prefix| !fitting.contains(prefix)) else { continue };
        let right = [fitting[0], &bare[prefix.len()..]].concat();
        let message = format!(
            "{} is on bus '{}', where no guest calls it so; a free name such as '{}' would be right",
            disk.shown(),
            Escaped(bus),
            Escaped(&right)
        );
        findings.add(name.span, message);
    }
}
