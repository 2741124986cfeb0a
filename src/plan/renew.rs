//! Another client is to take the place of the one that a share has, while its guests run.

use super::acquire::mount;
use super::observed::OurMount;
use super::{Observed, Plan, Refusal, Step};
use crate::health::Health;
use crate::share::ShareMode;

/// What to do so that the share is mounted by a new client. The old one goes on serving whoever has files open on it, in no tree any
/// more, and ends when the last of them has closed its files.
///
/// The one plan that detaches a mount whose client lives. It is asked for by name only, and whoever asks for it moves the guests to
/// the new mount.
pub fn renew(observed: &Observed<'_>) -> Result<Plan, Refusal> {
    let share = observed.share;
    let not_ours = || Refusal::NotRenewed {
        share: share.name.clone(),
        mount_point: share.mount_point.clone(),
    };
    let mut steps = Vec::new();
    match (share.mode, &observed.health, observed.our_mount()) {
        (ShareMode::Verified, _, _) => return Err(not_ours()),
        // What lies below it would come to light.
        (_, Health::Healthy, OurMount::OnTop(old) | OurMount::ByAttempt(old))
            if observed.stack.len() == 1 =>
        {
            steps.extend([Step::Detach(old), Step::ForgetMount]);
        }
        (_, Health::Healthy, _) => return Err(not_ours()),
        // A renewal was cut off where the old client was out of the way and the new one not there yet.
        (_, Health::Absent, _) if !observed.good_leases().is_empty() => {}
        (_, health, _) => {
            return Err(Refusal::NothingToRenew {
                share: share.name.clone(),
                mount_point: share.mount_point.clone(),
                health: health.clone(),
            });
        }
    }
    mount(observed, &mut steps)?;
    Ok(Plan { steps, kept: None })
}
