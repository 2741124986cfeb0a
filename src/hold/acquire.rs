//! Somebody wants to hold a share.

use super::look::look;
use super::record::current_record;
use super::release::release_locked;
use super::{Cause, Failure};
use crate::apply::{self, Ground};
use crate::config::Settings;
use crate::host::deadline::Deadline;
use crate::lease::{Lease, ShareRecord, StateDir};
use crate::observe::AskClient;
use crate::plan::{self, Keep};
use crate::share::Share;

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
        // These come before the first step: there is nothing to undo.
        Err(cause @ (Cause::Refused(_) | Cause::OutOfTime { .. })) => Err(plain(cause)),
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
    if !ground.deadline.has_time_for_a_look() {
        return Err(Cause::OutOfTime { share: share.name.to_string() });
    }
    let ask = AskClient::Until(ground.deadline.at_most(ground.settings.deadlines.probe));
    let plan = {
        let seen = look(ground, record, ask)?;
        plan::acquire(&seen, lease.clone())?
    };
    apply::apply(&plan, ground, record).map_err(|source| Cause::step(share, source))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::hold::desk::{Desk, desk};
    use crate::host::clock;
    use crate::lease::Holder;

    /// Its client would be given no time, and then be said to hang.
    #[test]
    fn a_share_whose_turn_comes_too_late_is_said_to_be_late_and_nothing_is_done() {
        let Desk { share, state, .. } = &desk();
        let lease = Lease {
            holder: Holder::Administrator,
            domain_name: None,
            since: clock::now(),
            daemon: None,
        };
        let late = Deadline::after(Duration::ZERO);
        let failure = acquire(share, &lease, &Settings::default(), state, late);
        let failure = failure.expect_err("there was no time");
        assert!(matches!(failure.cause, Cause::OutOfTime { .. }), "{failure}");
        assert!(failure.undo.is_none() && !share.mount_point.as_path().exists());
    }
}
