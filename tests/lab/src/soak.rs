//! Chaos on two hosts: guests start, stop, move, sleep and wake at random while hosts, daemons, clients and the cable fail at
//! random. After each round the judge, who knows libvirt's lists, the kernel's tables and the images, says what is not as it must be.

mod deeds;
mod dice;
mod faults;
mod judge;

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};

use crate::guest::{Cache, Guest, Spec};
use crate::host::{Ended, Host, Running};
use crate::image;
use crate::install;
use crate::lab::Lab;
use crate::pair::Pair;
use crate::share::{self, Share};
use deeds::Deed;
use dice::Dice;
use faults::Fault;

const SHARES: [&str; 3] = ["amber", "brass", "coal"];
const GUESTS: usize = 5;
/// The product's deadlines, short: a share that hangs is to cost seconds of a round, not minutes.
const SETTINGS: &str =
    "[deadlines]\nmount = \"15s\"\nprobe = \"2s\"\nunmount = \"3s\"\nhook = \"20s\"\n";

/// What is counted, by what it is called.
#[derive(Debug, Default)]
struct Counts(BTreeMap<String, (usize, usize)>);

impl Counts {
    fn add(&mut self, what: impl Display, well: bool) {
        let count = self.0.entry(what.to_string()).or_default();
        if well { count.0 += 1 } else { count.1 += 1 }
    }

    fn total(&self) -> usize {
        self.0.values().map(|(well, ill)| well + ill).sum()
    }

    fn print(&self, title: &str, [well, ill]: [&str; 2]) {
        println!("{title}: {}", self.total());
        for (what, (done, not)) in &self.0 {
            println!("  {what}: {done} {well}, {not} {ill}");
        }
    }
}

/// Two hosts, their guests and what was seen of them.
struct World<'p> {
    pair: &'p mut Pair,
    specs: Vec<Spec>,
    deeds: Counts,
    faults: Counts,
    rounds: usize,
    blocks: usize,
    violations: Vec<String>,
}

/// What came of it.
#[derive(Debug)]
struct Outcome {
    seed: u64,
    rounds: usize,
    deeds: Counts,
    faults: Counts,
    blocks: usize,
    violations: Vec<String>,
}

/// Boots two hosts and has it rage for so long; returns how much was wrong.
pub(crate) fn run(lab: &Lab, time: Duration, seed: Option<u64>) -> Result<usize> {
    install::build()?;
    let mut pair = Pair::boot(lab, &image::ready(lab)?)?;
    let outcome = rage(&mut pair, time, seed)?;
    outcome.report(time);
    Ok(outcome.violations.len())
}

/// The same on a pair that is there. Without a seed the clock gives one.
fn rage(pair: &mut Pair, time: Duration, seed: Option<u64>) -> Result<Outcome> {
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock")?;
    let seed = seed.unwrap_or(clock.as_secs());
    let mut dice = Dice::new(seed);
    let mut world = World::new(pair, &mut dice)?;
    let until = Instant::now() + time;
    while Instant::now() < until {
        world.round(&mut dice).with_context(|| format!("seed {seed}"))?;
    }
    world.end()?;
    let World { deeds, faults, rounds, blocks, violations, .. } = world;
    Ok(Outcome { seed, rounds, deeds, faults, blocks, violations })
}

impl Outcome {
    fn report(&self, time: Duration) {
        println!("soak: {} s, seed {}, {} rounds", time.as_secs(), self.seed, self.rounds);
        self.deeds.print("operations", ["done", "refused or cut off"]);
        self.faults.print("faults", ["struck", "met nothing"]);
        println!("blocks held against their images: {}", self.blocks);
        println!("violations: {}", self.violations.len());
        for violation in &self.violations {
            println!("  {violation}");
        }
    }
}

impl Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, rounds, deeds, faults, blocks, violations } = self;
        let (deeds, faults, violations) = (deeds.total(), faults.total(), violations.len());
        write!(
            f,
            "{rounds} rounds, {deeds} operations, {faults} faults, {blocks} blocks verified, \
             {violations} violations, seed {seed}"
        )
    }
}

