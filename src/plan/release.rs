//! A holder lets go of a share, or somebody looks whether anybody still holds it.

use std::time::Duration;

use super::observed::OurMount;
use super::{KeptMounted, Observed, Plan, Step};
use crate::lease::{Holder, Lease};

/// How long a share that nobody holds any more is kept mounted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Not at all: what was mounted for an attempt that failed is of no use to anybody.
    No,
    /// So long from now on.
    For {
        /// Now, in seconds since 1970.
        now: u64,
        /// How long.
        length: Duration,
    },
}

/// What to do so that a holder holds the share no more, and the last one out unmounts it.
///
/// A release is never refused: there is always something to drop, and the worst is that the mount stays. It does not depend on
/// the mode, because a mount that we made is ours whatever the configuration says by now.
pub fn release(observed: &Observed<'_>, holder: &Holder, keep: Keep) -> Plan {
    let mut steps = vec![Step::DropLease(holder.clone())];
    let void = observed.void_leases().filter(|lease| lease.holder != *holder);
    steps.extend(void.map(|lease| Step::DropLease(lease.holder.clone())));
    let others = observed.leases_but(holder);
    if !others.is_empty() {
        return Plan { steps, kept: Some(KeptMounted::held(others.into_iter())) };
    }
    match (keep, observed.our_mount()) {
        (Keep::For { now, length }, OurMount::OnTop(_)) if !length.is_zero() => {
            steps.push(Step::Linger { since: now, length });
            Plan { steps, kept: Some(KeptMounted::Lingers { length }) }
        }
        _ => take_down(observed, steps),
    }
}

/// What to do so that a share's records and mounts say the truth again, and what nobody holds is not kept mounted.
///
/// This is for whoever looks at a share without wanting it: the one who comes back after the share has lingered, and the
/// administrator who mends a host.
///
/// What is held stays, and what is recorded of its mount becomes true: an attempt that was cut off may have made it, or not.
///
/// `missing` are leases of guests that are known to run on the share: those that are not recorded are written.
pub fn reconcile(observed: &Observed<'_>, missing: &[Lease], now: u64, linger: Duration) -> Plan {
    let mut holders = observed.good_leases();
    let unknown: Vec<&Lease> = missing
        .iter()
        .filter(|lease| !holders.iter().any(|known| known.holder == lease.holder))
        .collect();
    let runs = |lease: &&Lease| missing.iter().any(|other| other.holder == lease.holder);
    let void = observed.void_leases().filter(|lease| !runs(lease));
    let written = unknown.iter().map(|lease| Step::WriteLease((*lease).clone()));
    let mut steps: Vec<Step> =
        written.chain(void.map(|lease| Step::DropLease(lease.holder.clone()))).collect();
    holders.extend(unknown);
    if !holders.is_empty() {
        match observed.our_mount() {
            OurMount::ByAttempt(mount) => steps.push(Step::AdoptMount(mount)),
            OurMount::Gone => steps.push(Step::ForgetMount),
            OurMount::OnTop(_) | OurMount::Covered | OurMount::None => {}
        }
        return Plan { steps, kept: Some(KeptMounted::held(holders.into_iter())) };
    }
    // A clock that was set back counts as no time passed; the next one who looks has another chance.
    let idle =
        observed.record.idle_since.map(|since| Duration::from_secs(now.saturating_sub(since)));
    if idle.is_some_and(|idle| idle < linger) && matches!(observed.our_mount(), OurMount::OnTop(_))
    {
        return Plan { steps, kept: Some(KeptMounted::Lingers { length: linger }) };
    }
    take_down(observed, steps)
}

/// Nobody holds the share: what is ours goes.
fn take_down(observed: &Observed<'_>, mut steps: Vec<Step>) -> Plan {
    let mut kept = None;
    match observed.our_mount() {
        OurMount::OnTop(mount) => steps.extend([Step::Unmount(mount), Step::ForgetMount]),
        OurMount::ByAttempt(mount) => {
            steps.extend([Step::AdoptMount(mount), Step::Unmount(mount), Step::ForgetMount]);
        }
        OurMount::Covered => {
            kept = Some(KeptMounted::Covered { mount_point: observed.share.mount_point.clone() });
        }
        OurMount::Gone => steps.push(Step::ForgetMount),
        OurMount::None => {}
    }
    if kept.is_none()
        && !observed.stack.is_empty()
        && matches!(observed.our_mount(), OurMount::None | OurMount::Gone)
    {
        kept = Some(KeptMounted::NotOurs);
    }
    Plan { steps, kept }
}
