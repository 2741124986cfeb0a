//! A word that libvirt does not know, where it takes only words of a list.

use crate::escape::Escaped;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Edit, Findings, Safety, Subject};
use crate::near::nearest;

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ102",
    name: "unknown-word",
    group: Group::Refused,
    severity: Severity::Error,
    summary: "a word that libvirt does not know in an attribute that takes one of a few",
    why: "libvirt reads these attributes as one of a fixed list of words and refuses the whole document for any other, mostly \
          a misspelt one. A newer libvirt may know more words than this linter, which knows those of 11.3.0.",
    source: "libvirt 11.3.0, src/util/virxml.c:369 and the lists in src/conf/domain_conf.c:347, src/conf/storage_source_conf.c:41",
    examples: examples!("unknown-word"),
    check: Check::Document(check),
};

/// The words of an attribute, in the order of libvirt's lists. `default` begins most of those, but is taken only where it stands
/// here.
struct Words {
    /// The element in the disk; none for the disk itself.
    element: Option<&'static str>,
    attribute: &'static str,
    known: &'static [&'static str],
}

const fn of_disk(attribute: &'static str, known: &'static [&'static str]) -> Words {
    Words { element: None, attribute, known }
}

const fn of(
    element: &'static str,
    attribute: &'static str,
    known: &'static [&'static str],
) -> Words {
    Words { element: Some(element), attribute, known }
}

const SWITCH: &[&str] = &["on", "off"];

const WORDS: &[Words] = &[
    of_disk(
        "type",
        &["file", "block", "dir", "network", "volume", "nvme", "vhostuser", "vhostvdpa"],
    ),
    of_disk("device", &["disk", "cdrom", "floppy", "lun"]),
    of_disk("model", &["default", "virtio", "virtio-transitional", "virtio-non-transitional"]),
    of_disk("snapshot", &["no", "internal", "external", "manual"]),
    of(
        "driver",
        "type",
        &[
            "raw", "dir", "bochs", "cloop", "dmg", "iso", "vpc", "vdi", "fat", "vhd", "ploop",
            "cow", "qcow", "qcow2", "qed", "vmdk", "aio",
        ],
    ),
    of(
        "driver",
        "cache",
        &["default", "none", "writethrough", "writeback", "directsync", "unsafe"],
    ),
    of("driver", "error_policy", &["stop", "report", "ignore", "enospace"]),
    of("driver", "rerror_policy", &["stop", "report", "ignore"]),
    of("driver", "io", &["native", "threads", "io_uring"]),
    of("driver", "discard", &["unmap", "ignore"]),
    of("driver", "detect_zeroes", &["off", "on", "unmap"]),
    of("driver", "ioeventfd", SWITCH),
    of("driver", "event_idx", SWITCH),
    of("driver", "copy_on_read", SWITCH),
    of("source", "startupPolicy", &["mandatory", "requisite", "optional"]),
    of("target", "bus", &["ide", "fdc", "scsi", "virtio", "xen", "usb", "uml", "sata", "sd"]),
    of("target", "tray", &["closed", "open"]),
];

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    for disk in subject.disks() {
        for Words { element, attribute, known } in WORDS {
            let holder = match element {
                Some(name) => disk.element().child(name),
                None => Some(disk.element()),
            };
            let Some(said) = holder.and_then(|holder| holder.attribute(attribute)) else {
                continue;
            };
            if known.contains(&&*said.value) {
                continue;
            }
            let meant = nearest(&said.value, known.iter().copied());
            let right = meant.map_or_else(
                || format!("it is one of {}", known.join(", ")),
                |word| format!("'{word}' is probably meant"),
            );
            let message = format!(
                "libvirt refuses {attribute}='{}', a word that it does not know; {right}",
                Escaped(&said.value),
            );
            let finding = findings.add(said.span, message);
            if let Some(word) = meant {
                let edit = Edit::replace(said.span, word);
                finding.fix(Safety::Unsafe, format!("set {attribute} to '{word}'"), vec![edit]);
            }
        }
    }
}
