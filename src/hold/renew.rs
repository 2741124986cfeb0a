//! A share gets another client while its guests run.

use std::time::Duration;

use super::look::look_to;
use super::record::{lock_to, read_record_to, up_to_date};
use super::{Cause, Failure, Mode};
use crate::apply::{self, Ground};
use crate::config::Settings;
use crate::health::Health;
use crate::host::client;
use crate::host::deadline::Deadline;
use crate::host::kept_mount::KeptMount;
use crate::host::processes::clients::Client;
use crate::host::processes::users::{self, Users};
use crate::lease::{MountRecord, ShareRecord, StateDir};
use crate::observe::{self, AskClient};
use crate::plan::{self, Plan};
use crate::share::Share;

/// What a share's renewal would do, or did.
#[derive(Debug, Clone)]
pub struct Renewed {
    /// What is to be done, or was done.
    pub plan: Plan,
    /// The client that makes room; `None` if none is there.
    pub old: Option<Old>,
}

/// A client that makes room for another one, and goes on for those who have files open on it.
#[derive(Debug, Clone)]
pub struct Old {
    /// Its process, if it was found.
    pub process: Option<Client>,
    /// Who has files open there.
    pub users: Users,
}

/// How long it is found out which process serves the old mount, and how long who uses it.
const USERS: Duration = Duration::from_secs(5);

/// Sees to it that a share is mounted by a new client: the old one's mount is detached, and put back if the new one cannot mount.
/// Only for an administrator who has asked for it by name.
pub fn renew(
    share: &Share,
    mode: Mode,
    settings: &Settings,
    state: &StateDir,
    deadline: Deadline,
) -> Result<Renewed, Failure> {
    let plain = |cause| Failure { cause, undo: None };
    let lock = lock_to(mode, &share.key, state, deadline)
        .map_err(|error| plain(Cause::state(share, error)))?;
    let record = read_record_to(mode, &lock).and_then(|record| up_to_date(record, share));
    let mut record = record.map_err(plain)?;
    let ground = Ground { share, lock: &lock, settings, deadline };
    let found = look(&ground, &record, mode).map_err(plain)?;
    if mode == Mode::Apply {
        exchange(&ground, &found, &mut record)?;
    }
    Ok(found)
}

fn look(ground: &Ground<'_>, record: &ShareRecord, mode: Mode) -> Result<Renewed, Cause> {
    let deadline = ground.deadline;
    let ask = AskClient::Until(deadline.at_most(ground.settings.deadlines.probe));
    let seen = look_to(mode, ground, record, ask)?;
    let plan = plan::renew(&seen)?;
    let old = seen.stack.last().map(|mount| {
        let found = client::running(&[ground.share], deadline.at_most(USERS)).unwrap_or_default();
        let users = users::of(mount.device, deadline.at_most(USERS));
        Old { process: found.into_iter().next().flatten(), users }
    });
    Ok(Renewed { plan, old })
}

/// The new client in place of the old one, or the old one as before.
fn exchange(ground: &Ground<'_>, found: &Renewed, record: &mut ShareRecord) -> Result<(), Failure> {
    let share = ground.share;
    let keep = |source| Cause::Keep { share: share.name.to_string(), source: Box::new(source) };
    let hold = || KeptMount::hold(&share.mount_point);
    let kept = found.old.as_ref().map(|_| hold()).transpose();
    let kept = kept.map_err(|error| Failure { cause: keep(error), undo: None })?;
    let before = record.mount.clone();
    let Err(stopped) = apply::apply(&found.plan, ground, record) else { return Ok(()) };
    let cause = Cause::step(share, stopped);
    let Some(kept) = kept else { return Err(Failure { cause, undo: None }) };
    let put_back = || -> Result<(), Cause> {
        let see = || {
            observe::mounted(share, AskClient::No)
                .map_err(|source| Cause::Observe { share: share.name.to_string(), source })
        };
        // What failed may have been the first step, or a client that has mounted something that stays.
        if see()?.health != Health::Absent {
            return Ok(());
        }
        kept.put_back().map_err(keep)?;
        let was = before.as_ref();
        if let (Some(id), Some(MountRecord::Made { unit, since, .. })) = (see()?.stack.last(), was)
        {
            record.mount = Some(MountRecord::Made { id: *id, unit: unit.clone(), since: *since });
            ground.lock.write(record).map_err(|error| Cause::state(share, error))?;
        }
        Ok(())
    };
    let undo = put_back().err().map(Box::new);
    Err(Failure { cause, undo })
}
