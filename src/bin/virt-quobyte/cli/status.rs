//! `virt-quobyte status`

use std::path::Path;

use anyhow::{Result, bail};
use virt_quobyte::config::{Settings, load};
use virt_quobyte::health::Health;
use virt_quobyte::host::deadline::Deadline;
use virt_quobyte::lease::{Holder, MountRecord, ShareRecord, StateDir, StateError};
use virt_quobyte::observe::{self, AskClient};
use virt_quobyte::share::{Share, ShareKey, ShareMode};

use super::Format;
use crate::exit::ExitStatus;
use crate::render;

/// Show the shares: where they are mounted, whether they answer, and who holds them
///
/// A share whose client does not answer is reported as hung after the probe's deadline; this command never waits longer.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit status 1 says that a share is not as it should be: its client is dead, hung or
failing, something else is mounted in its place, it is held and not mounted, or it is a
verified share and not mounted.

Examples:
  virt-quobyte status
  virt-quobyte status gold --json")]
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
}

/// One share.
#[derive(Debug)]
pub(crate) struct ShareStatus {
    pub(crate) name: String,
    pub(crate) export: String,
    pub(crate) key: String,
    pub(crate) mount_point: String,
    /// `None` for a share that has a record but no place in the configuration (any more).
    pub(crate) mode: Option<ShareMode>,
    /// What could be seen of its mount, or why nothing could.
    pub(crate) health: Result<Health, String>,
    /// Since when the mount that we made is there.
    pub(crate) mounted_since: Option<u64>,
    pub(crate) unit: Option<String>,
    pub(crate) holders: Holders,
    /// What is not as it should be.
    pub(crate) fault: Option<String>,
}

/// Who holds a share.
#[derive(Debug)]
pub(crate) enum Holders {
    Known(Vec<HolderStatus>),
    /// Only root may look.
    NeedsRoot,
    /// The record cannot be read.
    Unreadable(String),
}

/// One holder.
#[derive(Debug)]
pub(crate) struct HolderStatus {
    pub(crate) uuid: Option<String>,
    pub(crate) domain: Option<String>,
    pub(crate) since: u64,
}

impl Arguments {
    pub(super) fn run(&self, config: Option<&Path>) -> Result<ExitStatus> {
        let settings = load::settings(config)?;
        let state = open_state(&settings)?;
        let mut subjects = subjects(&settings, &state)?;
        if let Some(wanted) = &self.share {
            subjects.retain(|subject| subject.name() == wanted);
            if subjects.is_empty() {
                bail!(
                    "there is no share '{}'; 'virt-quobyte status' lists them",
                    wanted.escape_debug()
                );
            }
        }
        // Each may take as long as its client is waited for; together they take as long as one.
        let shares = std::thread::scope(|scope| {
            let looks: Vec<_> =
                subjects.iter().map(|subject| scope.spawn(|| subject.status(&settings))).collect();
            looks
                .into_iter()
                .map(|look| look.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect()
        });
        let report = StatusReport { shares };
        render::status(&report, self.format.into())?;
        let well = report.shares.iter().all(|share| share.fault.is_none());
        Ok(if well { ExitStatus::Well } else { ExitStatus::NotWell })
    }
}

/// The state directory, as far as this user may look.
enum State {
    Open(StateDir),
    None,
    NeedsRoot,
}

fn open_state(settings: &Settings) -> Result<State> {
    if !nix::unistd::geteuid().is_root() {
        return Ok(State::NeedsRoot);
    }
    Ok(StateDir::open(&settings.state_dir)?.map_or(State::None, State::Open))
}

enum Subject {
    Share(Box<Look>),
    /// A record that says of no configured share anything that can be read.
    Unreadable {
        key: ShareKey,
        error: StateError,
    },
}

impl Subject {
    fn name(&self) -> &str {
        match self {
            Self::Share(look) => look.share.name.as_str(),
            Self::Unreadable { key, .. } => key.as_str(),
        }
    }

