//! For programs: JSON with a version. Fields may be added under the same version; none changes its meaning.

use serde::Serialize;

use crate::cli::{Holders, NeedsReport, RecoverReport, RecoverShare, ShareStatus, StatusReport};

const VERSION: u32 = 1;

#[derive(Serialize)]
struct Status<'a> {
    version: u32,
    shares: Vec<Share<'a>>,
}

#[derive(Serialize)]
struct Share<'a> {
    name: &'a str,
    export: &'a str,
    key: &'a str,
    mount_point: &'a str,
    /// `null` for a share that is not configured any more.
    mode: Option<&'static str>,
    /// `null` if it could not be found out.
    state: Option<&'static str>,
    /// `null` if all is well.
    fault: Option<&'a str>,
    mounted_since: Option<u64>,
    unit: Option<&'a str>,
    /// `null` if only root may know, or if the record cannot be read.
    holders: Option<Vec<Holder<'a>>>,
}

#[derive(Serialize)]
struct Holder<'a> {
    kind: &'static str,
    uuid: Option<&'a str>,
    domain: Option<&'a str>,
    since: u64,
}

pub(super) fn status(report: &StatusReport) -> String {
    let shares = report.shares.iter().map(share).collect();
    to_text(&Status { version: VERSION, shares })
}

fn share(share: &ShareStatus) -> Share<'_> {
    let holders = match &share.holders {
        Holders::Known(holders) => Some(holders.iter().map(|holder| Holder {
            kind: if holder.uuid.is_some() { "domain" } else { "administrator" },
            uuid: holder.uuid.as_deref(),
            domain: holder.domain.as_deref(),
            since: holder.since,
        })),
        Holders::NeedsRoot | Holders::Unreadable(_) => None,
    };
    Share {
        name: &share.name,
        export: &share.export,
        key: &share.key,
        mount_point: &share.mount_point,
        mode: share.mode.map(virt_quobyte::share::ShareMode::as_str),
        state: share.health.as_ref().ok().map(virt_quobyte::health::Health::word),
        fault: share.fault.as_deref(),
        mounted_since: share.mounted_since,
        unit: share.unit.as_deref(),
        holders: holders.map(Iterator::collect),
    }
}

#[derive(Serialize)]
struct Needs<'a> {
    version: u32,
    domain: &'a str,
    uuid: &'a str,
    shares: Vec<NeededShare<'a>>,
    paths: Vec<NeededPath<'a>>,
    problems: Vec<Problem<'a>>,
}

#[derive(Serialize)]
struct NeededShare<'a> {
    name: &'a str,
    export: &'a str,
    key: &'a str,
    mount_point: &'a str,
}

#[derive(Serialize)]
struct NeededPath<'a> {
    line: usize,
    column: usize,
    element: &'a str,
    path: &'a str,
    share: Option<&'a str>,
}

#[derive(Serialize)]
struct Problem<'a> {
    line: usize,
    column: usize,
    message: &'a str,
}

pub(super) fn needs(report: &NeedsReport) -> String {
    let shares = report.shares.iter().map(|share| NeededShare {
        name: share.name.as_str(),
        export: share.export.as_str(),
        key: share.key.as_str(),
        mount_point: share.mount_point.as_str(),
    });
    let paths = report.paths.iter().map(|path| NeededPath {
        line: path.at.line,
        column: path.at.column,
        element: &path.element,
        path: &path.path,
        share: path.share.as_deref(),
    });
    let problems = report.problems.iter().map(|(at, message)| Problem {
        line: at.line,
        column: at.column,
        message,
    });
    to_text(&Needs {
        version: VERSION,
        domain: &report.domain,
        uuid: &report.uuid,
        shares: shares.collect(),
        paths: paths.collect(),
        problems: problems.collect(),
    })
}

#[derive(Serialize)]
struct Recover<'a> {
    version: u32,
    applied: bool,
    shares: Vec<RecoveredShare<'a>>,
}

#[derive(Serialize)]
struct RecoveredShare<'a> {
    name: &'a str,
    mount_point: Option<&'a str>,
    steps: &'a [String],
    kept: Option<&'a str>,
    failure: Option<&'a str>,
}

pub(super) fn recover(report: &RecoverReport) -> String {
    let shares = report.shares.iter().map(recovered).collect();
    to_text(&Recover { version: VERSION, applied: report.applied, shares })
}

fn recovered(share: &RecoverShare) -> RecoveredShare<'_> {
    RecoveredShare {
        name: &share.name,
        mount_point: share.mount_point.as_deref(),
        steps: &share.steps,
        kept: share.kept.as_deref(),
        failure: share.failure.as_deref(),
    }
}

fn to_text(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("it has no map and no float");
    text.push('\n');
    text
}
