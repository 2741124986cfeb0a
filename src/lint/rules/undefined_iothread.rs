//! A disk on an I/O thread that the domain does not have.

use std::collections::BTreeSet;

use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ108",
    name: "undefined-iothread",
    group: Group::Refused,
    severity: Severity::Error,
    summary: "an iothread that the domain does not define",
    why: "A disk names an I/O thread by its number, and the domain says which there are: <iothreads>N</iothreads> has those from \
          1 to N, and <iothreadids> names single ones.",
    source: "libvirt 11.3.0, src/qemu/qemu_validate.c:2961",
    examples: examples!("undefined-iothread"),
    check: Check::Document(check),
};

/// The numbers of the domain's I/O threads. Those in `<iothreadids>` count, and the lowest free numbers fill up to what
/// `<iothreads>` says (virDomainIOThreadIDArrayInit).
fn defined(subject: &Subject<'_, '_>) -> BTreeSet<u32> {
    let domain = subject.domain();
    let number = |text: &str| text.trim().parse().ok();
    let named = domain.child("iothreadids").into_iter().flat_map(|ids| ids.all("iothread"));
    let mut defined: BTreeSet<u32> = named.filter_map(|id| number(id.value("id")?)).collect();
    let count = domain.child("iothreads").and_then(|count| number(&count.text())).unwrap_or(0);
    let missing = (count as usize).min(MOST).saturating_sub(defined.len());
    let free: Vec<u32> = (1..).filter(|id| !defined.contains(id)).take(missing).collect();
    defined.extend(free);
    defined
}

/// More than any host has; what a document claims beyond is not counted out.
const MOST: usize = 65_536;

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    if !subject.is_for_qemu() {
        return;
    }
    let on_virtio = subject.disks().iter().filter(|disk| disk.bus() == Some("virtio"));
    let asking: Vec<_> = on_virtio.filter_map(|disk| disk.driver_says("iothread")).collect();
    if asking.is_empty() {
        return;
    }
    let defined = defined(subject);
    for iothread in asking {
        let Ok(number) = iothread.value.parse::<u32>() else { continue };
        if defined.contains(&number) {
            continue;
        }
        let right = match (defined.first(), defined.last()) {
            (Some(first), Some(last)) if first == last => format!("it has {first} only"),
            (Some(first), Some(last)) => format!("it has {first} to {last}"),
            _ => format!("<iothreads>{number}</iothreads> would define it"),
        };
        findings.add(
            iothread.span,
            format!(
                "the I/O thread {number} is not one of the domain's, so it is refused; {right}"
            ),
        );
    }
}
