//! Metadata that names a share nobody configured.

use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Subject};
use crate::needs::Fault;

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ603",
    name: "share-not-configured",
    group: Group::Mapping,
    severity: Severity::Error,
    summary: "metadata that names a share which is not configured",
    why: "The hook refuses to start the guest: it asked for a share that this host does not know. Names are compared byte for byte.",
    source: "this project's README, \"How a guest names its shares\"",
    examples: examples!("share-not-configured"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    for problem in subject.problems() {
        if let Fault::UnknownShare { .. } = problem.fault {
            findings.add(problem.span, problem.fault.to_string());
        }
    }
}
