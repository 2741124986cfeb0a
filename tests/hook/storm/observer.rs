//! Watches the mount table, knows who was told "prepared", and nothing of how the product works.

use std::collections::BTreeSet;
use std::fs;
use std::os::fd::AsFd as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::qemu::Qemu;
use super::weather::{Since, Weather};
use crate::ground::Ground;

/// Look at least this often, whether or not the kernel says that the table has changed.
const LOOK: Duration = Duration::from_millis(5);

pub(super) struct Observer<'g> {
    ground: &'g Ground,
    weather: &'g Weather<'g>,
    shares: &'g [String],
    running: Mutex<Vec<Running>>,
    /// Each once: what is wrong stays wrong for many looks.
    violations: Mutex<BTreeSet<String>>,
}

/// A guest that was told "prepared" and has not ended.
struct Running {
    guest: String,
    holds: Vec<Hold>,
    qemu: Option<Qemu>,
}

/// A share that a running guest holds.
struct Hold {
    share: usize,
    /// Before the guest's start.
    since: Since,
    /// How often the share's client had been started when the guest was told.
    client_starts: usize,
}

impl<'g> Observer<'g> {
    pub(super) fn new(ground: &'g Ground, weather: &'g Weather<'g>, shares: &'g [String]) -> Self {
        let (running, violations) = (Mutex::default(), Mutex::default());
        Self { ground, weather, shares, running, violations }
    }

    fn running(&self) -> MutexGuard<'_, Vec<Running>> {
        self.running.lock().expect("nobody panics with the guests in hand")
    }

    pub(super) fn violation(&self, text: String) {
        self.violations.lock().expect("nobody panics with them in hand").insert(text);
    }

    pub(super) fn violations(&self) -> BTreeSet<String> {
        self.violations.lock().expect("nobody panics with them in hand").clone()
    }

    /// A guest was told that its shares are ready.
    pub(super) fn told(&self, guest: &str, shares: &[(usize, Since)]) {
        let hold =
            |&(share, since)| Hold { share, since, client_starts: self.client_starts(share) };
        let holds = shares.iter().map(hold).collect();
        self.running().push(Running { guest: guest.to_owned(), holds, qemu: None });
        self.look();
    }

    /// A guest has opened its images.
    pub(super) fn opened(&self, guest: &str, qemu: Qemu) {
        let mut running = self.running();
        let entry = running.iter_mut().find(|one| one.guest == guest).expect("it was told");
        entry.qemu = Some(qemu);
    }

    /// A guest has ended; what comes next is its release.
    pub(super) fn ends(&self, guest: &str) {
        self.look();
        let mut running = self.running();
        let at = running.iter().position(|one| one.guest == guest).expect("it was told");
        let ended = running.swap_remove(at);
        drop(running);
        for hold in &ended.holds {
            if self.client_starts(hold.share) != hold.client_starts
                && !self.weather.may_have_died(hold.share, hold.since)
            {
                let share = &self.shares[hold.share];
                self.violation(format!("{share} was mounted anew while {guest} held it"));
            }
        }
    }

    /// Looks until the storm is over; returns how often it did.
    pub(super) fn watch(&self, over: &AtomicBool) -> usize {
        let table = fs::File::open("/proc/thread-self/mountinfo").expect("a mount table");
        let look = PollTimeout::try_from(LOOK).expect("some milliseconds");
        let mut looks = 0;
        while !over.load(Ordering::Relaxed) {
            self.look();
            looks += 1;
            poll(&mut [PollFd::new(table.as_fd(), PollFlags::POLLPRI)], look).expect("it polls");
        }
        looks
    }

    /// One look. While it lasts, nobody is told and nobody ends, so the table must have what the running guests hold.
    fn look(&self) {
        let running = self.running();
        let table = fs::read_to_string("/proc/thread-self/mountinfo").expect("a mount table");
        // (mount id, mount point)
        let mounts: Vec<(&str, &str)> = table
            .lines()
            .filter_map(|line| {
                let mut fields = line.split(' ');
                Some((fields.next()?, fields.nth(3)?))
            })
            .collect();
        let on = |share: usize| {
            let mount_point = self.ground.mount_point(&self.shares[share]);
            let ids = mounts.iter().filter(move |(_, at)| Some(*at) == mount_point.to_str());
            ids.map(|(id, _)| *id).collect::<Vec<_>>()
        };
        let stacks: Vec<Vec<&str>> = (0..self.shares.len()).map(on).collect();
        for (share, stack) in self.shares.iter().zip(&stacks) {
            if stack.len() > 1 {
                self.violation(format!("{share} is mounted {} times at once", stack.len()));
            }
        }
        for Running { guest, holds, qemu } in running.iter() {
            for hold in holds {
                let (share, stack) = (&self.shares[hold.share], &stacks[hold.share]);
                if stack.is_empty() && !self.weather.may_have_died(hold.share, hold.since) {
                    self.violation(format!("{share} is not mounted while {guest} holds it"));
                }
            }
            for (hold, mount) in holds.iter().zip(qemu.iter().flat_map(Qemu::mounts)) {
                if !stacks[hold.share].contains(&mount.as_str()) {
                    let share = &self.shares[hold.share];
                    self.violation(format!("{share} was unmounted under {guest}'s open image"));
                }
            }
        }
    }

    fn client_starts(&self, share: usize) -> usize {
        let log = fs::read_to_string(self.ground.path("bin/standin.log")).unwrap_or_default();
        let mount_point = self.ground.mount_point(&self.shares[share]);
        log.matches(&format!("\"{}\"", mount_point.display())).count()
    }
}
