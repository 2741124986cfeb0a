//! A path that has a share's key in it, somewhere else than where the share is mounted.

use crate::config::Settings;
use crate::domain::PathUse;
use crate::escape::Escaped;
use crate::lint::disk::escaped;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::spelling::{Meant, meant};
use crate::lint::{Edit, Findings, Safety, Subject};
use crate::needs::{self, PathVerdict};
use crate::share::ShareKey;
use crate::xml::Span;

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ602",
    name: "path-of-another-base",
    group: Group::Mapping,
    severity: Severity::Warning,
    summary: "a path with the key of a configured share, but not where that share is mounted",
    why: "The path is one that Nova or Cinder would make below a mount base of their own, or below the one that this host had before. The \
          hook sees no share in it: it mounts nothing, holds nothing, and the guest starts only for as long as something else keeps \
          that directory mounted. Write the path below the share's mount point, or set mount_base to the old one.",
    source: "nova, nova/virt/libvirt/volume/quobyte.py ([libvirt]quobyte_mount_point_base)",
    examples: examples!("path-of-another-base"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    let (Some(settings), Some(Ok(needed))) = (subject.settings(), subject.needed()) else { return };
    for (PathUse { path, span, .. }, verdict) in &needed.paths {
        if *verdict != PathVerdict::None {
            continue;
        }
        if let Some((meant, rest)) = meant_by(path, settings) {
            wanted(path, &meant, rest, *span, findings);
        }
    }
}

/// The share that a path means by the key in it, and what follows the key.
pub(super) fn meant_by<'s, 'p>(
    path: &'p str,
    settings: &'s Settings,
) -> Option<(Meant<'s>, &'p str)> {
    let mut end = 0;
    path.split('/').find_map(|component| {
        end += component.len() + 1;
        component.parse::<ShareKey>().ok()?;
        let rest = path.get(end..).filter(|rest| !rest.is_empty())?;
        Some((meant(component, &settings.shares)?, rest))
    })
}

/// Says where the share is that a path means.
pub(super) fn wanted(
    path: &str,
    meant: &Meant<'_>,
    rest: &str,
    span: Span,
    findings: &mut Findings<'_>,
) {
    let share = meant.share;
    let right = needs::end(&format!("{}/{rest}", share.mount_point)).into_owned();
    let name = &share.name;
    let why = match &meant.slips[..] {
        [] => format!("has the key of share '{name}', which is mounted at {}", share.mount_point),
        slips => {
            let slips: Vec<String> = slips.iter().map(ToString::to_string).collect();
            format!("has the md5 that the export of share '{name}' has {}", slips.join(" and "))
        }
    };
    let message = format!("'{}' {why}; '{}' would be right", Escaped(path), Escaped(&right));
    let finding = findings.add(span, message);
    // Out of the share again, or not to be written without more ado.
    if share.mount_point.is_above(&right) && !right.contains(char::is_control) {
        finding.fix(
            Safety::Unsafe,
            format!("write the path below the mount point of share '{}'", share.name),
            vec![Edit::replace(span, escaped(&right))],
        );
    }
}
