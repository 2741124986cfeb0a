//! What became of the hook's links.

use std::borrow::Cow;

use serde::Serialize;
use virt_quobyte::host::libvirt_daemon::Runs;
use virt_quobyte::link::Change;

use super::{VERSION, to_text};
use crate::cli::{InstallReport, UninstallReport};

#[derive(Serialize)]
struct Install<'a> {
    version: u32,
    hooks_dir: Cow<'a, str>,
    changes: Vec<Linked<'a>>,
    /// The units that have to be reloaded; `null` if nobody can say.
    reload: Option<Vec<&'a str>>,
}

#[derive(Serialize)]
struct Uninstall<'a> {
    version: u32,
    hooks_dir: Cow<'a, str>,
    changes: Vec<Linked<'a>>,
}

#[derive(Serialize)]
struct Linked<'a> {
    change: &'static str,
    link: Cow<'a, str>,
    /// `null` where the link is gone.
    target: Option<Cow<'a, str>>,
}

pub(in crate::render) fn install(report: &InstallReport) -> String {
    let running = report.daemons.as_ref().map(|daemons| {
        let running = daemons.iter().filter(|daemon| daemon.runs == Runs::Now);
        running.map(|daemon| daemon.unit.as_str()).collect()
    });
    to_text(&Install {
        version: VERSION,
        hooks_dir: report.hooks_dir.to_string_lossy(),
        changes: report.change.iter().map(linked).collect(),
        reload: running,
    })
}

pub(in crate::render) fn uninstall(report: &UninstallReport) -> String {
    to_text(&Uninstall {
        version: VERSION,
        hooks_dir: report.hooks_dir.to_string_lossy(),
        changes: report.changes.iter().map(linked).collect(),
    })
}

fn linked(change: &Change) -> Linked<'_> {
    let (change, link, target) = match change {
        Change::Make { link, target } => ("made", link, Some(target)),
        Change::Replace { link, target } => ("replaced", link, Some(target)),
        Change::Remove { link } => ("removed", link, None),
    };
    let target = target.map(|target| target.to_string_lossy());
    Linked { change, link: link.to_string_lossy(), target }
}
