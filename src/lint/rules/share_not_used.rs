//! Metadata that names a share no path of the domain lies on.

use crate::domain::{ShareRequest, Wanted};
use crate::escape::Escaped;
use crate::lint::disk::remove_element;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Findings, Safety, Subject};
use crate::needs::PathVerdict;
use crate::share::{Export, ShareKey};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ605",
    name: "share-not-used",
    group: Group::Mapping,
    severity: Severity::Note,
    summary: "metadata that names a share which no path of the domain lies on",
    why: "The share is mounted and held for this guest, and a client that does not answer stops the start, for nothing that the document \
          shows. It is right where disks are attached to the running guest, because libvirt runs no hook then: allow this rule with \
          that as the reason. A domain with a disk whose path says nothing (a storage pool's, one behind a symlink, one in QEMU's own \
          arguments) is left alone here.",
    source: "this project's README, \"How a guest names its shares\"",
    examples: examples!("share-not-used"),
    check: Check::Document(check),
};

const QEMU_NAMESPACE: &str = "http://libvirt.org/schemas/domain/qemu/1.0";

fn check(subject: &Subject<'_, '_>, findings: &mut Findings<'_>) {
    let Some(Ok(needed)) = subject.needed() else { return };
    if needed.requests.is_empty() || may_hide_paths(subject) {
        return;
    }
    for request in &needed.requests {
        let Some(key) = key(subject, request) else { continue };
        let is_used = needed
            .paths
            .iter()
            .any(|(_, verdict)| matches!(verdict, PathVerdict::On(share) if share.key == key));
        if is_used {
            continue;
        }
        let (Wanted::Name(named) | Wanted::Export(named)) = &request.wanted;
        let message = format!(
            "no path of this domain lies on '{}'; no such element would be right, unless disks on it are attached later",
            Escaped(named)
        );
        let finding = findings.add(request.span, message);
        let mut elements = subject.tree().elements();
        let element = elements.find(|it| it.attributes().iter().any(|at| at.span == request.span));
        if let Some(element) = element {
            let edits = vec![remove_element(element)];
            finding.fix(Safety::Unsafe, "remove the request for the share", edits);
        }
    }
}

/// Whether the domain has storage whose path the document does not tell, or does not tell as it is.
fn may_hide_paths(subject: &Subject<'_, '_>) -> bool {
    let untold = |disk: &crate::lint::Disk<'_, '_>| match disk.file() {
        Some(file) => !subject.on_share(&file.value).is_one(),
        None => disk.kind() == "volume" || disk.kind() == "dir",
    };
    subject.disks().iter().any(untold)
        || subject.domain().children().any(|child| child.namespace().is(QEMU_NAMESPACE))
}

/// The key of the share that a request means, if it is granted.
fn key(subject: &Subject<'_, '_>, request: &ShareRequest) -> Option<ShareKey> {
    match &request.wanted {
        Wanted::Name(name) => Some(subject.settings()?.share_named(name)?.key.clone()),
        Wanted::Export(export) => {
            let is_refused = subject.problems().iter().any(|it| it.span == request.span);
            (!is_refused).then(|| export.parse::<Export>().ok().map(|it| it.key()))?
        }
    }
}
