//! A disk of this host that is backed by an image on a share.

use crate::escape::Escaped;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Backing, Findings, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ402",
    name: "overlay-off-shares",
    group: Group::Migration,
    severity: Severity::Warning,
    summary: "a disk on no share that is backed by an image on a share",
    why: "What the guest writes stays on this host: the guest can neither be migrated without copying storage nor be started elsewhere after \
          this host has died. It is what an external snapshot leaves behind that was told to put its overlay into another directory. \
          `virsh blockcommit` or `virsh blockcopy` brings the data back to the share.",
    source: "libvirt 11.3.0, src/qemu/qemu_migration.c:1769-1801",
    examples: examples!("overlay-off-shares"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    for disk in subject.disks().iter().filter(|disk| disk.is_writable()) {
        let Some(file) = disk.file().filter(|file| subject.is_off_shares(&file.value)) else {
            continue;
        };
        let stores = disk.backing();
        let mut on_share = stores
            .iter()
            .filter_map(Backing::file)
            .filter(|file| subject.on_share(&file.value).is_one());
        if let Some(store) = on_share.next() {
            let message = format!(
                "{} writes to '{}' on no share, over an image on a share; an overlay on the share would be right",
                disk.shown(),
                Escaped(&file.value)
            );
            findings.add(file.span, message).see(0, store.span, "the image on a share");
        }
    }
}
