//! Shares that are held and let go of, by the administrator or for a guest.

use serde::Serialize;
use virt_quobyte::hold::Acquired;

use super::{VERSION, to_text};
use crate::cli::{AttachReport, DetachReport, MountReport, UmountReport};
use crate::libvirt::Reach;

#[derive(Serialize)]
struct Held<'a> {
    version: u32,
    share: &'a str,
    mount_point: &'a str,
    /// Whether the administrator holds it since this call.
    changed: bool,
}

pub(in crate::render) fn mount(report: &MountReport) -> String {
    to_text(&Held {
        version: VERSION,
        share: &report.name,
        mount_point: &report.mount_point,
        changed: report.acquired == Acquired::Now,
    })
}

#[derive(Serialize)]
struct LetGo<'a> {
    version: u32,
    share: &'a str,
    /// Why it stays mounted; `null` if it does not.
    kept: Option<&'a str>,
}

pub(in crate::render) fn umount(report: &UmountReport) -> String {
    to_text(&LetGo { version: VERSION, share: &report.name, kept: report.kept.as_deref() })
}

#[derive(Serialize)]
struct Attached<'a> {
    version: u32,
    domain: &'a str,
    target: &'a str,
    image: &'a str,
    /// Whether the guest that runs has it.
    running: bool,
    /// Whether it has it when it is started.
    persistent: bool,
    shares: Vec<AttachedShare<'a>>,
}

#[derive(Serialize)]
struct AttachedShare<'a> {
    name: &'a str,
    /// Whether the guest holds it since this call.
    changed: bool,
}

pub(in crate::render) fn attach(report: &AttachReport) -> String {
    let shares = report
        .shares
        .iter()
        .map(|(name, acquired)| AttachedShare { name, changed: *acquired == Acquired::Now });
    to_text(&Attached {
        version: VERSION,
        domain: &report.domain,
        target: &report.target,
        image: &report.image,
        running: report.reach != Reach::Defined,
        persistent: report.reach != Reach::Running,
        shares: shares.collect(),
    })
}

#[derive(Serialize)]
struct Detached<'a> {
    version: u32,
    domain: &'a str,
    target: &'a str,
    /// Whether the guest that runs had it.
    running: bool,
    /// Whether its definition had it.
    persistent: bool,
    /// The shares that the guest holds no more.
    shares: Vec<LetGoOf<'a>>,
}

#[derive(Serialize)]
struct LetGoOf<'a> {
    name: &'a str,
    /// Why it stays mounted; `null` if it does not.
    kept: Option<&'a str>,
}

pub(in crate::render) fn detach(report: &DetachReport) -> String {
    let shares = report.shares.iter().map(|(name, kept)| LetGoOf { name, kept: kept.as_deref() });
    to_text(&Detached {
        version: VERSION,
        domain: &report.domain,
        target: &report.target,
        running: report.reach != Reach::Defined,
        persistent: report.reach != Reach::Running,
        shares: shares.collect(),
    })
}
