//! Walks a plan, one step at a time, under the share's lock.
//!
//! Each step leaves the record and the mounts in a state that the next plan understands, so a process that dies between two
//! steps, or within one, costs nothing but its own work.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::config::{Isolation, Settings};
use crate::health::Health;
use crate::host::client::{self, ClientError, Place};
use crate::host::connection::{self, ConnectionError};
use crate::host::deadline::Deadline;
use crate::host::later::{self, LaterError, Means};
use crate::host::mount_point::{self, GuardError};
use crate::host::processes::users::{self, Users};
use crate::host::processes::{Ending, LookError, Processes};
use crate::host::unmount::{self, How, UnmountError, Unmounted};
use crate::host::{clock, systemd};
use crate::lease::{Holder, LockedShare, MountRecord, ShareRecord, StateError};
use crate::mounts::MountId;
use crate::observe::{self, AskClient, ObserveError};
use crate::plan::{Plan, Step};
use crate::share::{MountPoint, Share};

/// How long a mount is waited for after its client has returned. It should be there by then; clients are said not to hold to
/// that always.
pub const AFTER_RETURN: Duration = Duration::from_secs(1);

/// How often to look for the mount meanwhile.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// How long a mount in use is tried again. `df`, a search of all files, or a probe whose hook was killed use it for a moment;
/// after a longer use there is nobody who would unmount it before its next guest ends.
const PASSERS_BY: Duration = Duration::from_millis(500);

/// How long it is found out who uses a mount that is in use. It helps a person, and changes nothing.
const USERS: Duration = Duration::from_secs(2);

/// How long the processes of a failed client are looked for and waited for. On a busy host with many processes that takes a while,
/// and what is not found out refuses the start.
const ATTEMPT_END: Duration = Duration::from_secs(5);

/// How long the processes of an unmounted client are waited for.
const CLIENT_END: Duration = Duration::from_secs(2);

/// Where a plan is applied.
#[derive(Debug)]
pub struct Ground<'a> {
    /// The share.
    pub share: &'a Share,
    /// Its lock.
    pub lock: &'a LockedShare<'a>,
    /// What the administrator set.
    pub settings: &'a Settings,
    /// When all of it must have ended.
    pub deadline: Deadline,
}

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It changed something.
    Changed,
    /// Everything was so already.
    Unchanged,
}

