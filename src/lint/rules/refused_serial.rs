//! A serial with characters that libvirt refuses.

use crate::escape::Escaped;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Subject};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ115",
    name: "refused-serial",
    group: Group::Refused,
    severity: Severity::Error,
    summary: "a serial with a character that is refused",
    why: "libvirt hands a serial on to QEMU only if it is made of letters and digits of ASCII, blanks and - _ . + and nothing else.",
    source: "libvirt 11.3.0, src/qemu/qemu_validate.c:2814",
    examples: examples!("refused-serial"),
    check: Check::Document(check),
};

/// `QEMU_SERIAL_PARAM_ACCEPTED_CHARS`.
fn is_accepted(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | ' ' | '.' | '+')
}

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    if !subject.is_for_qemu() {
        return;
    }
    for disk in subject.disks() {
        let Some(serial) = disk.element().child("serial") else { continue };
        let text = serial.text();
        let Some(refused) = text.chars().find(|it| !is_accepted(*it)) else { continue };
        let message = format!(
            "the serial '{}' has '{}', which is refused; letters, digits, blanks and -_.+ would be right",
            Escaped(&text),
            Escaped(refused.encode_utf8(&mut [0; 4])),
        );
        findings.add(serial.text_span(), message);
    }
}
