//! Two disks at one address of a controller.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::escape::Escaped;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Disk, Findings, Subject};
use crate::xml::ElementRef;

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ123",
    name: "duplicate-drive-address",
    group: Group::Refused,
    severity: Severity::Error,
    summary: "two disks of one bus at the same drive address",
    why: "An address of type drive is a place at a controller: controller, bus, target and unit, each 0 where nothing is said. Two \
          disks cannot have one. Without an <address> libvirt makes one of the letters of the target's name, so that sda and hda get the \
          same place where both are on bus='sata'.",
    source: "libvirt 11.3.0, src/conf/domain_validate.c:1444, src/conf/domain_conf.c:6790",
    examples: examples!("duplicate-drive-address"),
    check: Check::Document(check),
};

/// Controller, bus, target and unit.
type Place = [u32; 4];

/// What an `<address>` says; none where a number is none that could be read.
fn said(address: ElementRef<'_, '_>) -> Option<Place> {
    let number = |name| address.value(name).map_or(Some(0), |text| text.trim().parse().ok());
    Some([number("controller")?, number("bus")?, number("target")?, number("unit")?])
}

/// What libvirt makes of the target's name. None for the eighth SCSI disk and those after it: that depends on the controller.
fn made(name: &str, bus: &str) -> Option<Place> {
    let name = name.strip_prefix("ioemu:").unwrap_or(name);
    let letters =
        ["fd", "hd", "vd", "sd", "xvd", "ubd"].into_iter().find_map(|it| name.strip_prefix(it))?;
    let letters = letters.trim_end_matches(|it: char| it.is_ascii_digit());
    let count = letters.bytes().try_fold(0_u32, |count, letter| {
        letter
            .is_ascii_lowercase()
            .then(|| count.checked_mul(26)?.checked_add(u32::from(letter - b'a') + 1))
            .flatten()
    })?;
    let index = count.checked_sub(1)?;
    match bus {
        "ide" => Some([index / 4, index % 4 / 2, 0, index % 2]),
        "sata" => Some([index / 6, 0, 0, index % 6]),
        "fdc" => Some([index / 2, 0, 0, index % 2]),
        "scsi" if index < 7 => Some([0, 0, 0, index]),
        _ => None,
    }
}

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    if !subject.is_for_qemu() {
        return;
    }
    let mut seen: HashMap<(&str, Place), &Disk<'_, '_>> = HashMap::new();
    for disk in subject.disks() {
        let (Some(bus), Some(name)) = (disk.bus(), disk.target_name()) else { continue };
        let address = disk.element().child("address");
        let place = match address {
            Some(address) if address.value("type") == Some("drive") => said(address),
            Some(_) => None,
            None => made(&name.value, bus),
        };
        let Some(place @ [controller, of, target, unit]) = place else { continue };
        match seen.entry((bus, place)) {
            Entry::Vacant(first) => {
                first.insert(disk);
            }
            // One name twice is a fault of its own, and its places are the same for that reason alone.
            Entry::Occupied(first)
                if first.get().target_name().is_some_and(|it| it.value == name.value) => {}
            Entry::Occupied(first) => {
                let message = format!(
                    "{} is at controller {controller}, bus {of}, target {target}, unit {unit} of bus '{}', where another disk \
                     is already; another name, or another <address>, would be right",
                    disk.shown(),
                    Escaped(bus)
                );
                let place = address.map_or(name.span, ElementRef::start_tag);
                findings.add(place, message).see(0, first.get().place(), "the other disk");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_made_of_the_letters_of_a_name() {
        for (name, bus, place) in [
            ("sda", "sata", Some([0, 0, 0, 0])),
            ("sdg", "sata", Some([1, 0, 0, 0])),
            ("hdaa", "sata", Some([4, 0, 0, 2])),
            ("hdd", "ide", Some([0, 1, 0, 1])),
            ("ioemu:hda", "ide", Some([0, 0, 0, 0])),
            ("fdb", "fdc", Some([0, 0, 0, 1])),
            ("sdg", "scsi", Some([0, 0, 0, 6])),
            ("sdh", "scsi", None),
            ("vda", "virtio", None),
            ("sd", "sata", None),
            ("sdA", "sata", None),
            ("sdzzzzzzzzzzzz", "sata", None),
        ] {
            assert_eq!(made(name, bus), place, "{name} on {bus}");
        }
    }
}
