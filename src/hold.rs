//! One share from intent to effect: lock it, read its record, observe, plan, apply, and undo what failed.
//!
//! The hook calls this for each share of a domain; the admin command calls the same for what is done by hand.

use std::fmt;
use std::time::Duration;

use crate::apply::{self, Ground, StepError, Stopped};
use crate::config::Settings;
use crate::health::Health;
use crate::host::deadline::Deadline;
use crate::host::{clock, process};
use crate::lease::{Holder, Lease, LockedShare, ShareRecord, StateDir, StateError};
use crate::observe::{self, AskClient, ObserveError};
use crate::plan::{self, Keep, KeptMounted, Plan, Refusal};
use crate::share::{Share, ShareKey};

/// Why a share could not be acquired, and what became of the attempt.
#[derive(Debug)]
pub struct Failure {
    /// Why.
    pub cause: Cause,
    /// Why what had been done could not all be undone.
    pub undo: Option<Box<Cause>>,
}

/// What went wrong with a share.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// It was decided that it is not to be.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A step failed.
    #[error("share {share}: {source}")]
    Step {
        /// The share's name.
        share: String,
        /// The step, and why.
        source: Box<Stopped>,
    },
    /// An earlier attempt to mount cannot be ended.
    #[error("share {share}: an earlier attempt to mount was cut off: {source}")]
    Attempt {
        /// The share's name.
        share: String,
        /// Why.
        source: Box<StepError>,
    },
    /// The state directory failed.
    #[error("share {share}: {source}")]
    State {
        /// The share's name.
        share: String,
        /// Why.
        source: StateError,
    },
    /// It could not be seen what state the share is in.
    #[error("share {share}: {source}")]
    Observe {
        /// The share's name.
        share: String,
        /// Why.
        source: ObserveError,
    },
    /// Which boot this is could not be read.
    #[error("cannot read /proc/sys/kernel/random/boot_id: {0}")]
    BootId(#[source] std::io::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.cause)?;
        match &self.undo {
            Some(undo) => write!(f, " (and undoing what had been done failed too: {undo})"),
            None => Ok(()),
        }
    }
}

/// Whether a call made a lease or found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acquired {
    /// The holder holds the share since this call.
    Now,
    /// It held the share before.
    Before,
}

/// Sees to it that a share is mounted, healthy and held by the lease's holder. If that fails, all that it did is undone.
pub fn acquire(
    share: &Share,
    lease: &Lease,
    settings: &Settings,
    state: &StateDir,
    deadline: Deadline,
) -> Result<Acquired, Failure> {
    let plain = |cause| Failure { cause, undo: None };
    let lock = state.lock(&share.key, deadline).map_err(|e| plain(Cause::state(share, e)))?;
    let mut record = current_record(&lock, share).map_err(plain)?;
    let had = record.lease_of(&lease.holder).is_some();
    let ground = Ground { share, lock: &lock, settings, deadline };
    let done = try_acquire(&ground, &mut record, lease);
    match done {
        Ok(()) => Ok(if had { Acquired::Before } else { Acquired::Now }),
        // A refusal comes before the first step: there is nothing to undo.
        Err(cause @ Cause::Refused(_)) => Err(plain(cause)),
        Err(cause) if had => Err(plain(cause)),
        Err(cause) => {
            // The deadline may be what failed, so the way back has its own.
            let deadline = Deadline::after(settings.deadlines.unmount);
            let ground = Ground { deadline, ..ground };
            let undo = release_locked(&ground, &mut record, &lease.holder, Keep::No);
            let undo = undo.err().map(Box::new);
            Err(Failure { cause, undo })
        }
    }
}

fn try_acquire(ground: &Ground<'_>, record: &mut ShareRecord, lease: &Lease) -> Result<(), Cause> {
    let share = ground.share;
    let ask = AskClient::Until(ground.deadline.at_most(ground.settings.deadlines.probe));
    let plan = {
        let seen = look(ground, record, ask)?;
        plan::acquire(&seen, lease.clone())?
    };
    apply::apply(&plan, ground, record).map_err(|source| Cause::step(share, source))
}

