//! Metadata that names an export which it may not have.

use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Subject};
use crate::needs::Fault;

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ604",
    name: "export-not-allowed",
    group: Group::Mapping,
    severity: Severity::Error,
    summary: "metadata that names an export which is no configured share's and which the policy does not allow",
    why: "The hook refuses to start the guest. Whoever may define domains need not be who administers the host, so metadata gets only what \
          the configuration says: the exports of its shares, and those that policy.exports allows.",
    source: "config.toml, [policy] exports",
    examples: examples!("export-not-allowed"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    for problem in subject.problems() {
        if let Fault::BadExport { .. } | Fault::ForbiddenExport { .. } = problem.fault {
            findings.add(problem.span, problem.fault.to_string());
        }
    }
}