    fn status(&self, settings: &Settings) -> ShareStatus {
        match self {
            Self::Share(subject) => look(subject, settings),
            Self::Unreadable { key, error } => ShareStatus {
                name: key.to_string(),
                export: "?".to_owned(),
                key: key.to_string(),
                mount_point: "?".to_owned(),
                mode: None,
                health: Err(error.to_string()),
                mounted_since: None,
                unit: None,
                holders: Holders::Unreadable(error.to_string()),
                fault: Some(error.to_string()),
            },
        }
    }
}

struct Look {
    share: Share,
    is_configured: bool,
    record: Result<Option<ShareRecord>, RecordUnknown>,
}

enum RecordUnknown {
    NeedsRoot,
    Unreadable(StateError),
}

/// The configured shares in their order, then those that only have a record.
fn subjects(settings: &Settings, state: &State) -> Result<Vec<Subject>> {
    let record = |key| match state {
        State::Open(state) => state.peek(key).map_err(RecordUnknown::Unreadable),
        State::None => Ok(None),
        State::NeedsRoot => Err(RecordUnknown::NeedsRoot),
    };
    let mut subjects: Vec<Subject> = settings
        .shares
        .iter()
        .map(|share| {
            let (share, record) = (share.clone(), record(&share.key));
            Subject::Share(Box::new(Look { share, is_configured: true, record }))
        })
        .collect();
    if let State::Open(state) = state {
        for key in state.recorded()? {
            if settings.shares.iter().any(|share| share.key == key) {
                continue;
            }
            match state.peek(&key) {
                Ok(Some(record)) => {
                    let share = record.share();
                    let record = Ok(Some(record));
                    let look = Look { share, is_configured: false, record };
                    subjects.push(Subject::Share(Box::new(look)));
                }
                // Gone since it was listed.
                Ok(None) => {}
                Err(error) => subjects.push(Subject::Unreadable { key, error }),
            }
        }
    }
    Ok(subjects)
}

fn look(subject: &Look, settings: &Settings) -> ShareStatus {
    let share = &subject.share;
    let record = subject.record.as_ref().ok().and_then(Option::as_ref);
    let ask = AskClient::Until(Deadline::after(settings.deadlines.probe));
    let health =
        observe::mounted(share, ask).map(|seen| seen.health).map_err(|error| error.to_string());
    let holders = match &subject.record {
        Ok(None) => Holders::Known(Vec::new()),
        Ok(Some(record)) => Holders::Known(record.leases.iter().map(holder).collect()),
        Err(RecordUnknown::NeedsRoot) => Holders::NeedsRoot,
        Err(RecordUnknown::Unreadable(error)) => Holders::Unreadable(error.to_string()),
    };
    let mode = subject.is_configured.then_some(share.mode);
    let mount = record.and_then(|record| record.mount.as_ref());
    ShareStatus {
        name: share.name.to_string(),
        export: share.export.to_string(),
        key: share.key.to_string(),
        mount_point: share.mount_point.to_string(),
        fault: fault(mode, &health, &holders),
        mode,
        mounted_since: match mount {
            Some(MountRecord::Made { since, .. }) => Some(*since),
            _ => None,
        },
        unit: mount.and_then(MountRecord::unit).map(str::to_owned),
        health,
        holders,
    }
}

fn holder(lease: &virt_quobyte::lease::Lease) -> HolderStatus {
    HolderStatus {
        uuid: match &lease.holder {
            Holder::Domain(uuid) => Some(uuid.to_string()),
            Holder::Administrator => None,
        },
        domain: lease.domain_name.clone(),
        since: lease.since,
    }
}

fn fault(
    mode: Option<ShareMode>,
    health: &Result<Health, String>,
    holders: &Holders,
) -> Option<String> {
    if let Holders::Unreadable(why) = holders {
        return Some(why.clone());
    }
    let is_held = matches!(holders, Holders::Known(holders) if !holders.is_empty());
    match health {
        Err(why) => Some(why.clone()),
        Ok(Health::Healthy) => None,
        Ok(Health::Absent) if is_held => {
            Some("it is held, but its mount point has nothing mounted".into())
        }
        Ok(Health::Absent) if mode != Some(ShareMode::Verified) => None,
        Ok(health) => Some(format!("its mount point {health}")),
    }
}
