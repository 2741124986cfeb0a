//! Random lives of a host with two shares and three guests, with crashes between any two effects, against the real plans.
//!
//! The model is as small as the truth allows: which mounts are stacked at a mount point and who made them, which guests run under
//! which daemon, and the records. One guest needs both shares: it has both or none, wherever its start is cut off.

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

/// The shares of each guest, by their numbers.
const NEEDS: [&[usize]; GUESTS as usize] = [&[0, 1], &[0], &[1]];
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
    /// What happens to one share.
    To(usize, Fate),
}

/// What can happen to a share.
#[derive(Debug, Clone, Copy)]
enum Fate {
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
    let dies = || prop_oneof![2 => Just(None), 1 => (0_u8..16).prop_map(Some)];
    let fate = prop_oneof![
        1 => Just(Fate::ClientDies),
        2 => Just(Fate::LateMount),
        2 => Just(Fate::Reconcile),
        1 => Just(Fate::Recover),
        1 => Just(Fate::ForeignMount),
        1 => Just(Fate::ForeignUnmount),
    ];
    prop_oneof![
        4 => (guest(), dies()).prop_map(|(guest, dies_after)| Event::Start { guest, dies_after }),
        4 => (guest(), dies()).prop_map(|(guest, dies_after)| Event::Stop { guest, dies_after }),
        1 => (guest(), 0_u8..16).prop_map(|(guest, dies_after)| Event::DaemonDiesAtStart { guest, dies_after }),
        1 => Just(Event::DaemonRestarts),
        8 => (0_usize..2, fate).prop_map(|(share, fate)| Event::To(share, fate)),
    ]
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mount {
    id: MountId,
    ours: bool,
    dead: bool,
}

/// A share, as it and its guests are.
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
    Refused,
}

/// So many effects as nobody has: the hook is not killed.
const fn unhurt() -> u32 {
    u32::MAX
}