/// What became of a share that a holder let go of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Released {
    /// Nothing is mounted any more, as far as it is ours.
    Unmounted,
    /// It stays mounted.
    Kept(KeptMounted),
}

/// How long a release waits for a share's lock. It holds up the end of every other guest of the host meanwhile, and whoever
/// has the lock hears of it anyway, by the word that is left.
const RELEASE_LOCK_WAIT: Duration = Duration::from_secs(2);

/// Drops a holder's lease on the share of a key; the last one out unmounts.
///
/// All that is needed stands in the share's record, so neither the domain's XML nor the share's configuration is asked.
pub fn release(
    key: &ShareKey,
    holder: &Holder,
    keep: Keep,
    settings: &Settings,
    state: &StateDir,
    deadline: Deadline,
) -> Result<Released, Cause> {
    let lock = state
        .lock(key, deadline.at_most(RELEASE_LOCK_WAIT))
        .map_err(|e| Cause::state_of_key(key, e))?;
    let Some(mut record) = read_record(&lock)? else {
        lock.forget().map_err(|e| Cause::state_of_key(key, e))?;
        return Ok(Released::Unmounted);
    };
    let share =
        Share::of_record(record.name.clone(), record.export.clone(), record.mount_point.clone());
    let ground = Ground { share: &share, lock: &lock, settings, deadline };
    release_locked(&ground, &mut record, holder, keep)
}

fn release_locked(
    ground: &Ground<'_>,
    record: &mut ShareRecord,
    holder: &Holder,
    keep: Keep,
) -> Result<Released, Cause> {
    let plan = {
        let seen = look(ground, record, AskClient::No)?;
        plan::release(&seen, holder, keep)
    };
    apply::apply(&plan, ground, record).map_err(|source| Cause::step(ground.share, source))?;
    let name = ground.share.name.as_str();
    Ok(match plan.kept {
        None => Released::Unmounted,
        Some(why) => {
            tracing::info!(share = name, "share {name} stays mounted: {why}");
            Released::Kept(why)
        }
    })
}

/// Whether to do what was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Decide, and do nothing.
    Show,
    /// Decide, and do it.
    Apply,
}

/// What was decided about a share that nobody asked for.
#[derive(Debug, Clone)]
pub struct Reconciled {
    /// The share, as its record describes it.
    pub share: Share,
    /// Whether an attempt to mount was cut off, whose client may still run and is ended first.
    pub open_attempt: bool,
    /// What is to be done, or was done.
    pub plan: Plan,
}

/// Looks at a share that nobody asked for: drops leases that are void, and unmounts what nobody holds and has lingered enough.
///
/// `None` if nothing is known of the share, or nothing that is true since this boot.
pub fn reconcile(
    key: &ShareKey,
    mode: Mode,
    settings: &Settings,
    state: &StateDir,
    deadline: Deadline,
) -> Result<Option<Reconciled>, Cause> {
    let lock = state.lock(key, deadline).map_err(|e| Cause::state_of_key(key, e))?;
    let Some(mut record) = read_record(&lock)? else { return Ok(None) };
    let share =
        Share::of_record(record.name.clone(), record.export.clone(), record.mount_point.clone());
    let ground = Ground { share: &share, lock: &lock, settings, deadline };
    let seen = see(&ground, &record, AskClient::No)?;
    let open_attempt = plan::attempt_is_open(&seen);
    let seen = if mode == Mode::Apply { settled(&ground, seen, AskClient::No)? } else { seen };
    let plan = plan::reconcile(&seen, clock::now(), settings.linger);
    if mode == Mode::Apply {
        apply::apply(&plan, &ground, &mut record).map_err(|source| Cause::step(&share, source))?;
    }
    Ok(Some(Reconciled { share, open_attempt, plan }))
}

