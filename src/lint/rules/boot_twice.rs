//! An order of booting by device and by kind of device at once.

use super::duplicate_boot_order::per_device;
use crate::lint::disk::remove_element;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Safety, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ125",
    name: "boot-twice",
    group: Group::Refused,
    severity: Severity::Error,
    summary: "a <boot order> of a device together with a <boot dev> of the system",
    why: "<os><boot dev='hd'/></os> orders kinds of devices, and <boot order='1'/> in a device orders that one. libvirt takes one \
          way or the other. The second says which disk is meant.",
    source: "libvirt 11.3.0, src/conf/domain_postparse.c:1108",
    examples: examples!("boot-twice"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    if !subject.is_for_qemu() {
        return;
    }
    let Some(order) = per_device(subject).next() else { return };
    let Some(os) = subject.domain().child("os") else { return };
    let kinds: Vec<_> = os.all("boot").collect();
    let Some(first) = kinds.first() else { return };
    let edits = kinds.iter().copied().map(remove_element).collect();
    findings
        .add(
            first.start_tag(),
            "a <boot> here is refused together with a <boot order> of a device; one of the two ways would be right",
        )
        .see(0, order.span, "a device's order")
        .fix(Safety::Unsafe, "remove what <os> says of booting", edits);
}
