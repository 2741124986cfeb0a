//! Disks of guests that run: libvirt calls no hook when one comes or goes, so whoever has it come or go sees to the leases.
//!
//! The guest itself holds what its disks lie on, as after a start, so that its end lets go of it by the hook. Nothing is locked
//! between libvirt and the leases, because libvirt may be waiting for a hook that waits for the lock. Instead each command
//! changes one of the two and then looks at both until nothing has to be mended ([`Hold::settle`]). Why that is enough:
//!
//! - *Two commands at once.* For one guest they take turns, by a lock that no hook takes: between a lease and libvirt's word that
//!   the guest has the disk, a `detach` would take the lease for one that is not needed.
//! - *The guest's end.* `release` drops the leases that it finds. A lease that is written later would stay for ever, so after
//!   each lease comes a look whether the guest runs. One that is seen to run then has its `release` before it, which will find
//!   the lease; of one that does not run, the lease is given back.
//! - *The next start.* Its `prepare` may fall between that look and the giving back. Its lease names libvirt's daemon and ours
//!   does not, and only ours is given back.
//! - *Death.* What is killed leaves a lease of a guest on a share that it does not need: until the guest's end the share stays
//!   mounted, and that is all. In the one instant between a guest's end and the look it is a guest that does not run, of which
//!   `recover` knows by libvirt's word.

mod obstacle;
mod seen;

use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use virt_quobyte::config::Settings;
use virt_quobyte::hold::{self, Cause, Released};
use virt_quobyte::host::clock;
use virt_quobyte::host::deadline::Deadline;
use virt_quobyte::lease::{Holder, Lease, StateDir, StateError, Turn};
use virt_quobyte::plan::Keep;
use virt_quobyte::share::Share;

use crate::libvirt::{Guest, NoAnswer};
pub(super) use obstacle::{Processors, obstacle};
pub(super) use seen::{Need, Seen, SeenDisk};

/// A look and what it leads to. Two are enough, unless others go on changing the same.
const ROUNDS: usize = 5;

/// How long another command that changes the same guest's disks is waited for: it may wait for the guest, or for a mount.
const TURN: Duration = Duration::from_secs(60);

/// How long a lock that somebody has is waited for at a time.
const BUSY: Duration = Duration::from_millis(200);

/// Which libvirt is asked.
#[derive(Debug, clap::Args)]
pub(super) struct Connection {
    /// Ask this libvirt, one of this host
    #[arg(long, value_name = "URI", default_value = "qemu:///system")]
    pub(super) connect: String,
}

/// What is to be done about one share of a guest that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mend {
    Nothing,
    Hold,
    LetGo,
}

/// What a guest does not clearly need it may still use: then it goes on holding it, until its end at most.
const fn mend(need: Need, holds: bool, may_drop: bool) -> Mend {
    match (need, holds) {
        (Need::Yes, false) => Mend::Hold,
        (Need::No, true) if may_drop => Mend::LetGo,
        (Need::Yes, true) | (Need::No | Need::Unclear, _) => Mend::Nothing,
    }
}

/// Whose leases they are, and where they are kept.
#[derive(Debug)]
pub(super) struct Hold<'a> {
    pub(super) guest: &'a Guest,
    pub(super) lease: Lease,
    pub(super) settings: &'a Settings,
    pub(super) state: StateDir,
    _turn: Turn,
}

/// What the leases of a guest have come to.
#[derive(Debug)]
pub(super) enum Settled {
    /// It runs, and holds what it needs; of these shares it has let go.
    Runs(Vec<(Share, Released)>),
    /// It has ended, and holds nothing that was written here.
    Ended,
}

impl<'a> Hold<'a> {
    pub(super) fn of(guest: &'a Guest, seen: &Seen, settings: &'a Settings) -> Result<Self> {
        let lease = Lease {
            holder: Holder::Domain(seen.uuid),
            domain_name: Some(seen.name().to_owned()),
            since: clock::now(),
            // Its end drops the lease. Of a guest that runs it needs no daemon to tell whether that will come.
            daemon: None,
        };
        let state = StateDir::create(&settings.state_dir)?;
        let turn = match state.turn(&seen.uuid, Deadline::after(TURN)) {
            Err(StateError::Busy { waited, .. }) => bail!(
                "another attach or detach of {} goes on after {waited:?}; try again when it has ended",
                seen.shown()
            ),
            turn => turn?,
        };
        Ok(Self { guest, lease, settings, state, _turn: turn })
    }

