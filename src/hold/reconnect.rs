//! A guest runs on a share, and libvirt has come back to it.

use super::Cause;
use super::look::look;
use super::record::current_record;
use crate::apply::{self, Ground};
use crate::config::Settings;
use crate::health::Health;
use crate::host::deadline::Deadline;
use crate::lease::{Lease, StateDir};
use crate::observe::AskClient;
use crate::plan;
use crate::share::Share;

/// Writes the lease of a guest that runs, and returns in what state its share is. Mounts and unmounts nothing.
pub fn reconnect(
    share: &Share,
    lease: &Lease,
    settings: &Settings,
    state: &StateDir,
    deadline: Deadline,
) -> Result<Health, Cause> {
    // What is left then is for the look at the client.
    let for_lock = deadline.at_most(settings.deadlines.unmount);
    let lock = state.lock(&share.key, for_lock).map_err(|e| Cause::state(share, e))?;
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
