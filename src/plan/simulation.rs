//! Random lives of one share, with crashes between any two effects, against the real plans.
//!
//! The model is as small as the truth allows: which mounts are stacked at the mount point and who made them, which guests run
//! under which daemon, and the record. Shares never touch each other's state, so one is enough.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;

use super::{Keep, Observed, Plan, Standing, Step};
use crate::domain::DomainUuid;
use crate::health::{Foreign, Health};
use crate::lease::{Daemon, Holder, Lease, MountRecord, ShareRecord};
use crate::mounts::{DeviceNumber, MountId};
use crate::share::Share;

const GUESTS: u8 = 3;
const LINGER: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, Copy)]
enum Event {
    /// libvirt starts a guest; the hook dies after so many effects, if it has as many.
    Start { guest: u8, dies_after: Option<u8> },
    /// A guest ends; likewise.
    Stop { guest: u8, dies_after: Option<u8> },
    /// The daemon is killed in the middle of a start: no release will ever come.
    DaemonDiesAtStart { guest: u8, dies_after: u8 },
    /// The daemon restarts and finds its guests again.
    DaemonRestarts,
    /// The client dies.
    ClientDies,
    /// Somebody looks at the share without wanting it: the end of a linger, or the administrator.
    Reconcile,
    /// The administrator mends the host, and libvirt tells which guests run.
    Recover,
    /// A client that outlived its hook gets its mount done at last.
    LateMount,
    /// Somebody else mounts something on top.
    ForeignMount,
    /// Whoever did takes it away again.
    ForeignUnmount,
}

fn event() -> impl Strategy<Value = Event> {
    let guest = || 0..GUESTS;
    let dies = || prop_oneof![2 => Just(None), 1 => (0_u8..8).prop_map(Some)];
    prop_oneof![
        4 => (guest(), dies()).prop_map(|(guest, dies_after)| Event::Start { guest, dies_after }),
        4 => (guest(), dies()).prop_map(|(guest, dies_after)| Event::Stop { guest, dies_after }),
        1 => (guest(), 0_u8..8).prop_map(|(guest, dies_after)| Event::DaemonDiesAtStart { guest, dies_after }),
        1 => Just(Event::DaemonRestarts),
        1 => Just(Event::ClientDies),
        2 => Just(Event::LateMount),
        2 => Just(Event::Reconcile),
        1 => Just(Event::Recover),
        1 => Just(Event::ForeignMount),
        1 => Just(Event::ForeignUnmount),
    ]
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mount {
    id: MountId,
    ours: bool,
    dead: bool,
}

struct World {
    share: Share,
    record: ShareRecord,
    stack: Vec<Mount>,
    running: BTreeSet<u8>,
    daemon: u32,
    last_id: u32,
    /// A client was started whose mount is not there yet, and nobody waits for it any more.
    late: bool,
}

/// Whether the hook got to the end of its plan.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Reached,
    Died,
    StepFailed,
}

impl World {
    fn new() -> Self {
        let export = "a/gold".parse().expect("a good export");
        let base = "/mnt".parse().expect("a good path");
        let share = Share::of_policy_export(export, &base);
        let record = ShareRecord::new(&share, "boot");
        Self {
            share,
            record,
            stack: Vec::new(),
            running: BTreeSet::new(),
            daemon: 1,
            last_id: 0,
            late: false,
        }
    }

    fn uuid(guest: u8) -> DomainUuid {
        format!("00000000-0000-0000-0000-0000000000{guest:02x}").parse().expect("a UUID")
    }

    fn lease(&self, guest: u8) -> Lease {
        let daemon = Some(Daemon { pid: self.daemon, start_time: 0 });
        Lease { holder: Holder::Domain(Self::uuid(guest)), domain_name: None, since: 0, daemon }
    }

    fn health(&self) -> Health {
        match self.stack.last() {
            None => Health::Absent,
            Some(mount) if !mount.ours => Health::Foreign(Foreign::NotForOthers),
            Some(mount) if mount.dead => Health::Dead,
            Some(_) => Health::Healthy,
        }
    }

