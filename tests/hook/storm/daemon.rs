//! One libvirt daemon: starts and stops guests of its own, one call of the hook after the other, and believes what it says.

use std::process::Child;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::dice::Dice;
use super::observer::Observer;
use super::qemu::Qemu;
use super::tally::Tally;
use super::weather::{self, Since, Weather};
use crate::ground::{Called, Ground, Guest};

pub(super) struct Daemon<'g> {
    pub(super) ground: &'g Ground,
    pub(super) weather: &'g Weather<'g>,
    pub(super) observer: &'g Observer<'g>,
    pub(super) tally: &'g Tally,
    pub(super) shares: &'g [String],
    /// Tells its guests from the others'.
    pub(super) name: String,
    pub(super) dice: Dice,
}

/// A guest, its shares, and how these were before its start.
struct Tenant {
    guest: Guest,
    shares: Vec<(usize, Since)>,
}

/// The most that `release` may take: its deadline, and what a busy machine adds.
const RELEASE: Duration = Duration::from_secs(4);

impl Daemon<'_> {
    /// Goes through so many starts, and ends every guest. Returns the names of those whose last release was killed.
    pub(super) fn play(&mut self, starts: u64) -> Vec<String> {
        let mut off: Vec<String> = (0..4).map(|n| format!("{}.{n}", self.name)).collect();
        let mut running: Vec<Tenant> = Vec::new();
        let mut unreleased = Vec::new();
        let mut started = 0;
        while started < starts || !running.is_empty() {
            std::thread::sleep(self.dice.up_to_ms(30));
            if started < starts && running.len() < 3 && self.dice.percent(60) {
                started += 1;
                let name = off.swap_remove(self.dice.below(off.len()));
                unreleased.retain(|one| *one != name);
                match self.start(&name) {
                    Some(tenant) => running.push(tenant),
                    None => off.push(name),
                }
            } else if !running.is_empty() {
                let at = self.dice.below(running.len());
                if self.dice.percent(20) {
                    self.reconnect(&running[at]);
                    continue;
                }
                let tenant = running.swap_remove(at);
                if !self.stop(&tenant) {
                    unreleased.push(tenant.guest.name.clone());
                }
                off.push(tenant.guest.name);
            }
        }
        unreleased
    }

    /// Different shares, the first ones more often than the last.
    fn draw_shares(&mut self) -> Vec<usize> {
        let mut drawn = Vec::new();
        for _ in 0..=self.dice.below(3) {
            let end = 1 + self.dice.below(self.shares.len());
            let share = if self.dice.percent(50) { end - 1 } else { self.dice.below(end) };
            if !drawn.contains(&share) {
                drawn.push(share);
            }
        }
        drawn
    }

    fn start(&mut self, name: &str) -> Option<Tenant> {
        let drawn = self.draw_shares();
        let names: Vec<&str> = drawn.iter().map(|&share| self.shares[share].as_str()).collect();
        let guest = self.ground.guest(name, &names);
        let shares = drawn.iter().map(|&share| (share, self.weather.now(share))).collect();
        let tenant = Tenant { guest, shares };
        let kill_it = self.dice.percent(12);
        if self.dice.percent(if kill_it { 70 } else { 35 }) {
            // A hook that is killed while its client takes its time leaves the most behind.
            let fault = if kill_it { &weather::SLOW } else { self.dice.pick(&weather::FAULTS) };
            let share = *self.dice.pick(&drawn);
            if let Some(fault) = self.weather.strike(share, *fault, &mut self.dice) {
                self.tally.count("client fault", fault);
            }
        }
        self.tally.count("hook", "starts");
        match self.call(&tenant, "prepare", kill_it) {
            Outcome::Done(called) if called.ok => {
                self.tally.longest("prepare, granted", called.took);
                self.observer.told(&tenant.guest.name, &tenant.shares);
                self.boot(&tenant);
                return Some(tenant);
            }
            Outcome::Done(called) => {
                self.tally.longest("prepare, refused", called.took);
                self.judge(&called, &tenant.shares);
            }
            Outcome::Killed => self.tally.count("hook", "prepares killed"),
        }
        // libvirt calls it after a prepare that failed, whyever it did.
        let _released = self.release(&tenant, false);
        None
    }

    /// A guest's disks are opened some time after it was told, or never in our time.
    fn boot(&mut self, tenant: &Tenant) {
        let Tenant { guest, shares } = tenant;
        std::thread::sleep(self.dice.up_to_ms(40));
        if self.dice.percent(20) {
            self.tally.count("guest", "without an open image");
            return;
        }
        let image = |&(share, _): &(usize, Since)| {
            self.ground.mount_point(&self.shares[share]).join("vm.img")
        };
        let images: Vec<_> = shares.iter().map(image).collect();
        let begun = Instant::now();
        loop {
            let why = match Qemu::open(&images) {
                Ok(qemu) => {
                    self.tally.count("guest", "with open images");
                    return self.observer.opened(&guest.name, qemu);
                }
                Err(why) => why,
            };
            if shares.iter().any(|&(share, since)| self.weather.may_have_died(share, since)) {
                return self.tally.count("guest", "whose client died before it opened its images");
            }
            // A client that answers with errors for a moment; libvirt would give up, but our guest has time.
            if !why.contains("Input/output error") || begun.elapsed() > Duration::from_secs(5) {
                let name = &guest.name;
                return self.observer.violation(format!("{name} cannot open its images: {why}"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// A guest ends. Says no if its release was killed.
    fn stop(&mut self, tenant: &Tenant) -> bool {
        self.tally.count("hook", "stops");
        self.observer.ends(&tenant.guest.name);
        let kill_it = self.dice.percent(8);
        self.release(tenant, kill_it)
    }

    fn release(&mut self, tenant: &Tenant, kill_it: bool) -> bool {
        match self.call(tenant, "release", kill_it) {
            Outcome::Done(called) => {
                self.tally.longest("release", called.took);
                if called.took > RELEASE || !called.ok || !called.stderr.is_empty() {
                    self.observer
                        .violation(format!("release of {}: {called:?}", tenant.guest.name));
                }
                true
            }
            Outcome::Killed => {
                self.tally.count("hook", "releases killed");
                false
            }
        }
    }

    fn reconnect(&mut self, tenant: &Tenant) {
        let kill_it = self.dice.percent(10);
        match self.call(tenant, "reconnect", kill_it) {
            Outcome::Done(called) => {
                self.tally.count("hook", "reconnects");
                self.tally.longest("reconnect", called.took);
                if !called.ok || !called.stderr.is_empty() {
                    self.observer
                        .violation(format!("reconnect of {}: {called:?}", tenant.guest.name));
                }
            }
            Outcome::Killed => self.tally.count("hook", "reconnects killed"),
        }
        if self.dice.percent(30) {
            let share = self.dice.below(self.shares.len());
            if self.weather.kill_client(share) {
                self.tally.count("client fault", "killed");
            }
        }
    }

    /// Each share that a refusal names must have had something wrong with it.
    fn judge(&self, called: &Called, shares: &[(usize, Since)]) {
        for part in called.stderr.trim_end().split("; and ") {
            self.tally.count("refusal", kind_of(part));
            let about = |&&(share, _): &&(usize, Since)| {
                part.contains(&format!("share {}:", self.shares[share]))
                    || part.contains(&format!("share {} (", self.shares[share]))
            };
            match shares.iter().find(about) {
                Some(&(share, since))
                    if self.weather.explains_refusal(share, since) && kind_of(part) != UNKNOWN => {}
                _ => self.observer.violation(format!("refused without a reason: {part}")),
            }
        }
    }

    fn call(&mut self, tenant: &Tenant, operation: &str, kill_it: bool) -> Outcome {
        let begun = Instant::now();
        let hook = self.ground.hook_in_background(&tenant.guest, operation);
        if kill_it {
            std::thread::sleep(self.dice.up_to_ms(60));
            let _ended_already = kill(Pid::from_raw(hook.id().cast_signed()), Signal::SIGKILL);
        }
        let outcome = outcome(hook, begun);
        if matches!(outcome, Outcome::Killed) {
            tenant.shares.iter().for_each(|&(share, _)| self.weather.hook_killed(share));
        }
        outcome
    }
}

enum Outcome {
    Done(Called),
    Killed,
}

fn outcome(hook: Child, begun: Instant) -> Outcome {
    let output = hook.wait_with_output().expect("it ends");
    if output.status.code().is_none() {
        return Outcome::Killed;
    }
    assert_eq!(output.stdout, b"", "stdout belongs to libvirt");
    let stderr = String::from_utf8(output.stderr).expect("UTF-8");
    Outcome::Done(Called { ok: output.status.success(), stderr, took: begun.elapsed() })
}

const UNKNOWN: &str = "of another kind";

fn kind_of(refusal: &str) -> &'static str {
    [
        ("did not return within", "the client did not return"),
        ("exited with status 4", "the client ended with 4"),
        ("exited with status", "the client failed"),
        ("was killed by signal 9", "the client was killed"),
        ("nothing is mounted", "the client lied"),
        ("while the guest's images were looked for", "lost as its image was looked at"),
        ("hung mount", "hung"),
        ("failing mount", "failing"),
        ("dead mount", "died at once"),
        ("cannot be read", "died or failed as its image was looked at"),
        ("did not answer", "hung as its image was looked at"),
        ("still in use", "dead and in use"),
        ("held by another process", "the lock was held"),
    ]
    .into_iter()
    .find_map(|(words, kind)| refusal.contains(words).then_some(kind))
    .unwrap_or(UNKNOWN)
}
