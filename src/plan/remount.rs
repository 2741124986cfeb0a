//! A share is to be there again for guests whose open files died with its client.

use super::acquire::{mount, refusal};
use super::{Force, Observed, Plan, Refusal, force};
use crate::health::Health;
use crate::share::ShareMode;

/// What to do so that the share is mounted and healthy, although a dead mount is in use. By force: only a revival asks for it,
/// after it has said whose files stay dead.
///
/// The dead mount goes before the guests have let go of it, because they cannot: when the last writer of a file leaves, QEMU
/// opens it anew by its path, for reading, and does not let the writer go if that fails.
pub fn remount(observed: &Observed<'_>) -> Result<Plan, Refusal> {
    let mut steps = Vec::new();
    match (observed.share.mode, &observed.health) {
        (_, Health::Healthy) => {}
        (ShareMode::Managed, Health::Absent) => mount(observed, &mut steps)?,
        // What lies below it would come to light.
        (ShareMode::Managed, Health::Dead) if observed.stack.len() == 1 => {
            steps.extend(force(observed, Force::Detach)?.steps);
            mount(observed, &mut steps)?;
        }
        (_, health) => return Err(refusal(observed, health)),
    }
    Ok(Plan { steps, kept: None })
}
