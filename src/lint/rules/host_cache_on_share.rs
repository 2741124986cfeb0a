//! A disk on a share behind the page cache of one host.

use crate::escape::Escaped;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Safety, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ202",
    name: "host-cache-on-share",
    group: Group::Data,
    severity: Severity::Warning,
    summary: "a writable disk on a share with a cache mode that goes through the host's page cache",
    why: "Every host has a page cache of its own, and Quobyte keeps them no more coherent than NFS does. After a migration or a start \
          elsewhere the guest may read what its old host has not written yet, or what its new one still remembers. libvirt knows \
          Quobyte as a shared file system but not as a coherent one, and asks for 'none' or 'directsync' before it migrates, unless \
          QEMU can drop the cache. Where nothing is said, QEMU takes 'writeback'.",
    source: "libvirt 11.3.0, src/qemu/qemu_migration.c:1804-1818, src/util/virfile.c (virFileIsClusterFS)",
    examples: examples!("host-cache-on-share"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    for disk in subject.writable_disks_on_shares() {
        // Refused anyway (VQ101), or worse than this (VQ203, VQ207).
        let is_native = disk.driver_says("io").is_some_and(|io| io.value == "native");
        if is_native || disk.is("shareable") {
            continue;
        }
        let cache = disk.driver_says("cache");
        let right = match cache.as_ref().map(|cache| &*cache.value) {
            None | Some("default" | "writeback") => "none",
            // The guest is promised that what is written is written.
            Some("writethrough") => "directsync",
            _ => continue,
        };
        let (place, is) = match &cache {
            Some(cache) => (cache.span, format!("cache='{}'", Escaped(&cache.value))),
            None => (disk.driver_place(), "no cache attribute".to_owned()),
        };
        findings
            .add(
                place,
                format!("{} is on a share with {is}; cache='{right}' would be right", disk.shown()),
            )
            .fix(
                Safety::Safe,
                format!("set cache to '{right}'"),
                vec![disk.set_driver("cache", right)],
            );
    }
}
