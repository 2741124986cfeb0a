//! A path that goes up at a share.

use crate::lint::disk::escaped;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Edit, Findings, Safety, Subject};
use crate::needs::{self, Fault};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ607",
    name: "path-walks-up",
    group: Group::Mapping,
    severity: Severity::Error,
    summary: "a path that goes through '..' out of a share or into one",
    why: "Where such a path ends depends on what is mounted and on symlinks, so it cannot say which share it needs: the hook refuses to \
          start the guest. libvirt resolves the path before it looks up the file system, and so does whoever wants a guest to reach \
          another's image.",
    source: "libvirt 11.3.0, src/util/virfile.c (virFileIsSharedFSType canonicalises)",
    examples: examples!("path-walks-up"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    for problem in subject.problems() {
        let Fault::WalksUp { path } = &problem.fault else { continue };
        let end = needs::end(path);
        let finding = findings.add(problem.span, problem.fault.to_string());
        if !end.contains(char::is_control) {
            finding.fix(
                Safety::Unsafe,
                "write the path without '..', as if there were no symlinks",
                vec![Edit::replace(problem.span, escaped(&end))],
            );
        }
    }
}
