//! `virt-quobyte status`
//!
//! ```text
//! subject   which shares there are, and what is kept of them
//! client    who serves them
//! judge     what is out of line
//! finding   how that is called
//! prospect  whether guests that have lost their disks can be revived
//! ```

mod client;
mod finding;
mod judge;
mod prospect;
mod subject;

use std::cell::LazyCell;
use std::path::Path;

use anyhow::{Result, bail};
use virt_quobyte::config::{Settings, load};
use virt_quobyte::health::Health;
use virt_quobyte::host::deadline::Deadline;
use virt_quobyte::host::{clock, mount_table};
use virt_quobyte::lease::{Holder, Lease, MountRecord, StateError};
use virt_quobyte::mounts::MountTable;
use virt_quobyte::observe::{self, AskClient, Heard, ObserveError};
use virt_quobyte::plan::Observed;
use virt_quobyte::share::{MountPoint, ShareMode};

use super::{Format, around};
use crate::exit::ExitStatus;
use crate::render;
pub(crate) use client::ClientStatus;
pub(crate) use finding::{Finding, Kind, Severity};
use judge::{RecordSeen, Scene};
use prospect::Guests;
pub(crate) use prospect::Prospect;
use subject::{Look, State, Subject};

/// Show the shares: whether they are well, who holds them, and what is out of line
///
/// A client that does not answer is reported as hung after the probe's deadline, and this command waits for little longer,
/// whatever hangs. Who holds a share, and what client serves it, only root may see. Of a share whose client died, or that is held
/// and not mounted, it says which guests can be revived ('virt-quobyte recover --revive'), as far as their XML shows.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit status 1 says that a share is not as it should be: guests do not start on it, or do
not run on it. Its client is dead, hung or failing, something else is mounted in its
place, it is held and not mounted, it was moved in the configuration under its guests, or
it is a verified share and not mounted. What is only worth knowing (a note) does not
count.

Examples:
  virt-quobyte status
  virt-quobyte status gold
  virt-quobyte status --json")]
pub(super) struct Arguments {
    /// Show only this share
    #[arg(value_name = "SHARE")]
    share: Option<String>,
    #[command(flatten)]
    format: Format,
}

/// The shares of a host, ready to be shown.
#[derive(Debug)]
pub(crate) struct StatusReport {
    pub(crate) shares: Vec<ShareStatus>,
    /// What belongs to no share, and is left alone.
    pub(crate) noticed: Vec<String>,
    pub(crate) scope: Scope,
}

/// Which shares were asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All of them.
    All,
    /// One, by its name: somebody wants to know all about it.
    One,
}

/// One share.
#[derive(Debug)]
pub(crate) struct ShareStatus {
    pub(crate) name: String,
    pub(crate) key: String,
    /// `None` if its record cannot be read, and nothing else tells.
    pub(crate) export: Option<String>,
    pub(crate) mount_point: Option<String>,
    /// `None` for a share that has a record but no place in the configuration (any more).
    pub(crate) mode: Option<ShareMode>,
    /// `None` if nothing could be seen of its mount.
    pub(crate) health: Option<Health>,
    /// Since when the mount that we made is there.
    pub(crate) mounted_since: Option<u64>,
    pub(crate) unit: Option<String>,
    pub(crate) client: Option<ClientStatus>,
    pub(crate) holders: Holders,
    /// What is out of line, the worst first.
    pub(crate) findings: Vec<Finding>,
}

/// Who holds a share.
#[derive(Debug)]
pub(crate) enum Holders {
    Known(Vec<HolderStatus>),
    /// Only root may look, or the record cannot be read.
    Unknown,
}

/// One holder.
#[derive(Debug)]
pub(crate) struct HolderStatus {
    pub(crate) uuid: Option<String>,
    pub(crate) domain: Option<String>,
    pub(crate) since: u64,
    /// Of a guest that has lost its disks here: whether it can have them back.
    pub(crate) prospect: Option<Prospect>,
}

impl ShareStatus {
    pub(crate) fn is_well(&self) -> bool {
        self.findings.iter().all(|finding| finding.severity() == Severity::Note)
    }
}

impl Arguments {
    pub(super) fn run(&self, config: Option<&Path>) -> Result<ExitStatus> {
        let settings = load::settings(config)?;
        let state = State::open(&settings)?;
        let mut subjects = subject::all(&settings, &state)?;
        let mut scope = Scope::All;
        if let Some(wanted) = &self.share {
            scope = Scope::One;
            subjects.retain(|subject| subject.name() == wanted);
            if subjects.is_empty() {
                bail!(
                    "there is no share '{}'; 'virt-quobyte status' lists them",
                    wanted.escape_debug()
                );
            }
        }
        let waiting = render::Waiting::for_("asking the clients".to_owned());
        let shares = look_at(&subjects, &settings);
        drop(waiting);
        let noticed = match (scope, &state) {
            (Scope::One, _) | (Scope::All, State::NeedsRoot) => Vec::new(),
            (Scope::All, State::None) => around::strangers(&settings, None)?,
            (Scope::All, State::Open(state)) => {
                [around::strangers(&settings, Some(state))?, around::set_aside(state)?].concat()
            }
        };
        let report = StatusReport { shares, noticed, scope };
        render::status(&report, self.format.into())?;
        let well = report.shares.iter().all(ShareStatus::is_well);
        Ok(ExitStatus::of(well))
    }
}

