//! Two devices at one place in the order of booting.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Subject};
use crate::xml::{ElementRef, Span, TreeAttribute};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ124",
    name: "duplicate-boot-order",
    group: Group::Refused,
    severity: Severity::Error,
    summary: "a boot order that two devices have",
    why: "The firmware tries the devices in the order of these numbers, so each is given once.",
    source: "libvirt 11.3.0, src/conf/domain_postparse.c:1086",
    examples: examples!("duplicate-boot-order"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    if !subject.is_for_qemu() {
        return;
    }
    let mut seen: HashMap<u32, Span> = HashMap::new();
    for order in per_device(subject) {
        let Ok(number) = order.value.trim().parse::<u32>() else { continue };
        match seen.entry(number) {
            Entry::Vacant(first) => {
                first.insert(order.span);
            }
            Entry::Occupied(first) => {
                let message =
                    format!("boot order {number} is another device's already; each is given once");
                findings.add(order.span, message).see(0, *first.get(), "the other device's");
            }
        }
    }
}

/// What the devices say of the order of booting.
pub(super) fn per_device<'t, 'a>(
    subject: &Subject<'t, 'a>,
) -> impl Iterator<Item = &'t TreeAttribute<'a>> {
    let devices = subject.domain().all("devices").flat_map(ElementRef::children);
    devices.filter_map(|device| device.child("boot")?.attribute("order"))
}
