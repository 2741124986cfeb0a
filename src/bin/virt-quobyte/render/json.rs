//! For programs: JSON with a version. Fields may be added under the same version; none changes its meaning.

use std::borrow::Cow;

use serde::Serialize;

use virt_quobyte::hold::Acquired;
use virt_quobyte::host::libvirt_daemon::Runs;
use virt_quobyte::link::Change;
use virt_quobyte::plan::Force;

use crate::cli::{
    AttachReport, DetachReport, ForceReport, Holders, InstallReport, MountReport, NeedsReport,
    RecoverReport, RecoverShare, ShareStatus, StatusReport, UmountReport, UninstallReport,
};
use crate::libvirt::Reach;

pub(super) const VERSION: u32 = 1;

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
    uuid: Option<&'a str>,
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
        uuid: report.uuid.as_deref(),
        shares: shares.collect(),
        paths: paths.collect(),
        problems: problems.collect(),
    })
}

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

pub(super) fn recover(report: &RecoverReport) -> String {
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

pub(super) fn install(report: &InstallReport) -> String {
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

pub(super) fn uninstall(report: &UninstallReport) -> String {
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

pub(super) fn force(report: &ForceReport) -> String {
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

#[derive(Serialize)]
struct Held<'a> {
    version: u32,
    share: &'a str,
    mount_point: &'a str,
    /// Whether the administrator holds it since this call.
    changed: bool,
}

pub(super) fn mount(report: &MountReport) -> String {
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

pub(super) fn umount(report: &UmountReport) -> String {
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

pub(super) fn attach(report: &AttachReport) -> String {
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

pub(super) fn detach(report: &DetachReport) -> String {
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

pub(super) fn to_text(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("it has no map and no float");
    text.push('\n');
    text
}
