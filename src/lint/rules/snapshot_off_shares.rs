//! A snapshot whose overlay of an image on a share lies elsewhere.

use crate::escape::Escaped;
use crate::lint::disk::Said;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ408",
    name: "snapshot-off-shares",
    group: Group::Migration,
    severity: Severity::Warning,
    summary: "a snapshot that puts the overlay of an image on a share on no share",
    why: "From the snapshot on the guest writes to the overlay, which stays on this host: the guest can neither be migrated without \
          copying storage nor be started elsewhere after this host has died. Leave the overlay's path out, and libvirt puts it \
          beside the image. That is also why snapshot='external' on a domain's disk is no fault: it says how a snapshot is made, \
          and only the snapshot can say where.",
    source: "libvirt 11.3.0, src/conf/snapshot_conf.c (virDomainSnapshotDefAssignExternalNames)",
    examples: examples!("snapshot-off-shares"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    let root = subject.tree().root();
    let Some(disks) = root.child("disks").filter(|_| root.is("domainsnapshot")) else { return };
    for overlaid in disks.all("disk") {
        let Some(name) = overlaid.value("name") else { continue };
        let file = overlaid.child("source").and_then(|source| source.attribute("file"));
        let Some(file) = file.filter(|file| subject.is_off_shares(&file.value)) else { continue };
        // libvirt finds a disk by its target or by its image.
        let image = subject.disks_on_shares().find_map(|disk| {
            let is_meant = |said: &Said<'_>| said.value == name;
            let image = disk.file()?;
            (disk.target_name().as_ref().is_some_and(is_meant) || is_meant(&image)).then_some(image)
        });
        if let Some(image) = image {
            let message = format!(
                "the overlay '{}' is on no share, over an image on a share; one beside the image would be right",
                Escaped(&file.value)
            );
            findings.add(file.span, message).see(0, image.span, "the image on a share");
        }
    }
}