/// Writes the lease of a guest that runs, and returns in what state its share is. Mounts and unmounts nothing.
pub fn reconnect(
    share: &Share,
    lease: &Lease,
    settings: &Settings,
    state: &StateDir,
    deadline: Deadline,
) -> Result<Health, Cause> {
    let lock = state.lock(&share.key, deadline).map_err(|e| Cause::state(share, e))?;
    let mut record = current_record(&lock, share)?;
    let ground = Ground { share, lock: &lock, settings, deadline };
    let ask = AskClient::Until(deadline.at_most(settings.deadlines.probe));
    let (plan, health) = {
        let seen = look(&ground, &record, ask)?;
        (plan::reconnect(&seen, lease.clone()), seen.health.clone())
    };
    apply::apply(&plan, &ground, &mut record).map_err(|source| Cause::step(share, source))?;
    Ok(health)
}

/// Sees in what state a share is; an attempt of which nothing is to be seen is ended first, because it could still mount.
fn look<'a>(
    ground: &Ground<'a>,
    record: &'a ShareRecord,
    ask: AskClient,
) -> Result<plan::Observed<'a>, Cause> {
    settled(ground, see(ground, record, ask)?, ask)
}

fn see<'a>(
    ground: &Ground<'a>,
    record: &'a ShareRecord,
    ask: AskClient,
) -> Result<plan::Observed<'a>, Cause> {
    let share = ground.share;
    let let_go = ground.lock.let_go().map_err(|e| Cause::state(share, e))?;
    observe::observe(share, record, &let_go, ask)
        .map_err(|source| Cause::Observe { share: share.name.to_string(), source })
}

fn settled<'a>(
    ground: &Ground<'a>,
    seen: plan::Observed<'a>,
    ask: AskClient,
) -> Result<plan::Observed<'a>, Cause> {
    if !plan::attempt_is_open(&seen) {
        return Ok(seen);
    }
    let share = ground.share;
    tracing::warn!(
        share = share.name.as_str(),
        "share {}: an earlier attempt to mount was cut off",
        share.name
    );
    let failed =
        |source| Cause::Attempt { share: share.name.to_string(), source: Box::new(source) };
    ground.end_attempt(seen.record).map_err(failed)?;
    see(ground, seen.record, ask)
}

/// The share's record, with its description brought up to date, or a new one.
fn current_record(lock: &LockedShare<'_>, share: &Share) -> Result<ShareRecord, Cause> {
    let boot_id = process::boot_id().map_err(Cause::BootId)?;
    let mut record = read_record(lock)?.unwrap_or_else(|| ShareRecord::new(share, &boot_id));
    // A mount that we made stays known by where it is, even if the configuration has moved the share since.
    if record.mount.is_none() {
        record.mount_point.clone_from(&share.mount_point);
    } else if record.mount_point != share.mount_point {
        return Err(Cause::Refused(Refusal::Moved {
            share: share.name.clone(),
            from: record.mount_point,
            to: share.mount_point.clone(),
        }));
    }
    record.name.clone_from(&share.name);
    Ok(record)
}

/// Reads a record: one of an earlier boot says nothing, and damage is put aside.
///
/// Without a record no mount is ours, and what is not ours is never unmounted: damage can leave a mount too many, never take
/// one away from a guest.
fn read_record(lock: &LockedShare<'_>) -> Result<Option<ShareRecord>, Cause> {
    let key = lock.key();
    let record = match lock.read() {
        Ok(record) => record,
        Err(StateError::Record { path, source }) if source.is_damage() => {
            let aside = lock.set_aside().map_err(|e| Cause::state_of_key(key, e))?;
            tracing::error!(
                "{}: {source}; it is now {}, and what it said is not known any more",
                path.display(),
                aside.display()
            );
            None
        }
        Err(error) => return Err(Cause::state_of_key(key, error)),
    };
    let boot_id = process::boot_id().map_err(Cause::BootId)?;
    Ok(record.filter(|record| record.boot_id == boot_id))
}

impl Cause {
    fn state(share: &Share, source: StateError) -> Self {
        Self::State { share: share.name.to_string(), source }
    }

    fn state_of_key(key: &ShareKey, source: StateError) -> Self {
        Self::State { share: key.to_string(), source }
    }

    fn step(share: &Share, source: Box<Stopped>) -> Self {
        Self::Step { share: share.name.to_string(), source }
    }

    /// Whether somebody else had the share's lock for too long.
    pub fn is_busy_lock(&self) -> bool {
        matches!(self, Self::State { source: StateError::Busy { .. }, .. })
    }
}
