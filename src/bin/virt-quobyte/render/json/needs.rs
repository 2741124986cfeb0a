//! What a domain needs.

use serde::Serialize;

use super::{VERSION, to_text};
use crate::cli::NeedsReport;

#[derive(Serialize)]
struct Needs<'a> {
    version: u32,
    domain: &'a str,
    uuid: Option<&'a str>,
    shares: Vec<NeededShare<'a>>,
    paths: Vec<NeededPath<'a>>,
    problems: Vec<Refused<'a>>,
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
struct Refused<'a> {
    line: usize,
    column: usize,
    message: &'a str,
}

pub(in crate::render) fn needs(report: &NeedsReport) -> String {
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
    let problems = report.problems.iter().map(|(at, message)| Refused {
        line: at.line,
        column: at.column,
        message,
    });
    to_text(&Needs {
        version: VERSION,
        domain: &report.domain,
        uuid: report.uuid.as_deref(),
        shares: shares.collect(),
        paths: paths.collect(),
        problems: problems.collect(),
    })
}
