//! An image that is declared raw and has a backing store.

use crate::escape::Escaped;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Subject};
use crate::xml::{ElementRef, Span};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ303",
    name: "raw-with-backing",
    group: Group::Security,
    severity: Severity::Error,
    summary: "an image of format raw, or of no declared format, with a <backingStore>",
    why: "A raw image has no backing store. libvirt takes the definition and refuses the start. One of the two is wrong, and it matters \
          which: an overlay that is opened as raw shows the guest its qcow2 header, and lets it write one that names any file of the \
          host. Declare the format that `qemu-img info` shows, or remove the <backingStore>.",
    source: "libvirt 11.3.0, src/qemu/qemu_block.c:1389-1392 (\"storage format '%1$s' does not support backing store\")",
    examples: examples!("raw-with-backing"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    if !subject.is_for_qemu() {
        return;
    }
    for disk in subject.disks().iter().filter(|disk| disk.kind() == "file") {
        let mut above: (Option<ElementRef<'_, '_>>, Span) = (disk.driver(), disk.driver_place());
        for backing in disk.backing() {
            let declared = above.0.and_then(|element| element.attribute("type"));
            let (place, is) = match declared {
                Some(format) if format.value == "raw" => {
                    (format.span, "is declared raw".to_owned())
                }
                Some(_) => {
                    above = below(backing.element);
                    continue;
                }
                None => (above.1, "has no declared format, which means raw,".to_owned()),
            };
            let store = backing.file().map(|file| file.value);
            let store = store.as_deref().unwrap_or("a store");
            let message = format!(
                "an image of {} {is} and is backed by '{}'; type='qcow2' would be right, or no <backingStore>",
                disk.shown(),
                Escaped(store)
            );
            findings.add(place, message).see(0, backing.element.name_span(), "the backing store");
            above = below(backing.element);
        }
    }
}

/// Where a backing store declares its format, and where a finding belongs if it does not.
fn below<'t, 'a>(store: ElementRef<'t, 'a>) -> (Option<ElementRef<'t, 'a>>, Span) {
    (store.child("format"), store.name_span())
}
