//! A disk on a share whose errors the guest gets to see.

use crate::escape::Escaped;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Disk, Findings, Safety, Subject};
use crate::xml::Span;

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ204",
    name: "errors-reach-guest",
    group: Group::Data,
    severity: Severity::Warning,
    summary: "a hard disk on a share that does not stop the guest at an I/O error",
    why: "While the Quobyte client is away, every access fails. A guest that sees these errors remounts its file systems read-only, \
          gives up databases, and has to be repaired and rebooted by hand; one that is paused goes on where it was once the share is \
          back and `virsh resume` is called. If the client dies, only a guest that is paused can be given its disks back without a \
          reboot (`virt-quobyte recover --revive`); one that has seen the errors is refused. QEMU's default stops for a full disk \
          only. error_policy='stop' covers reading too, unless rerror_policy says otherwise.",
    source: "libvirt 11.3.0, src/qemu/qemu_command.c:1488-1508, docs/formatdomain.rst:3453-3465",
    examples: examples!("errors-reach-guest"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    for disk in subject.hard_disks_on_shares() {
        // QEMU's models for these have no such property.
        if !matches!(disk.bus(), Some("virtio" | "scsi" | "sata" | "ide")) {
            continue;
        }
        let faults: Vec<(&str, Span, String)> =
            [("error_policy", writing(disk)), ("rerror_policy", reading(disk))]
                .into_iter()
                .filter_map(|(attribute, fault)| fault.map(|(span, is)| (attribute, span, is)))
                .collect();
        let Some((_, place, _)) = faults.first() else { continue };
        let says: Vec<&str> = faults.iter().map(|(_, _, is)| is.as_str()).collect();
        let right: Vec<String> = faults.iter().map(|(name, ..)| format!("{name}='stop'")).collect();
        let message = format!(
            "{} reports I/O errors to the guest ({}); {} would be right",
            disk.shown(),
            says.join(", "),
            right.join(" "),
        );
        let edits = match (disk.driver(), &faults[..]) {
            // One new element has both.
            (None, [..]) => vec![disk.set_driver("error_policy", "stop")],
            (Some(_), faults) => {
                faults.iter().map(|(attribute, ..)| disk.set_driver(attribute, "stop")).collect()
            }
        };
        findings.add(*place, message).fix(Safety::Unsafe, "stop the guest at errors", edits);
    }
}

/// What is wrong about errors of writing.
fn writing(disk: &Disk<'_, '_>) -> Option<(Span, String)> {
    match disk.driver_says("error_policy") {
        Some(policy) if policy.value == "stop" => None,
        Some(policy) => Some((policy.span, format!("error_policy='{}'", Escaped(&policy.value)))),
        None => Some((disk.driver_place(), "no error_policy".to_owned())),
    }
}

/// What is wrong about errors of reading, beyond what is wrong about those of writing.
fn reading(disk: &Disk<'_, '_>) -> Option<(Span, String)> {
    let policy = disk.driver_says("rerror_policy").filter(|policy| policy.value != "stop")?;
    Some((policy.span, format!("rerror_policy='{}'", Escaped(&policy.value))))
}
