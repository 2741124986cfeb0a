//! The administrator wants by force what no plan does: the one place where that is decided.
//!
//! Only `recover` asks for it, by name, after it has said what will break. Nothing here is ever part of another plan but of the one
//! that mounts a share anew for the guests that are revived.

use super::observed::OurMount;
use super::{Observed, Plan, Refusal, Step};
use crate::health::Health;

/// What is to be forced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Force {
    /// End the connection to a client that does not answer: whoever waits for it gets an error, and the mount is dead.
    Abort,
    /// Take a dead mount out of the way of those who still have files open on it, so that the share can be mounted anew. Their
    /// open files stay dead.
    Detach,
}

/// What to do so that a share comes free.
///
/// A client that answers is never aborted, and a mount whose client may still write is never detached.
pub fn force(observed: &Observed<'_>, force: Force) -> Result<Plan, Refusal> {
    let not_so = |wanted| Refusal::NotSo {
        share: observed.share.name.clone(),
        mount_point: observed.share.mount_point.clone(),
        wanted,
        health: observed.health.clone(),
    };
    let steps = match (force, &observed.health, observed.stack.last()) {
        (Force::Abort, Health::Hung { .. }, Some(top)) => vec![Step::Abort(*top)],
        (Force::Abort, _, _) => return Err(not_so("hung")),
        (Force::Detach, Health::Dead, Some(_)) => match observed.our_mount() {
            OurMount::OnTop(mount) | OurMount::ByAttempt(mount) => {
                vec![Step::Detach(mount), Step::ForgetMount]
            }
            OurMount::None | OurMount::Covered | OurMount::Gone => {
                return Err(Refusal::NotOurs {
                    share: observed.share.name.clone(),
                    mount_point: observed.share.mount_point.clone(),
                });
            }
        },
        (Force::Detach, _, _) => return Err(not_so("dead")),
    };
    Ok(Plan { steps, kept: None })
}
