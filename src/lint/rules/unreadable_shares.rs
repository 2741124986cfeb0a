//! Metadata of this project that it does not understand.

use crate::domain::Problem;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Subject};
use crate::xml::Located;

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ606",
    name: "unreadable-shares",
    group: Group::Mapping,
    severity: Severity::Error,
    summary: "a <shares> element in the metadata that does not say what shares it wants",
    why: "libvirt stores whatever stands in <metadata>. The hook reads its own element to the letter and refuses what it does not \
          understand: a guest that starts without a share that it asked for is worse than one that does not start.",
    source: "schemas/ of this project; namespace urn:virt-quobyte:domain:1",
    examples: examples!("unreadable-shares"),
    check: Check::Document(check),
};

/// What every namespace of shares begins with.
const FAMILY: &str = "urn:virt-quobyte:domain";

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    // Without settings nothing else reads the document another time, and hardly any has the element.
    if subject.settings().is_none() && !subject.tree().source().contains(FAMILY) {
        return;
    }
    if let Some(Located { value: Problem::Shares(problem), span }) = subject.unreadable() {
        findings.add(span, problem.to_string());
    }
}