/// Looks at all at once. Each may take as long as its client is waited for; together they take as long as one.
fn look_at(subjects: &[Subject], settings: &Settings) -> Vec<ShareStatus> {
    let made = |look: &Look| matches!(look.record.mount, Some(MountRecord::Made { .. }));
    let served: Vec<_> = subjects.iter().filter_map(|it| known(it).filter(|it| made(it))).collect();
    let served: Vec<_> = served.iter().map(|look| &look.share).collect();
    let probe = settings.deadlines.probe;
    let (clients, glances) = std::thread::scope(|scope| {
        let clients = scope.spawn(|| client::of(&served, Deadline::after(probe)));
        let glances: Vec<_> = subjects
            .iter()
            .map(|subject| known(subject).map(|look| scope.spawn(|| glance(look, settings))))
            .collect();
        let join = "a look does not panic";
        let glances: Vec<_> =
            glances.into_iter().map(|it| it.map(|it| it.join().expect(join))).collect();
        (clients.join().expect(join), glances)
    });
    let mut clients = clients.into_iter();
    // Only where a share is lost is it of interest which guests run.
    let guests: LazyCell<Guests> = LazyCell::new(Guests::left);
    let statuses = subjects.iter().zip(glances).map(|(subject, glance)| match (subject, glance) {
        (Subject::Known(look), Some(glance)) => {
            let client = if made(look) { clients.next().flatten() } else { None };
            status(look, glance, client, &guests, settings)
        }
        (Subject::Known(_), None) => unreachable!("each that is known is looked at"),
        (Subject::Unreadable { key, error }, _) => unreadable(key.as_str(), error),
    });
    statuses.collect()
}

const fn known(subject: &Subject) -> Option<&Look> {
    match subject {
        Subject::Known(look) => Some(look),
        Subject::Unreadable { .. } => None,
    }
}

fn glance<'a>(look: &'a Look, settings: &Settings) -> Result<Observed<'a>, ObserveError> {
    let ask = AskClient::Until(Deadline::after(settings.deadlines.probe));
    let heard = Heard { let_go: &look.let_go, running: None };
    // What the leases are worth is found out after that, and bounded on its own.
    let deadline = Deadline::after(settings.deadlines.hook);
    observe::observe(&look.share, &look.record, heard, ask, deadline)
}

fn status(
    look: &Look,
    glance: Result<Observed<'_>, ObserveError>,
    client: Option<ClientStatus>,
    guests: &LazyCell<Guests>,
    settings: &Settings,
) -> ShareStatus {
    let Look { share, record, .. } = look;
    let mut holders: Vec<HolderStatus> = record.leases.iter().map(holder).collect();
    let fstype = shown_type(&share.mount_point);
    let (health, mut findings) = match glance {
        Ok(observed) => {
            let scene = Scene {
                observed: &observed,
                mode: look.mode,
                moved_to: look.moved_to.as_ref(),
                record: look.seen,
                fstype: fstype.as_deref(),
                client: client.as_ref(),
                now: clock::now(),
                settings,
            };
            let findings = judge::findings(&scene);
            if prospect::is_lost(&observed) {
                let leases = record.leases.iter().zip(&observed.standing);
                for (holder, (lease, standing)) in holders.iter_mut().zip(leases) {
                    holder.prospect = guests.prospect(&share.mount_point, lease, *standing);
                }
            }
            (Some(observed.health), findings)
        }
        Err(error) => (None, vec![Finding::alone(Kind::Unseen, error.to_string())]),
    };
    if let Some(error) = &look.error {
        findings.insert(0, Finding::unreadable(error));
    }
    let mount = record.mount.as_ref();
    ShareStatus {
        name: share.name.to_string(),
        key: share.key.to_string(),
        export: Some(share.export.to_string()),
        mount_point: Some(share.mount_point.to_string()),
        mode: look.mode,
        mounted_since: match mount {
            Some(MountRecord::Made { since, .. }) => Some(*since),
            _ => None,
        },
        unit: mount.and_then(MountRecord::unit).map(str::to_owned),
        health,
        client,
        holders: match look.seen {
            RecordSeen::Hidden => Holders::Unknown,
            RecordSeen::Known | RecordSeen::Stale => Holders::Known(holders),
        },
        findings,
    }
}

/// The type that the topmost mount at a mount point shows.
fn shown_type(mount_point: &MountPoint) -> Option<String> {
    let text;
    let table = if let Some(way) = mount_table::way(mount_point) {
        way
    } else {
        text = mount_table::text().ok()?;
        MountTable::parse(&text).ok()?
    };
    let top = table.at(mount_point).pop()?;
    Some(String::from_utf8_lossy(&top.fstype).into_owned())
}

fn unreadable(key: &str, error: &StateError) -> ShareStatus {
    ShareStatus {
        name: key.to_owned(),
        key: key.to_owned(),
        export: None,
        mount_point: None,
        mode: None,
        health: None,
        mounted_since: None,
        unit: None,
        client: None,
        holders: Holders::Unknown,
        findings: vec![Finding::unreadable(error)],
    }
}

fn holder(lease: &Lease) -> HolderStatus {
    HolderStatus {
        uuid: match &lease.holder {
            Holder::Domain(uuid) => Some(uuid.to_string()),
            Holder::Administrator => None,
        },
        domain: lease.domain_name.clone(),
        since: lease.since,
        prospect: None,
    }
}