    /// Looks at the guest, has it hold what it needs of these shares and let go of what it `may_drop` and does not need, until
    /// a look finds nothing to do.
    pub(super) fn settle(&self, shares: &[Share], may_drop: &[Share]) -> Result<Settled> {
        let mut dropped: Vec<(Share, Released)> = Vec::new();
        for _ in 0..ROUNDS {
            let Some(seen) = look(self.guest)?.filter(|seen| seen.runs) else {
                for share in shares {
                    self.patiently(|deadline| {
                        let (settings, state) = (self.settings, &self.state);
                        hold::give_back(&share.key, &self.lease, settings, state, deadline)
                    })?;
                }
                return Ok(Settled::Ended);
            };
            let mut mended = false;
            for share in shares {
                let to_do = mend(
                    seen.needs(&share.key, self.settings),
                    self.holds(share)?,
                    may_drop.iter().any(|other| other.key == share.key),
                );
                match to_do {
                    Mend::Nothing => continue,
                    Mend::Hold => {
                        let deadline = Deadline::after(self.settings.deadlines.hook);
                        hold::acquire(share, &self.lease, self.settings, &self.state, deadline)
                            .map_err(|failure| anyhow!("{failure}"))?;
                        dropped.retain(|(other, _)| other.key != share.key);
                    }
                    Mend::LetGo => {
                        let released = self.patiently(|deadline| {
                            let (settings, state) = (self.settings, &self.state);
                            let holder = &self.lease.holder;
                            hold::release(&share.key, holder, Keep::No, settings, state, deadline)
                        })?;
                        dropped.push((share.clone(), released));
                    }
                }
                mended = true;
            }
            if !mended {
                return Ok(Settled::Runs(dropped));
            }
        }
        bail!("the disks of {} are changed faster than they can be looked at", self.lease)
    }

    fn holds(&self, share: &Share) -> Result<bool> {
        let record = self.state.peek(&share.key)?;
        Ok(record.is_some_and(|record| record.lease_of(&self.lease.holder).is_some()))
    }

    /// Does it as soon as nobody else has the share's lock: nobody's end waits here, as it does in the hook.
    fn patiently(&self, work: impl Fn(Deadline) -> Result<Released, Cause>) -> Result<Released> {
        let patience = Deadline::after(self.settings.deadlines.hook);
        loop {
            match work(Deadline::after(self.settings.deadlines.unmount)) {
                Err(cause) if cause.is_busy_lock() && !patience.is_over() => {
                    std::thread::sleep(BUSY.min(patience.left()));
                }
                // What was dropped before it failed stays dropped; the mount is taken down with the share's next guest.
                done => return Ok(done?),
            }
        }
    }
}

/// The guest as libvirt has it at this moment; `None` if it is gone.
pub(super) fn look(guest: &Guest) -> Result<Option<Seen>> {
    guest.xml().context("cannot read its XML")?.map(Seen::read).transpose()
}

/// The guest as it is defined, if it is.
pub(super) fn definition(guest: &Guest) -> Result<Option<Seen>> {
    guest.definition().context("cannot read its definition")?.map(Seen::read).transpose()
}

/// What is to be told of a change that libvirt did not answer.
pub(super) fn unknown(error: &NoAnswer, what: &str, seen: &Seen) -> anyhow::Error {
    let name = seen.shown();
    anyhow!(
        "{error}: it is not known whether {what}; see 'virsh domblklist {name}'. Whatever {name} holds stays held, at most until it ends"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_holds_what_it_needs_and_lets_go_of_what_it_clearly_does_not() {
        let rows = [
            ((Need::Yes, false, false), Mend::Hold),
            ((Need::Yes, false, true), Mend::Hold),
            ((Need::Yes, true, true), Mend::Nothing),
            ((Need::No, true, true), Mend::LetGo),
            ((Need::No, true, false), Mend::Nothing),
            ((Need::No, false, true), Mend::Nothing),
            ((Need::Unclear, true, true), Mend::Nothing),
            ((Need::Unclear, false, true), Mend::Nothing),
        ];
        for ((need, holds, may_drop), expected) in rows {
            assert_eq!(mend(need, holds, may_drop), expected, "{need:?} {holds} {may_drop}");
        }
    }

    /// Or else there would be no end to the looking.
    #[test]
    fn what_was_mended_needs_no_mending() {
        for need in [Need::Yes, Need::No, Need::Unclear] {
            for (holds, may_drop) in [(false, false), (false, true), (true, false), (true, true)] {
                let then = match mend(need, holds, may_drop) {
                    Mend::Nothing => holds,
                    Mend::Hold => true,
                    Mend::LetGo => false,
                };
                assert_eq!(
                    mend(need, then, may_drop),
                    Mend::Nothing,
                    "{need:?} {holds} {may_drop}"
                );
            }
        }
    }
}
