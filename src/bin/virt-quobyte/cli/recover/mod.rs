//! `virt-quobyte recover`
//!
//! ```text
//! guests    who runs: what libvirt says, or else what it left
//! force     what no plan does
//! revive    guests whose client died go on
//! ```

mod force;
mod guests;
pub(super) mod revive;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, bail};
use virt_quobyte::config::{Settings, load};
use virt_quobyte::health::Health;
use virt_quobyte::hold::{self, Cause, Known, Mode, Reconciled};
use virt_quobyte::host::deadline::Deadline;
use virt_quobyte::lease::{Lease, StateDir};
use virt_quobyte::needs;
use virt_quobyte::observe::AskClient;
use virt_quobyte::plan::{KeptMounted, Step};
use virt_quobyte::share::{Share, ShareKey, ShareName};

use super::{Format, around};
use crate::exit::ExitStatus;
use crate::render;
pub(crate) use force::ForceReport;
use guests::Guests;
#[cfg(test)]
pub(crate) use revive::ReviveDisk;
pub(super) use revive::{Loss, Way, glance};
pub(crate) use revive::{ReviveEnd, ReviveGuest, ReviveReport, ReviveShares};

/// Show what crashes have left behind, and with --apply put it right
///
/// Compares the configuration, the mounts, the leases and the records with the guests that libvirt says are running; if libvirt
/// is down, with the guests that it left running. Guests that have lost their lease get one; leases that nobody will ever drop go
/// (their guest does not run, and nobody starts it); so do attempts to mount that were cut off, records of mounts that are gone or
/// of an earlier boot, and mounts of ours that nobody holds. These are the hook's own plans, under the hook's own locks: nothing
/// is unmounted that somebody holds or uses, or that was not mounted by the hook.
///
/// What only force can solve is done for one share at a time, by name. It says first who loses what, and asks.
///
/// A guest whose client died is paused by its first I/O error, if that is its disks' error policy, and need not be rebooted:
/// --revive detaches the dead mount, mounts the share anew, has the guest's QEMU open its images again, and lets the guest run.
/// What the guest has flushed is there. What it was told is written and has not flushed is there too with raw images and
/// cache='none', and may be lost with others: those guests are revived only with --accept-unflushed-loss. A revival that was cut off
/// is gone on with by the next one. Of a guest that is named the other guests of its shares are left as they are, and can follow:
/// the share is mounted anew for all of them.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit status 1 says that there is something to do, that not all of it could be done, or that
a share is not well in a way that only you can change.

With --json, --revive SHARE prints that share; --revive of a guest, or of all, prints a
list of shares.

Examples:
  virt-quobyte recover                   # what would be done
  virt-quobyte recover --apply
  virt-quobyte recover --abort gold      # its client hangs, and so do its guests
  virt-quobyte recover --revive          # clients died, and all their guests are to go on
  virt-quobyte recover --revive gold     # the guests of this share
  virt-quobyte recover --revive domain:web1
  virt-quobyte recover --detach gold     # its client is dead, and guests still hold it")]
pub(super) struct Arguments {
    /// Do it
    #[arg(long)]
    apply: bool,
    /// Give up the connection to this share's client, which hangs: all its guests get I/O errors
    #[arg(long, value_name = "SHARE", conflicts_with_all = ["apply", "detach"])]
    abort: Option<String>,
    /// Take this share's dead mount away from under its guests, so that others can start on a new one
    #[arg(long, value_name = "SHARE", conflicts_with = "apply")]
    detach: Option<String>,
    /// Give guests their disks back after a client died, and they go on without a reboot: those of this share, this guest (by name
    /// or UUID; where a share has that name too, domain:NAME), or all whose share is dead, or gone, or that an earlier revival has
    /// left paused
    #[arg(long, value_name = "SHARE|DOMAIN", num_args = 0..=1, conflicts_with_all = ["apply", "abort", "detach"])]
    #[expect(
        clippy::option_option,
        reason = "as clap has it: not given, given alone, and with a name"
    )]
    revive: Option<Option<String>>,
    /// With --revive: also those that may have lost what they had not flushed
    #[arg(long, requires = "revive")]
    accept_unflushed_loss: bool,
    /// Do not ask before --abort, --detach or --revive
    #[arg(long)]
    yes: bool,
    /// Ask this libvirt
    #[arg(long, value_name = "URI", default_value = "qemu:///system")]
    connect: String,
    #[command(flatten)]
    format: Format,
}

