//! Two disks of one name.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::escape::Escaped;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Subject};
use crate::xml::Span;

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ111",
    name: "duplicate-target",
    group: Group::Refused,
    severity: Severity::Error,
    summary: "two disks with the same target name",
    why: "The target's name is what libvirt calls a disk by, so it is given once. Two disks are never meant to be one: each \
          needs a name of its own.",
    source: "libvirt 11.3.0, src/conf/domain_conf.c:30797",
    examples: examples!("duplicate-target"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    if !subject.is_for_qemu() {
        return;
    }
    let mut seen: HashMap<&str, Span> = HashMap::new();
    for name in subject.disks().iter().filter_map(|disk| disk.target()?.attribute("dev")) {
        let text: &str = name.value.strip_prefix("ioemu:").unwrap_or(&name.value);
        match seen.entry(text) {
            Entry::Vacant(first) => {
                first.insert(name.span);
            }
            Entry::Occupied(first) => {
                let message = format!(
                    "the target '{}' is another disk's already; each needs a name of its own",
                    Escaped(text)
                );
                findings.add(name.span, message).see(0, *first.get(), "the other disk");
            }
        }
    }
}
