//! A misspelt or misplaced attribute or element of a disk.

use crate::escape::Escaped;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Edit, Findings, Safety, Subject};
use crate::near::nearest;
use crate::xml::{ElementRef, Namespace};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ120",
    name: "dropped-in-silence",
    group: Group::Refused,
    severity: Severity::Error,
    summary: "an attribute or element of a disk that libvirt drops without a word",
    why: "libvirt reads what it knows and drops the rest in silence, unless it is asked to validate. What is misspelt, or stands in \
          the wrong element, is not in the stored domain, and the disk is not what the document says. Only what looks like a known name \
          is found here: a newer libvirt may know more names than this linter, which knows those of 11.3.0.",
    source: "libvirt 11.3.0, src/conf/domain_conf.c:8453, src/conf/schemas/domaincommon.rng:1725",
    examples: examples!("dropped-in-silence"),
    check: Check::Document(check),
};

/// What may stand in an element of a disk.
struct Known {
    element: &'static str,
    attributes: &'static [&'static str],
    elements: &'static [&'static str],
}

const KNOWN: &[Known] = &[
    Known {
        element: "disk",
        attributes: &["type", "device", "model", "snapshot", "rawio", "sgio"],
        elements: &[
            "source",
            "driver",
            "mirror",
            "auth",
            "target",
            "boot",
            "backenddomain",
            "readonly",
            "shareable",
            "transient",
            "serial",
            "encryption",
            "throttlefilters",
            "iotune",
            "alias",
            "acpi",
            "address",
            "geometry",
            "blockio",
            "wwn",
            "vendor",
            "product",
            "backingStore",
            "diskSecretsPlacement",
            "privateData",
            "state",
        ],
    },
    Known {
        element: "driver",
        attributes: &[
            "name",
            "type",
            "cache",
            "error_policy",
            "rerror_policy",
            "io",
            "ioeventfd",
            "event_idx",
            "copy_on_read",
            "discard",
            "iothread",
            "detect_zeroes",
            "discard_no_unref",
            "queues",
            "queue_size",
            "iommu",
            "ats",
            "packed",
            "page_per_vq",
        ],
        elements: &["metadata_cache", "iothreads", "statistics"],
    },
    Known {
        element: "source",
        attributes: &[
            "file",
            "fdgroup",
            "startupPolicy",
            "index",
            "dev",
            "dir",
            "protocol",
            "name",
            "query",
            "pool",
            "volume",
            "mode",
            "type",
            "managed",
            "namespace",
            "path",
            "tls",
            "tlsHostname",
        ],
        elements: &[
            "host",
            "snapshot",
            "config",
            "auth",
            "cookies",
            "reservations",
            "initiator",
            "seclabel",
            "encryption",
            "slices",
            "address",
            "reconnect",
            "identity",
            "ssl",
            "readahead",
            "timeout",
            "privateData",
            "dataStore",
            "knownHosts",
            "nodenames",
        ],
    },
    Known {
        element: "target",
        attributes: &["dev", "bus", "tray", "removable", "rotation_rate", "dpofua"],
        elements: &[],
    },
];

fn known(element: &str) -> &'static Known {
    KNOWN.iter().find(|known| known.element == element).expect("one of the table's")
}

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    for disk in subject.disks() {
        let disk = disk.element();
        look(disk, known("disk"), findings);
        for name in ["driver", "source", "target"] {
            if let Some(part) = disk.child(name) {
                look(part, known(name), findings);
            }
        }
    }
}

fn look(element: ElementRef<'_, '_>, known: &Known, findings: &mut Findings<'_>) {
    for attribute in element.attributes() {
        if attribute.namespace != Namespace::None || known.attributes.contains(&attribute.name) {
            continue;
        }
        let shown = Escaped(attribute.name);
        let meant = nearest(attribute.name, known.attributes.iter().copied());
        let home = KNOWN.iter().find(|it| it.attributes.contains(&attribute.name));
        let child = known.elements.contains(&attribute.name);
        let right = match (meant, home) {
            _ if child => format!("<{shown}> is an element of its own in <{}>", known.element),
            (_, Some(home)) => format!("it belongs in <{}>", home.element),
            (Some(meant), None) => format!("'{meant}' is probably meant"),
            (None, None) => continue,
        };
        let message = format!(
            "libvirt drops the attribute '{shown}' of <{}> in silence; {right}",
            known.element
        );
        let finding = findings.add(attribute.name_span, message);
        if let (Some(meant), None, false) = (meant, home, child)
            && element.attribute(meant).is_none()
        {
            let edit = Edit::replace(attribute.name_span, meant);
            finding.fix(Safety::Unsafe, format!("rename it to '{meant}'"), vec![edit]);
        }
    }
    for child in element.children() {
        if *child.namespace() != Namespace::None || known.elements.contains(&child.name()) {
            continue;
        }
        let shown = Escaped(child.name());
        let home = KNOWN.iter().find(|it| it.elements.contains(&child.name()));
        let is_attribute = known.attributes.contains(&child.name());
        let right = match (nearest(child.name(), known.elements.iter().copied()), home) {
            _ if is_attribute => format!("{shown}='...' is an attribute of <{}>", known.element),
            (_, Some(home)) => format!("it belongs in <{}>", home.element),
            (Some(meant), None) => format!("<{meant}> is probably meant"),
            (None, None) => continue,
        };
        let message = format!(
            "libvirt drops the element <{shown}> in <{}> in silence; {right}",
            known.element
        );
        findings.add(child.name_span(), message);
    }
}
