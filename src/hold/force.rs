//! A share is freed by force. Only for an administrator who has seen what [`Mode::Show`] says of it.

use std::time::Duration;

use super::look::see;
use super::record::{lock_to, read_record_to};
use super::{Cause, Mode};
use crate::apply::{self, Ground};
use crate::config::Settings;
use crate::host::deadline::Deadline;
use crate::host::process;
use crate::host::processes::users::{self, Users};
use crate::lease::{Lease, ShareRecord, StateDir};
use crate::observe::AskClient;
use crate::plan::{self, Force, Plan};
use crate::share::Share;

/// What force would do, or did, and to whom.
#[derive(Debug, Clone)]
pub struct Forced {
    /// What is to be done, or was done.
    pub plan: Plan,
    /// Who holds the share.
    pub holders: Vec<Lease>,
    /// Who has files open there; `None` if nothing is mounted.
    pub users: Option<Users>,
}

/// How long it is found out whom force would hit.
const USERS: Duration = Duration::from_secs(5);

/// Frees a share by force. Only for an administrator who has seen what [`Mode::Show`] says of it.
pub fn force(
    share: &Share,
    how: Force,
    mode: Mode,
    settings: &Settings,
    state: &StateDir,
    deadline: Deadline,
) -> Result<Forced, Cause> {
    let lock = lock_to(mode, &share.key, state, deadline).map_err(|e| Cause::state(share, e))?;
    let boot_id = process::boot_id().map_err(Cause::BootId)?;
    let record = read_record_to(mode, &lock)?;
    let mut record = record.unwrap_or_else(|| ShareRecord::new(share, &boot_id));
    let ground = Ground { share, lock: &lock, settings, deadline };
    let (plan, holders, users) = {
        let ask = AskClient::Until(deadline.at_most(settings.deadlines.probe));
        let seen = see(&ground, &record, None, ask)?;
        let users = seen.stack.last().map(|top| users::of(top.device, deadline.at_most(USERS)));
        (plan::force(&seen, how)?, record.leases.clone(), users)
    };
    if mode == Mode::Apply {
        apply::apply(&plan, &ground, &mut record).map_err(|source| Cause::step(share, source))?;
    }
    Ok(Forced { plan, holders, users })
}