/// A step that failed. The steps before it are done, those after it are not.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The state cannot be written.
    #[error(transparent)]
    State(#[from] StateError),
    /// The mount point must not be mounted on.
    #[error(transparent)]
    Guard(#[from] GuardError),
    /// The client did not do its work.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The client said that all is well, and nothing is mounted.
    #[error(
        "the client returned without an error, but nothing is mounted on {mount_point}; see the client's log"
    )]
    NothingMounted {
        /// Where.
        mount_point: MountPoint,
    },
    /// The client mounted something that cannot be used.
    #[error("the client has mounted {mount_point}, but it {health}")]
    NotUsable {
        /// Where.
        mount_point: MountPoint,
        /// What it is instead.
        health: Health,
    },
    /// What was mounted could not be looked at.
    #[error(transparent)]
    Observe(#[from] ObserveError),
    /// A client that did not do its work cannot be ended.
    #[error("a client for {mount_point} that was given up still runs and cannot be killed")]
    ClientLives {
        /// Where.
        mount_point: MountPoint,
    },
    /// Whether a client that did not do its work still runs was not found out in time.
    #[error(
        "whether a client for {mount_point} that was given up still runs could not be found out in {:.1} s", waited.as_secs_f64()
    )]
    ClientUnknown {
        /// Where.
        mount_point: MountPoint,
        /// How long it was waited for.
        waited: Duration,
    },
    /// Whether a client that did not do its work still runs cannot be found out.
    #[error(
        "whether a client for {mount_point} that was given up still runs cannot be found out: not to be looked at were {unseen}"
    )]
    ClientUnseen {
        /// Where.
        mount_point: MountPoint,
        /// The processes that may be it.
        unseen: Processes,
    },
    /// The processes of this host cannot be looked at.
    #[error("cannot look for the client's processes: {0}")]
    Processes(#[from] LookError),
    /// The time for all of it is over.
    #[error("the time that there was for all of it is over")]
    OutOfTime,
    /// The mount is in use.
    #[error("{mount_point} is still in use by {users}")]
    Busy {
        /// Where.
        mount_point: MountPoint,
        /// By whom.
        users: Users,
    },
    /// The mount is not the one that was meant.
    #[error("what is mounted on {mount_point} is not the mount that we made, so it stays")]
    AnotherMount {
        /// Where.
        mount_point: MountPoint,
    },
    /// The kernel did not finish the unmount.
    #[error("unmounting {mount_point} did not end in time")]
    UnmountTime {
        /// Where.
        mount_point: MountPoint,
    },
    /// Nobody will look at the share again.
    #[error("cannot arrange for a later look at the share: {0}")]
    Later(#[from] LaterError),
    /// The unmount failed.
    #[error(transparent)]
    Unmount(#[from] UnmountError),
    /// The connection to the client cannot be given up.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
}

/// The step at which a plan ended.
#[derive(Debug, thiserror::Error)]
#[error("cannot {step}: {source}")]
pub struct Stopped {
    /// The step.
    pub step: Step,
    /// Why.
    pub source: StepError,
}

/// Applies a plan to the ground it was made for, and keeps the record in step with it.
pub fn apply(
    plan: &Plan,
    ground: &Ground<'_>,
    record: &mut ShareRecord,
) -> Result<(), Box<Stopped>> {
    for step in &plan.steps {
        let begun = Instant::now();
        let result = ground.take(step, record);
        let elapsed_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let share = ground.share.name.as_str();
        match result {
            Ok(Outcome::Changed) => {
                tracing::info!(
                    share,
                    step = step.word(),
                    elapsed_ms,
                    "share {share}: {step}: done"
                );
            }
            Ok(Outcome::Unchanged) => {
                tracing::debug!(
                    share,
                    step = step.word(),
                    elapsed_ms,
                    "share {share}: {step}: was so already"
                );
            }
            Err(error) => {
                tracing::warn!(
                    share,
                    step = step.word(),
                    elapsed_ms,
                    "share {share}: {step}: {error}"
                );
                return Err(Box::new(Stopped { step: step.clone(), source: error }));
            }
        }
    }
    Ok(())
}

/// Whether what we leave running is put out of the caller's control group.
pub fn is_isolated(settings: &Settings) -> bool {
    match settings.client.isolation {
        Isolation::Systemd => true,
        Isolation::None => false,
        Isolation::Auto => systemd::is_running(),
    }
}

impl Ground<'_> {
    fn take(&self, step: &Step, record: &mut ShareRecord) -> Result<Outcome, StepError> {
        match step {
            Step::WriteLease(lease) => {
                let mut lease = lease.clone();
                let change = self.lock.change()?;
                // Even if the lease stays as it is: of the domain's last run there may be word that it holds the share no more.
                if let Holder::Domain(uuid) = &lease.holder {
                    self.lock.note_domain(uuid)?;
                }
                if let Some(had) = record.lease_of(&lease.holder) {
                    // Held all along: only the daemon that will ask to drop it is another one.
                    lease.since = had.since;
                    if *had == lease {
                        change.done()?;
                        return Ok(Outcome::Unchanged);
                    }
                }
                record.put_lease(lease);
                self.lock.write(record)?;
                change.done()?;
                Ok(Outcome::Changed)
            }
            Step::DropLease(holder) => {
                let had = record.lease_of(holder).is_some();
                let change = self.lock.change()?;
                record.drop_lease(holder);
                self.lock.write(record)?;
                if let Holder::Domain(uuid) = holder {
                    self.lock.forget_domain(uuid)?;
                }
                change.done()?;
                Ok(if had { Outcome::Changed } else { Outcome::Unchanged })
            }
            Step::GuardMountPoint => {
                mount_point::guard(&self.share.mount_point)?;
                Ok(Outcome::Unchanged)
            }
            Step::Mount => self.mount(record),
            Step::AdoptMount(id) => {
                let unit = record.mount.as_ref().and_then(|mount| mount.unit().map(str::to_owned));
                self.note(record, Some(MountRecord::Made { id: *id, unit, since: clock::now() }))
            }
            Step::Unmount(id) => self.unmount(*id, How::Plain, record),
            Step::ForgetMount => {
                record.idle_since = None;
                self.note(record, None)
            }
            Step::ForgetRecord => {
                self.lock.forget()?;
                Ok(Outcome::Changed)
            }
            Step::Abort(id) => {
                connection::abort(id.device)?;
                Ok(Outcome::Changed)
            }
            Step::Detach(id) => self.unmount(*id, How::Detached, record),
            Step::Linger { since, length } => {
                record.idle_since = Some(*since);
                self.lock.write(record)?;
                self.look_again_after(*length)?;
                Ok(Outcome::Changed)
            }
        }
    }

    fn look_again_after(&self, length: Duration) -> Result<(), StepError> {
        let name = format!("virt-quobyte-linger-{}-{}", self.share.name, clock::unique());
        let means = if is_isolated(self.settings) { Means::Timer { name } } else { Means::Child };
        // The record counts in whole seconds: one more, and whoever looks then sees that the time is over.
        let delay = length + Duration::from_secs(1);
        Ok(later::call(self.lock.key().as_str(), delay, &means, self.deadline)?)
    }

    fn note(
        &self,
        record: &mut ShareRecord,
        mount: Option<MountRecord>,
    ) -> Result<Outcome, StepError> {
        if record.mount == mount {
            return Ok(Outcome::Unchanged);
        }
        record.mount = mount;
        self.lock.write(record)?;
        Ok(Outcome::Changed)
    }

    fn mount(&self, record: &mut ShareRecord) -> Result<Outcome, StepError> {
        let place = self.place();
        let unit = match &place {
            Place::Scope(unit) => Some(unit.clone()),
            Place::Here => None,
        };
        let (since, begun) = (clock::now(), Some(clock::ticks()));
        self.note(record, Some(MountRecord::Attempted { unit: unit.clone(), since, begun }))?;
        let deadline = self.deadline.at_most(self.settings.deadlines.mount);
        let made = self.start_client(&place, deadline).and_then(|()| self.await_mount(deadline));
        match made {
            Ok(id) => self.note(record, Some(MountRecord::Made { id, unit, since })),
            Err(error) => {
                // The deadline may be what failed, so this has its own.
                self.end_attempt(record, Deadline::after(ATTEMPT_END))?;
                Err(error)
            }
        }
    }

    /// A name that no earlier client's scope can still have: its processes may outlive their mount a little.
    fn place(&self) -> Place {
        if is_isolated(self.settings) {
            Place::Scope(format!("virt-quobyte-{}-{}.scope", self.share.name, clock::unique()))
        } else {
            Place::Here
        }
    }

    fn start_client(&self, place: &Place, deadline: Deadline) -> Result<(), StepError> {
        let program = self.settings.client.program.as_ref().map(MountPoint::as_path);
        let config = self.settings.client.config.as_ref().map(MountPoint::as_path);
        Ok(client::mount(self.share, program, config.map(Path::new), place, deadline)?)
    }

    /// Waits until the mount is there and answers. The client's word is not taken for it.
    fn await_mount(&self, deadline: Deadline) -> Result<MountId, StepError> {
        let there_by = deadline.at_most(AFTER_RETURN);
        let mount_point = || self.share.mount_point.clone();
        loop {
            if !deadline.has_time_for_a_look() {
                return Err(StepError::OutOfTime);
            }
            let probe_by = deadline.at_most(self.settings.deadlines.probe);
            let seen = observe::mounted(self.share, AskClient::Until(probe_by))?;
            match (seen.health, seen.stack.last()) {
                (Health::Healthy, Some(top)) => return Ok(*top),
                (Health::Absent, _) if there_by.is_over() => {
                    return Err(StepError::NothingMounted { mount_point: mount_point() });
                }
                (Health::Absent, _) => std::thread::sleep(LOOK_AGAIN),
                (health, _) => {
                    return Err(StepError::NotUsable { mount_point: mount_point(), health });
                }
            }
        }
    }

    /// Ends what an attempt to mount has left running: it must not mount anything after we have given up on it.
    pub fn end_attempt(&self, record: &ShareRecord, deadline: Deadline) -> Result<(), StepError> {
        let unit = record.mount.as_ref().and_then(MountRecord::unit);
        let begun = record.mount.as_ref().and_then(MountRecord::begun).unwrap_or_default();
        let mount_point = || self.share.mount_point.clone();
        match client::end(self.share, unit, begun, deadline.at_most(ATTEMPT_END))? {
            Ending::Done => Ok(()),
            Ending::Live => Err(StepError::ClientLives { mount_point: mount_point() }),
            Ending::Unknown { waited } => {
                Err(StepError::ClientUnknown { mount_point: mount_point(), waited })
            }
            Ending::Unseen(unseen) => {
                Err(StepError::ClientUnseen { mount_point: mount_point(), unseen })
            }
        }
    }

    fn unmount(
        &self,
        id: MountId,
        how: How,
        record: &mut ShareRecord,
    ) -> Result<Outcome, StepError> {
        let deadline = self.deadline.at_most(self.settings.deadlines.unmount);
        let mount_point = || self.share.mount_point.clone();
        let busy_until = deadline.at_most(PASSERS_BY);
        let unmounted = loop {
            let lock = self.lock.for_child()?;
            match unmount::unmount(&self.share.mount_point, id, how, lock, deadline)? {
                Unmounted::Busy if !busy_until.is_over() => std::thread::sleep(LOOK_AGAIN),
                other => break other,
            }
        };
        match unmounted {
            Unmounted::Done => {}
            Unmounted::Busy => {
                let users = users::of(id.device, deadline.at_most(USERS));
                return Err(StepError::Busy { mount_point: mount_point(), users });
            }
            Unmounted::Another => {
                // The kernel gave our mount's number to another one: ours is gone.
                self.note(record, None)?;
                return Err(StepError::AnotherMount { mount_point: mount_point() });
            }
            Unmounted::NoAnswer => {
                return Err(StepError::UnmountTime { mount_point: mount_point() });
            }
        }
        // The client writes out what it holds when its mount goes, and a new one for the same volume may not work before it
        // has ended. Waited for, not depended on; and not at all where it is dead, or goes on for those who use it.
        if how == How::Plain
            && let Some(unit) = record.mount.as_ref().and_then(MountRecord::unit)
            && !systemd::wait_until_gone(unit, deadline.at_most(CLIENT_END))
        {
            tracing::warn!(share = self.share.name.as_str(), "{unit} still runs after its unmount");
        }
        Ok(Outcome::Changed)
    }
}
