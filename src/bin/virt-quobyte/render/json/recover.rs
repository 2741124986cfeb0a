//! What recovery found, and what force hits.

use serde::Serialize;
use virt_quobyte::plan::Force;

use super::{VERSION, to_text};
use crate::cli::{ForceReport, RecoverReport, RecoverShare};

#[derive(Serialize)]
struct Recover<'a> {
    version: u32,
    applied: bool,
    /// Why libvirt was not asked; `null` if it was.
    without_libvirt: Option<&'a str>,
    shares: Vec<RecoveredShare<'a>>,
    noticed: &'a [String],
}

#[derive(Serialize)]
struct RecoveredShare<'a> {
    name: &'a str,
    mount_point: Option<&'a str>,
    steps: &'a [String],
    kept: Option<&'a str>,
    fault: Option<&'a str>,
    failure: Option<&'a str>,
}

pub(in crate::render) fn recover(report: &RecoverReport) -> String {
    let shares = report.shares.iter().map(recovered).collect();
    to_text(&Recover {
        version: VERSION,
        applied: report.applied,
        without_libvirt: report.without_libvirt.as_deref(),
        shares,
        noticed: &report.noticed,
    })
}

fn recovered(share: &RecoverShare) -> RecoveredShare<'_> {
    RecoveredShare {
        name: &share.name,
        mount_point: share.mount_point.as_deref(),
        steps: &share.steps,
        kept: share.kept.as_deref(),
        fault: share.fault.as_deref(),
        failure: share.failure.as_deref(),
    }
}

#[derive(Serialize)]
struct ByForce<'a> {
    version: u32,
    force: &'static str,
    share: &'a str,
    mount_point: &'a str,
    holders: &'a [String],
    users: &'a [String],
    applied: bool,
}

pub(in crate::render) fn force(report: &ForceReport) -> String {
    to_text(&ByForce {
        version: VERSION,
        force: match report.force {
            Force::Abort => "abort",
            Force::Detach => "detach",
        },
        share: &report.share,
        mount_point: &report.mount_point,
        holders: &report.holders,
        users: &report.users,
        applied: report.applied,
    })
}
