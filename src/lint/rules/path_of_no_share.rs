//! A path below the mount base that is no share's.

use crate::escape::Escaped;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::rules::path_of_another_base::{meant_by, wanted};
use crate::lint::{Findings, Subject};
use crate::needs::Fault;

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ601",
    name: "path-of-no-share",
    group: Group::Mapping,
    severity: Severity::Error,
    summary: "a path below the mount base whose directory is no configured share's",
    why: "The hook refuses to start the guest: nothing would ever be mounted there. The directory's name is the md5 of an export, and the \
          export is hashed as it is written: other registries, another order of them, an explicit port, a slash at the end or a \
          'quobyte://' that was not stripped each make another directory. Where one of these explains the name, the message says which.",
    source: "nova, nova/virt/libvirt/volume/fs.py and quobyte.py; cinder, cinder/volume/drivers/quobyte.py",
    examples: examples!("path-of-no-share"),
    check: Check::Document(check),
};

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    let Some(settings) = subject.settings() else { return };
    for problem in subject.problems() {
        let Fault::Unexplained { path, mount_base } = &problem.fault else { continue };
        if let Some((meant, rest)) = meant_by(path, settings) {
            wanted(path, &meant, rest, problem.span, findings);
            continue;
        }
        let shares = &settings.shares;
        let known: Vec<String> = shares
            .iter()
            .take(5)
            .map(|share| format!("share '{}' is at {}", share.name, share.mount_point))
            .collect();
        let more = if shares.len() > known.len() { ", ..." } else { "" };
        let known = if known.is_empty() { "there is none".to_owned() } else { known.join(", ") };
        let message = format!(
            "'{}' is below the mount base {mount_base}, but on no configured share ({known}{more}); a configured share would be right",
            Escaped(path)
        );
        findings.add(problem.span, message);
    }
}
