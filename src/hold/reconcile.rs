//! Nobody came for a share, and it is put right: after it has lingered, and when the administrator mends a host.

use super::look::{see, settled};
use super::record::{lock_to, read_record_of_any_boot};
use super::{Cause, Mode};
use crate::apply::{self, Ground};
use crate::config::Settings;
use crate::health::Health;
use crate::host::deadline::Deadline;
use crate::host::{clock, process};
use crate::lease::{Lease, ShareRecord, StateDir};
use crate::observe::{AskClient, Running};
use crate::plan::{self, Plan, Step};
use crate::share::{Share, ShareKey};

/// What is known of a share by somebody who did not come for it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'a> {
    /// The share, if the configuration has it.
    pub configured: Option<&'a Share>,
    /// Leases that guests should have, because they run on it.
    pub missing: &'a [Lease],
    /// Which domains run, for whoever may ask libvirt.
    pub running: Option<&'a Running>,
}

/// What was decided about a share that nobody asked for.
#[derive(Debug)]
pub struct Reconciled {
    /// The share, as its record or else the configuration describes it.
    pub share: Share,
    /// What its mount point was found to be, if its client was asked.
    pub health: Option<Health>,
    /// Whether an attempt to mount was cut off, whose client may still run and is ended first.
    pub open_attempt: bool,
    /// What is to be done, or was done.
    pub plan: Plan,
    /// Why the plan ended early.
    pub failure: Option<Cause>,
}

/// Looks at a share that nobody asked for: writes leases that are missing, drops those that are void, and unmounts what nobody
/// holds and has lingered enough.
///
/// `None` if nothing is known of the share.
pub fn reconcile(
    key: &ShareKey,
    known: Known<'_>,
    mode: Mode,
    ask: AskClient,
    settings: &Settings,
    state: &StateDir,
    deadline: Deadline,
) -> Result<Option<Reconciled>, Cause> {
    let lock = lock_to(mode, key, state, deadline).map_err(|e| Cause::state_of_key(key, e))?;
    let boot_id = process::boot_id().map_err(Cause::BootId)?;
    let recorded = match mode {
        Mode::Apply => read_record_of_any_boot(&lock)?,
        // What is only to be shown stays as it is, damage too.
        Mode::Show => lock.read().map_err(|e| Cause::state_of_key(key, e))?,
    };
    let is_stale = recorded.as_ref().is_some_and(|record| record.boot_id != boot_id);
    let share = match (&recorded, known.configured) {
        (Some(record), _) => record.share(),
        (None, Some(share)) if !known.missing.is_empty() => share.clone(),
        (None, _) => return Ok(None),
    };
    let mut record = match recorded {
        Some(record) if !is_stale => record,
        _ => ShareRecord::new(&share, &boot_id),
    };
    let ground = Ground { share: &share, lock: &lock, settings, deadline };
    let heard = known.running;
    let seen = see(&ground, &record, heard, ask)?;
    let health = matches!(ask, AskClient::Until(_)).then(|| seen.health.clone());
    let open_attempt = plan::attempt_is_open(&seen);
    let seen = if mode == Mode::Apply { settled(&ground, seen, heard, ask)? } else { seen };
    let mut plan = plan::reconcile(&seen, known.missing, clock::now(), settings.linger);
    if is_stale {
        plan.steps.insert(0, Step::ForgetRecord);
    }
    let mut failure = None;
    if mode == Mode::Apply
        && let Err(source) = apply::apply(&plan, &ground, &mut record)
    {
        failure = Some(Cause::step(&share, source));
    }
    Ok(Some(Reconciled { share, health, open_attempt, plan, failure }))
}
