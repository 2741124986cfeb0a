//! Firmware variables that only this host has.

use crate::escape::Escaped;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Said, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ405",
    name: "nvram-off-shares",
    group: Group::Migration,
    severity: Severity::Note,
    summary: "firmware variables at a chosen path on no share, in a domain with disks on a share",
    why: "A live migration carries the firmware's variables along, but a start on another host, after this one has died, finds none and \
          makes new ones from the template: boot entries, enrolled keys and the state of Secure Boot are gone. The default place in \
          /var/lib/libvirt/qemu/nvram has the same fault; it is left alone here, because libvirt chose it and not this document. The \
          price of a share: a guest whose variables are there is not revived by `recover --revive` when the share's client has died, \
          and has to be started again.",
    source: "libvirt 11.3.0, src/qemu/qemu_process.c:4749-4790",
    examples: examples!("nvram-off-shares"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    if subject.hard_disks_on_shares().next().is_none() {
        return;
    }
    let Some(nvram) = subject.domain().at("os/nvram") else { return };
    let source = nvram.child("source").and_then(|source| source.attribute("file")).map(Said::from);
    let said = source.unwrap_or_else(|| Said { value: nvram.text(), span: nvram.text_span() });
    let by_default = said.value.starts_with("/var/lib/libvirt/qemu/nvram/");
    if subject.is_off_shares(&said.value) && !by_default {
        let message = format!(
            "the firmware's variables '{}' are on no share while the disks are on one; a file beside the disks would be right",
            Escaped(&said.value)
        );
        findings.add(said.span, message);
    }
}