impl World {
    fn new(export: &str) -> Self {
        let export = export.parse().expect("a good export");
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
    fn apply(&mut self, plan: &Plan, left: &mut u32) -> Result<End, TestCaseError> {
        let mut effect = || left.checked_sub(1).map(|rest| *left = rest).is_some();
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

    /// What `hold` does before it plans.
    fn settle(&mut self) {
        if super::attempt_is_open(&self.observed()) {
            self.late = false;
        }
    }

    fn acquire(&mut self, guest: u8, left: &mut u32) -> Result<End, TestCaseError> {
        self.settle();
        if let Ok(plan) = super::acquire(&self.observed(), self.lease(guest)) {
            return self.apply(&plan, left);
        }
        prop_assert!(self.health() != Health::Healthy && self.health() != Health::Absent);
        Ok(End::Refused)
    }

    fn release(&mut self, guest: u8, left: &mut u32) -> Result<End, TestCaseError> {
        self.settle();
        // Every other guest's share may linger: `reconcile` is then what takes it down.
        let keep = match guest % 2 {
            0 => Keep::No,
            _ => Keep::For { now: 0, length: LINGER },
        };
        let plan = super::release(&self.observed(), &Holder::Domain(Self::uuid(guest)), keep);
        self.apply(&plan, left)
    }

    fn reconcile(&mut self) -> Result<(), TestCaseError> {
        self.settle();
        let plan = super::reconcile(&self.observed(), &[], LINGER.as_secs(), LINGER);
        self.apply(&plan, &mut unhurt()).map(drop)
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
        if self.apply(&plan, &mut unhurt())? == End::Reached {
            let held: BTreeSet<_> = self.record.leases.iter().map(|it| it.holder.clone()).collect();
            let runs = missing.into_iter().map(|lease| lease.holder).collect();
            prop_assert_eq!(held, runs, "leases and guests differ after a recovery");
        }
        Ok(())
    }

    fn befall(&mut self, fate: Fate) -> Result<(), TestCaseError> {
        match fate {
            Fate::ClientDies => {
                if let Some(top) = self.stack.last_mut().filter(|top| top.ours) {
                    top.dead = true;
                }
            }
            Fate::Reconcile => self.reconcile()?,
            Fate::Recover => self.recover()?,
            Fate::LateMount => {
                if std::mem::take(&mut self.late) {
                    self.push_mount(true);
                }
            }
            Fate::ForeignMount if self.stack.len() < 3 => drop(self.push_mount(false)),
            Fate::ForeignMount => {}
            Fate::ForeignUnmount => {
                if self.stack.last().is_some_and(|top| !top.ours) {
                    self.stack.pop();
                }
            }
        }
        Ok(())
    }

    fn daemon_restarts(&mut self) -> Result<(), TestCaseError> {
        self.daemon += 1;
        for guest in self.running.clone() {
            let plan = super::reconnect(&self.observed(), self.lease(guest));
            self.apply(&plan, &mut unhurt())?;
        }
        Ok(())
    }
}

/// A host and its shares.
struct Host {
    shares: [World; 2],
}

impl Host {
    fn new() -> Self {
        Self { shares: ["a/gold", "a/silver"].map(World::new) }
    }

    fn of(&mut self, guest: u8) -> impl Iterator<Item = &mut World> {
        let needs = NEEDS[usize::from(guest)];
        let numbered = self.shares.iter_mut().enumerate();
        numbered.filter(|(number, _)| needs.contains(number)).map(|(_, share)| share)
    }

    fn runs(&mut self, guest: u8) -> bool {
        self.of(guest).any(|share| share.running.contains(&guest))
    }

    /// As the hook does it: all shares of a guest, up to the first that it does not get.
    fn acquire(&mut self, guest: u8, mut left: u32) -> Result<End, TestCaseError> {
        for share in self.of(guest) {
            let end = share.acquire(guest, &mut left)?;
            if end != End::Reached {
                return Ok(end);
            }
        }
        Ok(End::Reached)
    }

    /// All shares of a guest, up to the one at which the hook is killed.
    fn release(&mut self, guest: u8, mut left: u32) -> Result<(), TestCaseError> {
        for share in self.of(guest) {
            if share.release(guest, &mut left)? == End::Died {
                break;
            }
        }
        Ok(())
    }

    fn start(&mut self, guest: u8, left: u32) -> Result<(), TestCaseError> {
        if self.runs(guest) {
            return Ok(());
        }
        if self.acquire(guest, left)? == End::Reached {
            for share in self.of(guest) {
                prop_assert_eq!(share.health(), Health::Healthy);
                share.running.insert(guest);
            }
            return Ok(());
        }
        // What the hook undoes, or what libvirt does when the hook has failed or died: it calls stopped and release.
        self.release(guest, unhurt())
    }

    fn daemon_restarts(&mut self) -> Result<(), TestCaseError> {
        self.shares.iter_mut().try_for_each(World::daemon_restarts)
    }

    fn happen(&mut self, event: Event) -> Result<(), TestCaseError> {
        let effects = |dies_after: Option<u8>| dies_after.map_or(unhurt(), u32::from);
        match event {
            Event::Start { guest, dies_after } => self.start(guest, effects(dies_after))?,
            Event::Stop { guest, dies_after } => {
                if self.runs(guest) {
                    for share in self.of(guest) {
                        share.running.remove(&guest);
                    }
                    self.release(guest, effects(dies_after))?;
                }
            }
            Event::DaemonDiesAtStart { guest, dies_after } => {
                if !self.runs(guest) {
                    self.acquire(guest, u32::from(dies_after))?;
                    self.daemon_restarts()?;
                }
            }
            Event::DaemonRestarts => self.daemon_restarts()?,
            Event::To(share, fate) => self.shares[share].befall(fate)?,
        }
        for share in &self.shares {
            for &guest in &share.running {
                let holder = Holder::Domain(World::uuid(guest));
                let lease = share.record.lease_of(&holder);
                prop_assert!(lease.is_some(), "guest {} runs without a lease", guest);
            }
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
        let mut host = Host::new();
        for event in events {
            host.happen(event)?;
        }
        // Peace at last: what is not ours goes, every guest ends, the daemon is another one, and a guest of both starts and ends.
        for share in &mut host.shares {
            share.stack.retain(|mount| mount.ours);
        }
        for guest in 0..GUESTS {
            host.happen(Event::Stop { guest, dies_after: None })?;
        }
        host.happen(Event::DaemonRestarts)?;
        for share in 0..host.shares.len() {
            host.happen(Event::To(share, Fate::LateMount))?;
        }
        host.happen(Event::Start { guest: 0, dies_after: None })?;
        prop_assert!(host.runs(0), "guest 0 cannot start");
        host.happen(Event::Stop { guest: 0, dies_after: None })?;
        for share in host.shares {
            prop_assert!(share.record.is_blank(), "{:?}", share.record);
            prop_assert_eq!(share.stack, vec![]);
            prop_assert!(!share.late, "a client is left that will mount");
        }
    }
}