/// What is to be done on a host, or was done.
#[derive(Debug)]
pub(crate) struct RecoverReport {
    pub(crate) applied: bool,
    /// Why libvirt was not asked.
    pub(crate) without_libvirt: Option<String>,
    pub(crate) shares: Vec<RecoverShare>,
    /// What is left alone, and what a person may do about it.
    pub(crate) noticed: Vec<String>,
}

/// One share.
#[derive(Debug)]
pub(crate) struct RecoverShare {
    pub(crate) name: String,
    pub(crate) mount_point: Option<String>,
    /// In words, in their order.
    pub(crate) steps: Vec<String>,
    /// Why it stays mounted.
    pub(crate) kept: Option<String>,
    /// What is wrong with it that no step changes, and what would.
    pub(crate) fault: Option<String>,
    pub(crate) failure: Option<String>,
}

impl Arguments {
    pub(super) fn run(&self, config: Option<&Path>) -> Result<ExitStatus> {
        super::only_root("look at the records of shares")?;
        let settings = load::settings(config)?;
        if let Some(wanted) = force::Wanted::of(self) {
            return wanted.run(&settings, self.yes, self.format);
        }
        if let Some(wanted) = revive::Wanted::of(self) {
            return wanted.run(&settings, self.yes, self.format);
        }
        let guests = guests::of(&self.connect);
        let doing = if self.apply { "putting right" } else { "looking at" };
        let waiting = render::Waiting::for_(format!("{doing} the shares of this host"));
        let missing = leases_of(&guests, &settings);
        let mode = if self.apply { Mode::Apply } else { Mode::Show };
        let state = match mode {
            Mode::Apply if !missing.is_empty() => Some(StateDir::create(&settings.state_dir)?),
            _ => StateDir::open(&settings.state_dir)?,
        };
        let mut shares = Vec::new();
        let state_dir = state.as_ref();
        let mut noticed = around::not_ours(&settings, state_dir)?;
        noticed.extend(around::strangers(&settings, state_dir)?);
        noticed.extend(state_dir.map(around::set_aside).transpose()?.unwrap_or_default());
        if let Some(state) = &state {
            let mut keys = state.traced()?;
            keys.extend(missing.keys().cloned());
            keys.sort_unstable();
            keys.dedup();
            for key in &keys {
                shares.extend(one(key, &missing, &guests, mode, &settings, state));
            }
        } else {
            // Without a directory there is no lock to look under: nothing of ours is there but what should be.
            shares.extend(missing.values().map(|(share, leases)| unheld(share, leases)));
        }
        let report = RecoverReport {
            applied: self.apply,
            without_libvirt: guests.without_libvirt,
            shares,
            noticed,
        };
        drop(waiting);
        render::recover(&report, self.format.into())?;
        let is_well = |share: &RecoverShare| {
            share.failure.is_none()
                && share.fault.is_none()
                && (self.apply || share.steps.is_empty())
        };
        let well = report.shares.iter().all(is_well);
        Ok(ExitStatus::of(well))
    }
}

/// Whether somebody types the share's name, who was shown what will be done to it. A program is not asked.
pub(super) fn is_agreed(share: &ShareName, format: Format) -> Result<bool> {
    let asked = format!("type {share} to go on: ");
    match if format.json { None } else { render::confirm(&asked)? } {
        Some(answer) => Ok(answer == share.as_str()),
        None => bail!("there is nobody to ask here: add --yes to do it"),
    }
}

/// Which leases there should be, because guests run: by share.
type Missing = BTreeMap<ShareKey, (Share, Vec<Lease>)>;

fn leases_of(guests: &Guests, settings: &Settings) -> Missing {
    let mut missing = Missing::new();
    for guest in &guests.running {
        for share in needs::of(&guest.domain, settings).shares {
            let (_, leases) =
                missing.entry(share.key.clone()).or_insert_with(|| (share, Vec::new()));
            leases.push(guest.lease());
        }
    }
    missing
}

