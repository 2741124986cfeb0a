//! One image for two disks of a guest.

use crate::escape::Escaped;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Disk, Findings, Subject};
use crate::needs;

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ208",
    name: "image-twice-in-domain",
    group: Group::Data,
    severity: Severity::Error,
    summary: "one image for two disks of one domain, at least one of which is writable",
    why: "libvirt accepts it. QEMU's image locks stop the guest at its start with 'Failed to get \"write\" lock'; where the locks are \
          off or not effective, two disks overwrite each other and the image is lost. It is a slip of copying. Two disks that are both \
          <shareable/>, or both read-only, are fine.",
    source: "measured with libvirt 9.0.0 and QEMU 7.2; QEMU, block/file-posix.c (raw_check_lock_bytes)",
    examples: examples!("image-twice-in-domain"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    let mut seen: Vec<(String, &Disk<'_, '_>)> = Vec::new();
    for disk in subject.disks() {
        let Some(file) = disk.file() else { continue };
        let path = needs::end(&file.value).into_owned();
        let clash = seen.iter().find(|(other, earlier)| *other == path && !fit(earlier, disk));
        if let Some((_, earlier)) = clash {
            let other = earlier.file().map_or_else(|| earlier.place(), |file| file.span);
            let message = format!(
                "{} has the image of {}, '{}'; an image of its own would be right",
                disk.shown(),
                earlier.shown(),
                Escaped(&file.value)
            );
            findings.add(file.span, message).see(0, other, "the other disk");
        }
        seen.push((path, disk));
    }
}

/// Whether two disks may have one image.
fn fit(one: &Disk<'_, '_>, other: &Disk<'_, '_>) -> bool {
    !one.is_writable() && !other.is_writable() || one.is("shareable") && other.is("shareable")
}
