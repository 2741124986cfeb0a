//! What a domain has that a new disk must fit, and where it asks for its shares.

use crate::diskxml::element::{Element, Spelling};
use crate::diskxml::{DiskSpec, Request};
use crate::domain::{MAX_SHARES, NAMESPACE};
use crate::xml::{ElementRef, Tree};

use super::place::{self, New, Splice};
use super::{InsertProblem, Misfit};

type Here<'t, 'a> = ElementRef<'t, 'a>;

/// Whether the disk can be in this domain.
pub(super) fn takes(
    root: Here<'_, '_>,
    devices: Here<'_, '_>,
    spec: &DiskSpec,
) -> Result<(), Misfit> {
    for disk in devices.all("disk") {
        let value = |child: &str, attribute: &str| disk.child(child)?.value(attribute);
        let misfit = |problem| Err(Misfit { problem, span: disk.span() });
        if value("target", "dev") == Some(spec.target.as_str()) {
            return misfit(InsertProblem::Target(spec.target.to_string()));
        }
        if value("source", "file") == Some(spec.image.as_str()) {
            return misfit(InsertProblem::Image);
        }
        if value("target", "bus") == Some(&spec.bus.to_string())
            && let Some(unit) = spec.unit.map(|unit| unit.to_string())
            && value("address", "unit") == Some(&unit)
            && ["controller", "bus", "target"]
                .iter()
                .all(|part| value("address", part).is_none_or(|value| value == "0"))
        {
            return misfit(InsertProblem::Unit(unit));
        }
    }
    if let Some(order) = spec.boot {
        takes_boot(root, devices, order)?;
    }
    match spec.iothread {
        Some(thread) if !has_iothread(root, thread) => {
            let span = root.child("iothreads").unwrap_or(devices).span();
            Err(Misfit { problem: InsertProblem::Iothread(thread), span })
        }
        _ => Ok(()),
    }
}

fn takes_boot(root: Here<'_, '_>, devices: Here<'_, '_>, order: u32) -> Result<(), Misfit> {
    if let Some(boot) = root.at("os/boot") {
        return Err(Misfit { problem: InsertProblem::OsBoot, span: boot.span() });
    }
    let order = order.to_string();
    let boots = devices.children().filter_map(|device| device.child("boot"));
    match boots.into_iter().find(|boot| boot.value("order") == Some(&order)) {
        Some(boot) => Err(Misfit { problem: InsertProblem::Boot(order), span: boot.span() }),
        None => Ok(()),
    }
}

/// Threads are numbered from 1 unless the domain numbers them itself.
fn has_iothread(root: Here<'_, '_>, thread: u32) -> bool {
    let count = root.child("iothreads").and_then(|it| it.text().trim().parse::<u32>().ok());
    let id = thread.to_string();
    thread <= count.unwrap_or(0)
        || root
            .child("iothreadids")
            .is_some_and(|ids| ids.all("iothread").any(|it| it.value("id") == Some(&id)))
}

/// How the document comes to ask for the share; `None` if it does already.
pub(super) fn request(tree: &Tree<'_>, request: &Request) -> Result<Option<Splice>, Misfit> {
    let root = tree.root();
    let is_ours =
        |it: &Here<'_, '_>, name: &str| it.local() == name && it.namespace().is(NAMESPACE);
    let child = |parent, after, element: &Element| {
        place::child(tree, parent, after, New { element, spelling: Spelling::Libvirt })
    };
    let Some(metadata) = root.child("metadata") else {
        let mut whole = Element::new("metadata");
        whole.add(request.prefixed());
        let first = ["name", "uuid", "genid", "title", "description"];
        let after = root.children().filter(|child| first.iter().any(|name| child.is(name))).last();
        return Ok(Some(child(root, after, &whole)));
    };
    let Some(shares) = metadata.children().find(|child| is_ours(child, "shares")) else {
        return Ok(Some(child(metadata, None, &request.prefixed())));
    };
    let (attribute, value) = request.attribute();
    let asked: Vec<_> = shares.children().filter(|child| is_ours(child, "share")).collect();
    if asked.iter().any(|share| share.value(attribute) == Some(&value)) {
        return Ok(None);
    }
    if asked.len() >= MAX_SHARES {
        return Err(Misfit { problem: InsertProblem::TooManyShares, span: shares.name_span() });
    }
    // In the prefix of the element that is there, whatever its author called it.
    let prefix = shares.name().strip_suffix("shares").unwrap_or_default();
    Ok(Some(child(shares, None, &request.share(format!("{prefix}share")))))
}