/// A share that guests run on and that nothing is recorded of.
fn unheld(share: &Share, leases: &[Lease]) -> RecoverShare {
    let write = |lease: &Lease| Step::WriteLease(lease.clone()).to_string();
    RecoverShare {
        name: share.name.to_string(),
        mount_point: Some(share.mount_point.to_string()),
        steps: leases.iter().map(write).collect(),
        kept: Some(KeptMounted::held(leases.iter()).to_string()),
        fault: None,
        failure: None,
    }
}

fn one(
    key: &ShareKey,
    missing: &Missing,
    guests: &Guests,
    mode: Mode,
    settings: &Settings,
    state: &StateDir,
) -> Option<RecoverShare> {
    let deadline = Deadline::after(settings.deadlines.hook);
    let ask = AskClient::Until(deadline.at_most(settings.deadlines.probe));
    let needed = missing.get(key);
    let known = Known {
        configured: needed
            .map(|(share, _)| share)
            .or_else(|| settings.shares.iter().find(|share| share.key == *key)),
        missing: needed.map_or(&[], |(_, leases)| leases),
        running: guests.known.as_ref(),
    };
    let looked = || {
        // What is left beside a record may go with it, so it is looked for first.
        let left = hold::leftovers(key, Mode::Show, state, deadline)?;
        let found = hold::reconcile(key, known, mode, ask, settings, state, deadline)?;
        if left && mode == Mode::Apply {
            hold::leftovers(key, mode, state, deadline)?;
        }
        Ok::<_, Cause>((left, found))
    };
    let bare = || RecoverShare {
        name: known.configured.map_or_else(|| key.to_string(), |share| share.name.to_string()),
        mount_point: known.configured.map(|share| share.mount_point.to_string()),
        steps: Vec::new(),
        kept: None,
        fault: None,
        failure: None,
    };
    match looked() {
        Ok((false, found)) => found.map(RecoverShare::from),
        Ok((true, found)) => {
            let mut share = found.map_or_else(bare, RecoverShare::from);
            share.steps.push("forget what a process that died has left of it".to_owned());
            Some(share)
        }
        Err(cause) => Some(RecoverShare { failure: Some(cause.to_string()), ..bare() }),
    }
}

impl From<Reconciled> for RecoverShare {
    fn from(found: Reconciled) -> Self {
        let first =
            found.open_attempt.then(|| "end an attempt to mount that was cut off".to_owned());
        let steps = found.plan.steps.iter().map(ToString::to_string);
        let name = found.share.name.to_string();
        Self {
            fault: found.health.as_ref().and_then(|health| fault(&name, health, &found)),
            name,
            mount_point: Some(found.share.mount_point.to_string()),
            steps: first.into_iter().chain(steps).collect(),
            kept: found.plan.kept.as_ref().map(ToString::to_string),
            failure: found.failure.map(|cause| cause.to_string()),
        }
    }
}

/// What no step changes. A dead mount that nobody holds is taken down by its plan, so that is none.
fn fault(name: &str, health: &Health, found: &Reconciled) -> Option<String> {
    let is_held = matches!(found.plan.kept, Some(KeptMounted::Held { .. }));
    let remedy = match health {
        Health::Healthy => return None,
        Health::Absent if is_held => format!(
            "guests of it that run have lost their disks; give them back: virt-quobyte recover --revive {name}"
        ),
        Health::Absent => return None,
        Health::Dead if is_held => format!(
            "give its guests their disks back: virt-quobyte recover --revive {name}; or take it away from under them: virt-quobyte recover --detach {name}"
        ),
        Health::Dead => return None,
        Health::Hung { .. } => format!(
            "see to the client and its registries, or give it up: virt-quobyte recover --abort {name}"
        ),
        Health::Failing { .. } => "see to the client and its registries".to_owned(),
        Health::Foreign(_) => "see who mounted that".to_owned(),
    };
    Some(format!("its mount point {health}; {remedy}"))
}
