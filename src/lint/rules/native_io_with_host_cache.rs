//! `io='native'` under a cache of the host's.

use crate::escape::Escaped;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Safety, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ101",
    name: "native-io-with-host-cache",
    group: Group::Refused,
    severity: Severity::Error,
    summary: "io='native' with a cache mode that goes through the host's page cache",
    why: "Linux AIO is asynchronous only for files that are opened with O_DIRECT, so libvirt takes io='native' only with \
          cache='none' or cache='directsync'. Without a cache attribute the hypervisor's default is meant, which goes through \
          the page cache. On Quobyte cache='none' is right: two hosts that each have a page cache of their own see different data.",
    source: "libvirt 11.3.0, src/qemu/qemu_validate.c:3225",
    examples: examples!("native-io-with-host-cache"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    for disk in subject.disks() {
        let Some(io) = disk.driver_says("io").filter(|io| io.value == "native") else { continue };
        let (place, is) = match disk.driver_says("cache") {
            Some(cache) if matches!(&*cache.value, "none" | "directsync") => continue,
            // Any other word is refused for itself.
            Some(cache)
                if !matches!(
                    &*cache.value,
                    "default" | "writethrough" | "writeback" | "unsafe"
                ) =>
            {
                continue;
            }
            Some(cache) => (cache.span, format!("cache='{}'", Escaped(&cache.value))),
            None => (io.span, "no cache attribute".to_owned()),
        };
        findings
            .add(place, format!("io='native' with {is} is refused; cache='none' would be right"))
            .fix(Safety::Safe, "set cache to 'none'", vec![disk.set_driver("cache", "none")]);
    }
}
