//! Somebody wants to hold a share.

use super::observed::OurMount;
use super::{Observed, Plan, Refusal, Step};
use crate::health::Health;
use crate::lease::Lease;
use crate::share::ShareMode;

/// What to do so that the share is mounted, healthy and held.
pub fn acquire(observed: &Observed<'_>, lease: Lease) -> Result<Plan, Refusal> {
    let mut steps = vec![Step::WriteLease(lease)];
    match (observed.share.mode, &observed.health) {
        (ShareMode::Verified, Health::Healthy) => {}
        (ShareMode::Verified, health) => return Err(refusal(observed, health)),
        (ShareMode::Managed, Health::Healthy) => {
            if let OurMount::ByAttempt(mount) = observed.our_mount() {
                steps.push(Step::AdoptMount(mount));
            }
        }
        (ShareMode::Managed, Health::Absent) => mount(observed, &mut steps)?,
        (ShareMode::Managed, Health::Dead) => {
            // Only ours, and only if it is the whole stack: what lies below it would come to light.
            let (OurMount::OnTop(dead) | OurMount::ByAttempt(dead)) = observed.our_mount() else {
                return Err(refusal(observed, &Health::Dead));
            };
            if observed.stack.len() > 1 {
                return Err(refusal(observed, &Health::Dead));
            }
            steps.extend([Step::Unmount(dead), Step::ForgetMount]);
            mount(observed, &mut steps)?;
        }
        (ShareMode::Managed, health) => return Err(refusal(observed, health)),
    }
    Ok(Plan { steps, kept: None })
}

pub(super) fn mount(observed: &Observed<'_>, steps: &mut Vec<Step>) -> Result<(), Refusal> {
    if let Some(fstype) = &observed.remote_parent {
        return Err(Refusal::RemoteParent {
            share: observed.share.name.clone(),
            mount_point: observed.share.mount_point.clone(),
            fstype: fstype.clone(),
        });
    }
    steps.extend([Step::GuardMountPoint, Step::Mount]);
    Ok(())
}

pub(super) fn refusal(observed: &Observed<'_>, health: &Health) -> Refusal {
    Refusal::Health {
        share: observed.share.name.clone(),
        mode: observed.share.mode,
        mount_point: observed.share.mount_point.clone(),
        health: health.clone(),
    }
}