impl<'p> World<'p> {
    fn new(pair: &'p mut Pair, dice: &mut Dice) -> Result<Self> {
        let specs = (0..GUESTS).map(|number| spec(pair, number, dice)).collect::<Result<_>>()?;
        let world = Self {
            pair,
            specs,
            deeds: Counts::default(),
            faults: Counts::default(),
            rounds: 0,
            blocks: 0,
            violations: Vec::new(),
        };
        for host in world.pair.hosts() {
            let shares = shares(host)?;
            share::configure(host, SETTINGS, &shares.each_ref())?;
            for spec in &world.specs {
                Guest::define(host, spec.clone())?;
            }
        }
        Ok(world)
    }

    /// Some guests do something at once, a fault meets them, and all comes to rest.
    fn round(&mut self, dice: &mut Dice) -> Result<()> {
        self.rounds += 1;
        let fault = Fault::any(dice);
        let struck = dice.below(2);
        if fault == Fault::PowerCut {
            self.pair.power_cycle_left()?;
            self.faults.add(fault, true);
            return self.judged(fault, 0);
        }
        fault.before(self.pair.hosts()[struck])?;
        let started = self.deeds(dice)?;
        if fault.is_sudden() {
            thread::sleep(Duration::from_millis(dice.below(1500) as u64));
        }
        let hit = fault.strike(self.pair, struck, &self.specs, dice)?;
        for (deed, name, running) in started {
            let output = running.wait()?;
            self.deeds.add(deed, output.succeeded());
            if let Ended::Late(_) = output.ended {
                self.violations
                    .push(format!("{deed} of {name} never ends after {fault}: {output}"));
            } else if !output.succeeded() && fault == Fault::None {
                self.violations
                    .push(format!("{deed} of {name} fails, and nothing is wrong: {output}"));
            }
        }
        fault.after(self.pair, struck)?;
        if fault != Fault::None {
            self.faults.add(fault, hit);
        }
        self.judged(fault, struck)
    }

    /// Up to three guests set out to do what they can from where they are.
    fn deeds(&self, dice: &mut Dice) -> Result<Vec<(Deed, String, Running)>> {
        let places = judge::places(self.pair)?;
        let mut order: Vec<_> = self.specs.iter().map(Spec::name).collect();
        dice.shuffle(&mut order);
        let hosts = self.pair.hosts();
        order[..=dice.below(3)]
            .iter()
            .map(|name| {
                let place = places.get(*name).copied();
                let deed = Deed::any(place, dice);
                let host = place.unwrap_or_else(|| dice.below(2));
                let running = deed.start(name, hosts[host], hosts[1 - host])?;
                Ok((deed, (*name).to_owned(), running))
            })
            .collect()
    }

    fn judged(&mut self, fault: Fault, struck: usize) -> Result<()> {
        let operator = || {
            if fault.leaves_guests_paused() {
                self.pair.hosts().into_iter().try_for_each(faults::give_up_the_paused)?;
            }
            if fault.needs_recovery() {
                faults::recover(self.pair.hosts()[struck])?;
            }
            Ok(())
        };
        operator()?;
        for wrong in judge::wrong(self.pair, &self.specs, &mut self.blocks, operator)? {
            let wrong = format!("round {}, after {fault}: {wrong}", self.rounds);
            self.violations.push(wrong);
        }
        Ok(())
    }

    /// All guests end, and every image is held against what its guest said.
    fn end(&mut self) -> Result<()> {
        for (name, place) in judge::places(self.pair)? {
            self.pair.hosts()[place].command("virsh").args(["destroy", &name]).done()?;
        }
        self.judged(Fault::None, 0)
    }
}

/// The shares as this host has them.
fn shares(host: &Host) -> Result<[Share<'_>; 3]> {
    let [amber, brass, coal] = SHARES.map(|name| Share::new(host, name));
    Ok([amber?, brass?, coal?])
}

/// A guest with one disk or two, each on some share, that writes as long as it lives.
fn spec(pair: &Pair, number: usize, dice: &mut Dice) -> Result<Spec> {
    let name = format!("soak-{number}");
    let shares = shares(pair.left())?;
    let first = dice.below(shares.len());
    let mut spec = Spec::named(&name)?;
    for disk in 0..=dice.below(2) {
        let share = &shares[(first + disk) % shares.len()];
        spec = spec.disk(&share.image(&format!("{name}-{disk}.img"))?, Cache::None);
    }
    Ok(spec.writes(4000, "0.1").console_for_all_hosts())
}
