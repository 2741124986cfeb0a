//! A holder lets go of a share.

use std::time::Duration;

use super::Cause;
use super::look::look;
use super::record::read_record;
use crate::apply::{self, Ground};
use crate::config::Settings;
use crate::host::deadline::Deadline;
use crate::lease::{Holder, Lease, ShareRecord, StateDir};
use crate::observe::AskClient;
use crate::plan::{self, Keep, KeptMounted};
use crate::share::ShareKey;

/// What became of a share that a holder let go of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Released {
    /// Nothing is mounted any more, as far as it is ours.
    Unmounted,
    /// It stays mounted.
    Kept(KeptMounted),
}

/// How long a release waits for a share's lock. It holds up the end of every other guest of the host meanwhile, and whoever
/// has the lock hears of it anyway, by the word that is left.
const RELEASE_LOCK_WAIT: Duration = Duration::from_secs(2);

/// Drops a holder's lease on the share of a key; the last one out unmounts.
///
/// All that is needed stands in the share's record, so neither the domain's XML nor the share's configuration is asked.
pub fn release(
    key: &ShareKey,
    holder: &Holder,
    keep: Keep,
    settings: &Settings,
    state: &StateDir,
    deadline: Deadline,
) -> Result<Released, Cause> {
    release_if(key, holder, |_| true, keep, settings, state, deadline)
}

/// Takes back a lease that was made for something that did not come about. One that the holder has got since from another
/// daemon is not ours to take: a domain whose end crossed our way has been started again, by a hook that named its daemon.
pub fn give_back(
    key: &ShareKey,
    lease: &Lease,
    settings: &Settings,
    state: &StateDir,
    deadline: Deadline,
) -> Result<Released, Cause> {
    let is_ours = |had: &Lease| had.daemon == lease.daemon;
    release_if(key, &lease.holder, is_ours, Keep::No, settings, state, deadline)
}

fn release_if(
    key: &ShareKey,
    holder: &Holder,
    may_go: impl Fn(&Lease) -> bool,
    keep: Keep,
    settings: &Settings,
    state: &StateDir,
    deadline: Deadline,
) -> Result<Released, Cause> {
    let lock = state
        .lock(key, deadline.at_most(RELEASE_LOCK_WAIT))
        .map_err(|e| Cause::state_of_key(key, e))?;
    let Some(mut record) = read_record(&lock)? else {
        lock.forget().map_err(|e| Cause::state_of_key(key, e))?;
        return Ok(Released::Unmounted);
    };
    if let Some(lease) = record.lease_of(holder).filter(|lease| !may_go(lease)) {
        return Ok(Released::Kept(KeptMounted::held([lease].into_iter())));
    }
    let share = record.share();
    let ground = Ground { share: &share, lock: &lock, settings, deadline };
    release_locked(&ground, &mut record, holder, keep)
}

pub(super) fn release_locked(
    ground: &Ground<'_>,
    record: &mut ShareRecord,
    holder: &Holder,
    keep: Keep,
) -> Result<Released, Cause> {
    let plan = {
        let seen = look(ground, record, AskClient::No)?;
        plan::release(&seen, holder, keep)
    };
    apply::apply(&plan, ground, record).map_err(|source| Cause::step(ground.share, source))?;
    let name = ground.share.name.as_str();
    Ok(match plan.kept {
        None => Released::Unmounted,
        Some(why) => {
            tracing::info!(share = name, "share {name} stays mounted: {why}");
            Released::Kept(why)
        }
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::hold::desk::{Desk, desk};
    use crate::host::process;
    use crate::lease::Daemon;

    /// It is started again while somebody gives back what its last run was to have.
    #[test]
    fn a_lease_that_a_later_start_has_made_its_own_is_not_given_back() {
        let Desk { share, state, .. } = &desk();
        let uuid = "4dea22b3-1d52-d8f3-2516-782e98ab3fa0".parse().expect("a UUID");
        let ours = Lease {
            holder: Holder::Domain(uuid),
            domain_name: Some("web1".to_owned()),
            since: 7,
            daemon: None,
        };
        // A daemon that lives, or the lease would be worth nothing: this process.
        let pid = std::process::id();
        let start_time = process::start_time(pid).expect("it runs");
        let later = Lease { daemon: Some(Daemon { pid, start_time }), ..ours.clone() };
        let settings = Settings::default();
        let deadline = Deadline::after(Duration::from_secs(60));
        let put = |lease: &Lease| {
            let boot_id = process::boot_id().expect("readable");
            let mut record = ShareRecord::new(share, &boot_id);
            record.put_lease(lease.clone());
            let lock = state.lock(&share.key, deadline).expect("nobody has it");
            lock.write(&record).expect("written");
        };
        let holds = || {
            let record = state.peek(&share.key).expect("readable");
            record.is_some_and(|record| record.lease_of(&ours.holder).is_some())
        };
        for (lease, is_kept) in [(&later, true), (&ours, false)] {
            put(lease);
            let given = give_back(&share.key, &ours, &settings, state, deadline);
            let given = given.expect("nothing is mounted");
            assert_eq!(matches!(given, Released::Kept(KeptMounted::Held { .. })), is_kept);
            assert_eq!(holds(), is_kept);
        }
    }

    /// A host may have thousands of domains, and all of them are looked at only where somebody has died.
    #[test]
    fn a_name_that_a_dead_process_has_left_goes_with_the_record() {
        let Desk { share, state, .. } = &desk();
        let deadline = Deadline::after(Duration::from_secs(60));
        let boot_id = process::boot_id().expect("readable");
        let lock = || state.lock(&share.key, deadline).expect("nobody has it");
        let dead = "00000000-0000-4000-8000-000000000001".parse().expect("a UUID");
        for has_died in [false, true] {
            let uuid = "4dea22b3-1d52-d8f3-2516-782e98ab3fa0".parse().expect("a UUID");
            let holder = Holder::Domain(uuid);
            let mut record = ShareRecord::new(share, &boot_id);
            record.put_lease(Lease {
                holder: holder.clone(),
                domain_name: None,
                since: 7,
                daemon: None,
            });
            {
                let lock = lock();
                lock.write(&record).expect("written");
                lock.note_domain(&dead).expect("noted");
                if has_died {
                    drop(lock.change().expect("begun"));
                }
            }
            let settings = Settings::default();
            release(&share.key, &holder, Keep::No, &settings, state, deadline).expect("released");
            assert_eq!(state.peek(&share.key).expect("readable"), None);
            assert_eq!(state.held_by(&dead).expect("listed").is_empty(), has_died);
        }
    }
}
