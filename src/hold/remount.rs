//! A share whose client died is mounted anew for the guests that hold it.

use std::time::Duration;

use super::look::look_to;
use super::record::{lock_to, read_record_to, up_to_date};
use super::{Cause, Mode};
use crate::apply::{self, Ground};
use crate::config::Settings;
use crate::health::Health;
use crate::host::deadline::Deadline;
use crate::host::processes::users::{self, Users};
use crate::lease::StateDir;
use crate::mounts::MountId;
use crate::observe::AskClient;
use crate::plan::{self, Plan};
use crate::share::Share;

/// What mounting anew would do, or did.
#[derive(Debug, Clone)]
pub struct Remounted {
    /// What its mount point was like before.
    pub health: Health,
    /// The mount that was there before.
    pub mount: Option<MountId>,
    /// What is to be done, or was done.
    pub plan: Plan,
    /// Who has files open on a dead mount: they keep them, dead.
    pub users: Option<Users>,
}

/// How long it is found out whose files are dead.
const USERS: Duration = Duration::from_secs(5);

/// Sees to it that a share that guests hold is mounted and healthy, also by force: a dead mount is detached. Only for an
/// administrator who has seen what [`Mode::Show`] says of it.
pub fn remount(
    share: &Share,
    mode: Mode,
    settings: &Settings,
    state: &StateDir,
    deadline: Deadline,
) -> Result<Remounted, Cause> {
    let lock = lock_to(mode, &share.key, state, deadline).map_err(|e| Cause::state(share, e))?;
    let mut record = up_to_date(read_record_to(mode, &lock)?, share)?;
    let ground = Ground { share, lock: &lock, settings, deadline };
    let ask = AskClient::Until(deadline.at_most(settings.deadlines.probe));
    let found = {
        let seen = look_to(mode, &ground, &record, ask)?;
        let mount = seen.stack.last().copied();
        let dead = mount.filter(|_| seen.health == Health::Dead);
        let users = dead.map(|mount| users::of(mount.device, deadline.at_most(USERS)));
        Remounted { plan: plan::remount(&seen)?, health: seen.health, mount, users }
    };
    if mode == Mode::Apply {
        apply::apply(&found.plan, &ground, &mut record)
            .map_err(|source| Cause::step(share, source))?;
    }
    Ok(found)
}
