//! A disk that several guests write at once, each through a page cache.

use crate::escape::Escaped;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Safety, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ207",
    name: "shareable-with-host-cache",
    group: Group::Data,
    severity: Severity::Error,
    summary: "a <shareable/> disk on a share with a cache mode that goes through the host's page cache",
    why: "<shareable/> says that several guests have the disk at the same time, and those may run on several hosts. Behind a page cache \
          each host sees blocks that the others have long since changed: a cluster file system on it is destroyed. libvirt itself takes \
          'none' where nothing is said.",
    source: "libvirt 11.3.0, src/qemu/qemu_domain.c:9574-9579, src/qemu/qemu_migration.c:1804",
    examples: examples!("shareable-with-host-cache"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    for disk in subject.writable_disks_on_shares().filter(|disk| disk.is("shareable")) {
        // VQ101 has its word on native I/O, and VQ203 on unsafe.
        if disk.driver_says("io").is_some_and(|io| io.value == "native") {
            continue;
        }
        let Some(cache) = disk.driver_says("cache") else { continue };
        let right = match &*cache.value {
            "writeback" => "none",
            "writethrough" => "directsync",
            _ => continue,
        };
        findings
            .add(
                cache.span,
                format!(
                    "{} is shared by several guests behind cache='{}'; cache='{right}' would be right",
                    disk.shown(),
                    Escaped(&cache.value)
                ),
            )
            .fix(
                Safety::Safe,
                format!("set cache to '{right}'"),
                vec![disk.set_driver("cache", right)],
            );
    }
}