    fn observed(&self) -> Observed<'_> {
        let standing = |lease: &Lease| {
            let lives = lease.daemon.is_some_and(|daemon| daemon.pid == self.daemon);
            let runs = self.running.iter().any(|&g| lease.holder == Holder::Domain(Self::uuid(g)));
            match (lives, runs) {
                (true, _) => Standing::Good,
                (false, true) => Standing::Orphaned,
                (false, false) => Standing::Void,
            }
        };
        Observed {
            share: &self.share,
            record: &self.record,
            stack: self.stack.iter().map(|mount| mount.id).collect(),
            health: self.health(),
            standing: self.record.leases.iter().map(standing).collect(),
            remote_parent: None,
        }
    }

    /// Does what `apply` does, effect by effect; `Mount` has four.
    fn apply(&mut self, plan: &Plan, dies_after: Option<u8>) -> Result<End, TestCaseError> {
        let mut left = dies_after.map_or(u32::MAX, u32::from);
        let mut effect = || left.checked_sub(1).map(|rest| left = rest).is_some();
        for step in &plan.steps {
            if !effect() {
                return Ok(End::Died);
            }
            match step {
                Step::WriteLease(lease) => self.record.put_lease(lease.clone()),
                Step::DropLease(holder) => self.record.drop_lease(holder),
                Step::GuardMountPoint => {
                    prop_assert!(self.stack.is_empty(), "guarded a mount point with a mount on it");
                }
                Step::Mount => {
                    prop_assert!(self.stack.is_empty(), "mounted over a mount");
                    self.record.mount =
                        Some(MountRecord::Attempted { unit: None, since: 0, begun: None });
                    if !effect() {
                        return Ok(End::Died);
                    }
                    if !effect() {
                        self.late = true;
                        return Ok(End::Died);
                    }
                    let id = self.push_mount(true);
                    if !effect() {
                        return Ok(End::Died);
                    }
                    self.record.mount = Some(MountRecord::Made { id, unit: None, since: 0 });
                }
                Step::AdoptMount(id) => {
                    self.record.mount = Some(MountRecord::Made { id: *id, unit: None, since: 0 });
                }
                Step::Unmount(id) => {
                    let at = self.stack.iter().position(|mount| mount.id == *id);
                    let mount = at.map(|at| self.stack[at]);
                    prop_assert!(
                        mount.is_some_and(|mount| mount.ours),
                        "unmounted what is not ours"
                    );
                    prop_assert_eq!(at.map(|at| at + 1), Some(self.stack.len()), "not the topmost");
                    // The kernel's own guard: files that a guest has open keep the mount busy.
                    if mount.is_some_and(|mount| mount.dead) && !self.running.is_empty() {
                        return Ok(End::StepFailed);
                    }
                    prop_assert!(self.running.is_empty(), "unmounted under a running guest");
                    self.stack.pop();
                }
                Step::ForgetMount => self.record.mount = None,
                Step::Linger { since, .. } => self.record.idle_since = Some(*since),
                Step::ForgetRecord => prop_assert!(false, "forgot a record of this boot"),
                Step::Abort(_) | Step::Detach(_) => prop_assert!(false, "used force"),
            }
        }
        Ok(End::Reached)
    }

    fn push_mount(&mut self, ours: bool) -> MountId {
        self.last_id += 1;
        let device = DeviceNumber { major: 0, minor: self.last_id };
        let id = MountId { unique: None, id: self.last_id, device };
        self.stack.push(Mount { id, ours, dead: false });
        id
    }

    fn start(&mut self, guest: u8, dies_after: Option<u8>) -> Result<(), TestCaseError> {
        if self.running.contains(&guest) {
            return Ok(());
        }
        let end = self.acquire(guest, dies_after)?;
        if end == Some(End::Reached) {
            prop_assert_eq!(self.health(), Health::Healthy);
            self.running.insert(guest);
        } else if end.is_some() {
            // What `hold::acquire` undoes, or what libvirt does when the hook died: it calls stopped and release.
            self.release(guest, None)?;
        }
        Ok(())
    }

    /// What `hold` does before it plans.
    fn settle(&mut self) {
        if super::attempt_is_open(&self.observed()) {
            self.late = false;
        }
    }

    fn acquire(&mut self, guest: u8, dies_after: Option<u8>) -> Result<Option<End>, TestCaseError> {
        self.settle();
        if let Ok(plan) = super::acquire(&self.observed(), self.lease(guest)) {
            return self.apply(&plan, dies_after).map(Some);
        }
        prop_assert!(self.health() != Health::Healthy && self.health() != Health::Absent);
        Ok(None)
    }

    fn release(&mut self, guest: u8, dies_after: Option<u8>) -> Result<(), TestCaseError> {
        self.settle();
        // Every other guest's share may linger: `reconcile` is then what takes it down.
        let keep = match guest % 2 {
            0 => Keep::No,
            _ => Keep::For { now: 0, length: LINGER },
        };
        let plan = super::release(&self.observed(), &Holder::Domain(Self::uuid(guest)), keep);
        self.apply(&plan, dies_after).map(drop)
    }

    fn reconcile(&mut self) -> Result<(), TestCaseError> {
        self.settle();
        let plan = super::reconcile(&self.observed(), &[], LINGER.as_secs(), LINGER);
        self.apply(&plan, None).map(drop)
    }

    fn recover(&mut self) -> Result<(), TestCaseError> {
        self.settle();
        let missing: Vec<Lease> = self.running.iter().map(|&guest| self.lease(guest)).collect();
        let plan = {
            let mut seen = self.observed();
            // libvirt answers for a guest when its hooks have ended, so a lease of one that does not run is nobody's.
            for (lease, standing) in seen.record.leases.iter().zip(&mut seen.standing) {
                if !missing.iter().any(|running| running.holder == lease.holder) {
                    *standing = Standing::Void;
                }
            }
            super::reconcile(&seen, &missing, LINGER.as_secs(), LINGER)
        };
        if self.apply(&plan, None)? == End::Reached {
            let held: BTreeSet<_> = self.record.leases.iter().map(|it| it.holder.clone()).collect();
            let runs = missing.into_iter().map(|lease| lease.holder).collect();
            prop_assert_eq!(held, runs, "leases and guests differ after a recovery");
        }
        Ok(())
    }

    fn happen(&mut self, event: Event) -> Result<(), TestCaseError> {
        match event {
            Event::Start { guest, dies_after } => self.start(guest, dies_after)?,
            Event::Stop { guest, dies_after } => {
                if self.running.remove(&guest) {
                    self.release(guest, dies_after)?;
                }
            }
            Event::DaemonDiesAtStart { guest, dies_after } => {
                if !self.running.contains(&guest) {
                    self.acquire(guest, Some(dies_after))?;
                    self.daemon_restarts()?;
                }
            }
            Event::DaemonRestarts => self.daemon_restarts()?,
            Event::ClientDies => {
                if let Some(top) = self.stack.last_mut().filter(|top| top.ours) {
                    top.dead = true;
                }
            }
            Event::Reconcile => self.reconcile()?,
            Event::Recover => self.recover()?,
            Event::LateMount => {
                if std::mem::take(&mut self.late) {
                    self.push_mount(true);
                }
            }
            Event::ForeignMount if self.stack.len() < 3 => drop(self.push_mount(false)),
            Event::ForeignMount => {}
            Event::ForeignUnmount => {
                if self.stack.last().is_some_and(|top| !top.ours) {
                    self.stack.pop();
                }
            }
        }
        for &guest in &self.running {
            let holder = Holder::Domain(Self::uuid(guest));
            prop_assert!(
                self.record.lease_of(&holder).is_some(),
                "guest {} runs without a lease",
                guest
            );
        }
        Ok(())
    }

    fn daemon_restarts(&mut self) -> Result<(), TestCaseError> {
        self.daemon += 1;
        for guest in self.running.clone() {
            let plan = super::reconnect(&self.observed(), self.lease(guest));
            self.apply(&plan, None)?;
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_no_guest_loses_its_mount_and_in_the_end_nothing_is_left(
        events in prop::collection::vec(event(), 1..25)
    ) {
        let mut world = World::new();
        for event in events {
            world.happen(event)?;
        }
        // Peace at last: what is not ours goes, every guest ends, the daemon is another one, and one guest starts and ends.
        world.stack.retain(|mount| mount.ours);
        for guest in 0..GUESTS {
            world.happen(Event::Stop { guest, dies_after: None })?;
        }
        world.happen(Event::DaemonRestarts)?;
        world.happen(Event::LateMount)?;
        world.happen(Event::Start { guest: 0, dies_after: None })?;
        prop_assert!(world.running.contains(&0), "guest 0 cannot start: {}", world.health());
        world.happen(Event::Stop { guest: 0, dies_after: None })?;
        prop_assert!(world.record.is_blank(), "{:?}", world.record);
        prop_assert_eq!(world.stack, vec![]);
        prop_assert!(!world.late, "a client is left that will mount");
    }
}
