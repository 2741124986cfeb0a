//! A path on a share in another spelling than the canonical one.

use crate::escape::Escaped;
use crate::lint::disk::escaped;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Edit, Findings, Safety, Subject};
use crate::needs::{self, PathVerdict};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ608",
    name: "path-not-canonical",
    group: Group::Mapping,
    severity: Severity::Warning,
    summary: "a path on a share with '//', '.', '..' or a blank at its end",
    why: "Much compares paths as text: virtlockd's lockspace is named by a hash of the path, so one image in two spellings has two locks and \
          two guests can have it at once. virt-install and libvirt's own storage pools look for a path as it is written. A blank at the \
          end is part of the name, and hardly ever meant.",
    source: "libvirt 11.3.0, src/locking/lock_driver_lockd.c (virLockManagerLockDaemonAddResource: SHA-256 of the path)",
    examples: examples!("path-not-canonical"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    let Some(Ok(needed)) = subject.needed() else { return };
    for (path, verdict) in &needed.paths {
        let PathVerdict::On(_) = verdict else { continue };
        let written = path.path.as_str();
        let end = needs::end(written);
        let right = end.trim_end();
        if right == written {
            continue;
        }
        // The kernel passes over the rest, but '..' behind a symlink and a blank in a name are followed.
        let is_the_same = right == end && !written.split('/').any(|component| component == "..");
        let message = format!(
            "'{}' is not in canonical form; '{}' would be right",
            Escaped(written),
            Escaped(right)
        );
        let finding = findings.add(path.span, message);
        if !right.contains(char::is_control) {
            finding.fix(
                if is_the_same { Safety::Safe } else { Safety::Unsafe },
                "write the path in canonical form",
                vec![Edit::replace(path.span, escaped(right))],
            );
        }
    }
}
