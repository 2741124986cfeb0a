//! `<vql:lint xmlns:vql='urn:virt-quobyte:lint:1'><vql:allow rule='VQ501' disk='vda' reason='...'/></vql:lint>` in `<metadata>`
//!
//! libvirt drops comments when it stores a domain, and keeps this: one element of a namespace. Without `disk` it holds for the
//! whole domain.

use std::borrow::Cow;
use std::collections::HashMap;

use super::{Allow, Mistake, Read, named};
use crate::escape::Escaped;
use crate::lint::disk::{Disk, remove_element};
use crate::lint::subject::Subject;
use crate::xml::{ElementRef, Namespace, Span, excerpt};

const NAMESPACE: &str = "urn:virt-quobyte:lint:1";

/// With another number it is a version that we do not know.
const FAMILY: &str = "urn:virt-quobyte:lint";

/// Everything in the metadata that is ours.
pub(super) fn all(subject: &Subject<'_, '_>) -> Vec<Read> {
    let mut read = Vec::new();
    let mut disks = None;
    for element in subject.domain().all("metadata").flat_map(ElementRef::children) {
        let Namespace::Named(namespace) = element.namespace() else { continue };
        if !namespace.starts_with(FAMILY) {
            continue;
        }
        if namespace != NAMESPACE {
            let message = format!(
                "the namespace {} is not known; {NAMESPACE} would be right",
                Escaped(&excerpt(namespace))
            );
            read.push(Err(Mistake { span: element.start_tag(), message }));
        } else if element.local() != "lint" {
            read.push(Err(unexpected(element, "lint")));
        } else {
            let only = element.children().count() == 1;
            let disks = disks.get_or_insert_with(|| by_target(subject));
            read.extend(element.children().map(|it| allow(subject.domain(), disks, it, only)));
        }
    }
    read
}

/// Where each disk is.
type Disks<'t> = HashMap<Cow<'t, str>, Span>;

fn by_target<'t>(subject: &Subject<'t, '_>) -> Disks<'t> {
    let named = |disk: &Disk<'t, '_>| Some((disk.target_name()?.value, disk.element().span()));
    subject.disks().iter().filter_map(named).collect()
}

fn unexpected(element: ElementRef<'_, '_>, expected: &str) -> Mistake {
    let name = excerpt(element.name());
    let message = format!(
        "<{}> has no place here; <{expected}> of the namespace {NAMESPACE} would be right",
        Escaped(&name)
    );
    Mistake { span: element.name_span(), message }
}

fn allow(
    domain: ElementRef<'_, '_>,
    disks: &Disks<'_>,
    element: ElementRef<'_, '_>,
    only: bool,
) -> Read {
    if !(element.namespace().is(NAMESPACE) && element.local() == "allow") {
        return Err(unexpected(element, "allow"));
    }
    let mistake = |span: Span, message: String| Err(Mistake { span, message });
    let unknown = |name: &str| !matches!(name, "rule" | "disk" | "reason");
    if let Some(attribute) = element.attributes().iter().find(|it| unknown(it.name)) {
        let name = excerpt(attribute.name);
        let message = format!(
            "an allow has no attribute {}; rule, disk or reason would be right",
            Escaped(&name)
        );
        return mistake(attribute.name_span, message);
    }
    let Some(rule) = element.attribute("rule") else {
        let message = "no rule is named; rule='VQ501' would be right".to_owned();
        return mistake(element.name_span(), message);
    };
    let rules = vec![(named(rule.value.trim(), rule.span)?, rule.span)];
    if element.value("reason").is_none_or(|reason| reason.trim().is_empty()) {
        let message =
            "a suppression without a reason; reason='why it is right here' would be right";
        return mistake(element.name_span(), message.to_owned());
    }
    let scope = match element.attribute("disk") {
        None => domain.span(),
        Some(wanted) => *disks.get(&*wanted.value).ok_or_else(|| {
            let name = excerpt(&wanted.value);
            let message = format!(
                "the domain has no disk '{}'; the dev of a disk's <target> would be right",
                Escaped(&name)
            );
            Mistake { span: wanted.span, message }
        })?,
    };
    let goes = element.parent().filter(|_| only).unwrap_or(element);
    Ok(Allow { rules, scope, removal: remove_element(goes) })
}
