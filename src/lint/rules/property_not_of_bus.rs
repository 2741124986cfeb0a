//! A property that disks on this bus do not have.

use crate::escape::Escaped;
use crate::lint::disk::{remove_attribute, remove_element};
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Edit, Findings, Safety, Subject};
use crate::xml::Span;

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ127",
    name: "property-not-of-bus",
    group: Group::Refused,
    severity: Severity::Error,
    summary: "a wwn, vendor, product, rotation rate or removable flag on a bus that has none",
    why: "These are properties of one kind of bus: wwn of ide and scsi, vendor of scsi, product of scsi (and of ide and sata in newer releases), rotation_rate of ide, sata and \
          scsi, removable of usb (and of scsi in newer releases). libvirt refuses them elsewhere. A <serial> is what every bus has to tell \
          disks apart.",
    source: "libvirt 11.3.0, src/qemu/qemu_validate.c:3032 and 3116, src/conf/domain_validate.c:935",
    examples: examples!("property-not-of-bus"),
    check: Check::Document(check),
};

/// The elements of a disk, and the buses that have what they say.
const ELEMENTS: &[(&str, &[&str])] =
    &[("wwn", &["ide", "scsi"]), ("vendor", &["scsi"]), ("product", &["ide", "sata", "scsi"])];

/// The same for attributes of its target.
const ATTRIBUTES: &[(&str, &[&str])] =
    &[("rotation_rate", &["ide", "sata", "scsi"]), ("removable", &["usb", "scsi"])];

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    if !subject.is_for_qemu() {
        return;
    }
    for disk in subject.disks() {
        let (Some(bus), Some(target)) = (disk.bus(), disk.target()) else { continue };
        let mut add = |name: &str, having: &[&str], place: Span, edit: Edit| {
            let message = format!(
                "{name} is refused on bus '{}'; it goes with {}",
                Escaped(bus),
                having.join(", ")
            );
            findings.add(place, message).fix(Safety::Unsafe, format!("remove {name}"), vec![edit]);
        };
        for (name, having) in ELEMENTS.iter().filter(|(_, having)| !having.contains(&bus)) {
            let Some(element) = disk.element().child(name) else { continue };
            if !element.text().is_empty() {
                add(name, having, element.name_span(), remove_element(element));
            }
        }
        for (name, having) in ATTRIBUTES.iter().filter(|(_, having)| !having.contains(&bus)) {
            let Some(attribute) = target.attribute(name).filter(|it| it.value != "0") else {
                continue;
            };
            add(name, having, attribute.whole(), remove_attribute(target, attribute));
        }
    }
}
