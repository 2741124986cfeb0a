//! Chaos on two hosts: guests start, stop, move, sleep and wake at random while hosts, daemons, clients and the cable fail at
//! random. After each round the judge, who knows libvirt's lists, the kernel's tables and the images, says what is not as it must be.

mod counts;
mod deeds;
mod faults;
mod judge;
mod locks;

use std::fmt::{self, Display, Write as _};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};

use crate::deck::Deck;
use crate::dice::Dice;
use crate::evidence;
use crate::guest::{Cache, Guest, Spec};
use crate::host::{Ended, Host, Running};
use crate::image;
use crate::install;
use crate::lab::Lab;
use crate::pair::Pair;
use crate::share::{self, Share, VOLUMES};
use counts::Counts;
use deeds::Deed;
use faults::{Blow, Fault};
use judge::Places;

const SHARES: [&str; 3] = ["amber", "brass", "coal"];
const GUESTS: usize = 5;
/// The product's deadlines, short: a share that hangs is to cost seconds of a round, not minutes.
const SETTINGS: &str =
    "[deadlines]\nmount = \"15s\"\nprobe = \"2s\"\nunmount = \"3s\"\nhook = \"20s\"\n";

/// How many of the last rounds a failure is told with.
const STORY: usize = 6;

/// Two hosts, their guests and what was seen of them.
struct World<'p> {
    pair: &'p mut Pair,
    specs: Vec<Spec>,
    deck: Deck<Fault>,
    deeds: Counts,
    faults: Counts,
    blocks: usize,
    /// One line a round.
    story: Vec<String>,
    violations: Vec<String>,
}

/// What came of it.
#[derive(Debug)]
struct Outcome {
    seed: u64,
    deeds: Counts,
    faults: Counts,
    blocks: usize,
    story: Vec<String>,
    violations: Vec<String>,
}

/// Boots two hosts and has it rage for so long; fails where something was wrong, once it is told.
pub(crate) fn run(lab: &Lab, time: Duration, seed: Option<u64>) -> Result<()> {
    install::build()?;
    let mut pair = Pair::boot(lab, &image::ready(lab)?)?;
    let since = now()?;
    let raged = rage(&mut pair, time, seed, |round| println!("{round}"));
    if !raged.as_ref().is_ok_and(|outcome| outcome.violations.is_empty()) {
        for host in pair.hosts() {
            print!("{}", evidence::collect(host, since));
        }
    }
    let outcome = raged?;
    outcome.report();
    outcome.clean()
}

/// The same on a pair that is there. Without a seed the clock gives one. Ends with the first round after which something is wrong,
/// so that both hosts can be looked at as they are then. `tell` hears of each round that is over.
fn rage(
    pair: &mut Pair,
    time: Duration,
    seed: Option<u64>,
    tell: impl Fn(&str),
) -> Result<Outcome> {
    let seed = match seed {
        Some(seed) => seed,
        None => now()?.as_secs(),
    };
    let mut dice = Dice::new(seed);
    let mut world = World::new(pair, &mut dice)?;
    let began = Instant::now();
    while world.violations.is_empty() && world.goes_on(began.elapsed(), time) {
        let round = world.round(&mut dice);
        round.with_context(|| format!("seed {seed}, {}", world.last_rounds()))?;
        tell(world.story.last().map_or("", String::as_str));
    }
    if world.violations.is_empty() {
        world.end().with_context(|| format!("seed {seed}, {}", world.last_rounds()))?;
    }
    let World { deeds, faults, blocks, story, violations, .. } = world;
    Ok(Outcome { seed, deeds, faults, blocks, story, violations })
}

/// What the judge finds wrong by itself, with so much patience: for whoever wants to see the judge judged.
pub(crate) fn judged(pair: &Pair, specs: &[Spec], soon: Duration) -> Result<Vec<String>> {
    judge::wrong(pair, specs, &mut 0, soon, || Ok(Vec::new()))
}

fn now() -> Result<Duration> {
    SystemTime::now().duration_since(UNIX_EPOCH).context("the clock")
}

impl Outcome {
    /// Insists that nothing was wrong, and that every fault had something to hit.
    fn clean(&self) -> Result<()> {
        let Self { seed, story, violations, .. } = self;
        if !violations.is_empty() {
            bail!(
                "{}\nThe last rounds (`make soak SEED={seed}` throws the same dice):\n{}",
                violations.join("\n"),
                last(story)
            );
        }
        let unstruck = unstruck(&self.faults);
        if !unstruck.is_empty() {
            bail!("nothing was met by {}; {self}", unstruck.join(", "));
        }
        Ok(())
    }

    fn report(&self) {
        println!("soak: {self}");
        self.deeds.print("operations", ["done", "refused or cut off"]);
        self.faults.print("faults", ["struck", "met nothing"]);
    }
}

impl Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, deeds, faults, blocks, story, violations } = self;
        write!(
            f,
            "{} rounds, {} operations, {faults}, {blocks} blocks verified, {} violations, seed {seed}",
            story.len(),
            deeds.total(),
            violations.len(),
        )
    }
}

/// The kinds of fault that have not struck.
fn unstruck(faults: &Counts) -> Vec<String> {
    let mut kinds = faults::ALL.to_vec();
    kinds.sort_unstable();
    kinds.dedup();
    let kinds = kinds.into_iter().filter(|fault| *fault != Fault::None);
    kinds.map(|fault| fault.to_string()).filter(|fault| faults.done(fault) == 0).collect()
}

fn last(story: &[String]) -> String {
    story[story.len().saturating_sub(STORY)..].join("\n")
}

impl<'p> World<'p> {
    fn new(pair: &'p mut Pair, dice: &mut Dice) -> Result<Self> {
        let specs = (0..GUESTS).map(|number| spec(pair, number, dice)).collect::<Result<_>>()?;
        let world = Self {
            pair,
            specs,
            deck: Deck::of(&faults::ALL),
            deeds: Counts::default(),
            faults: Counts::default(),
            blocks: 0,
            story: Vec::new(),
            violations: Vec::new(),
        };
        locks::set_up(world.pair)?;
        for host in world.pair.hosts() {
            let shares = shares(host)?;
            share::configure(host, SETTINGS, &shares.each_ref())?;
            for spec in &world.specs {
                Guest::define(host, spec.clone())?;
            }
        }
        Ok(world)
    }

    /// For the time that was asked for, and for as long again where a fault has met nothing yet.
    fn goes_on(&self, elapsed: Duration, time: Duration) -> bool {
        elapsed < time || (elapsed < 2 * time && !unstruck(&self.faults).is_empty())
    }

    fn last_rounds(&self) -> String {
        last(&self.story)
    }

    /// Some guests do something at once, a fault meets them, and all comes to rest.
    fn round(&mut self, dice: &mut Dice) -> Result<()> {
        let places = judge::places(self.pair)?;
        let guests: Vec<_> = self.specs.iter().map(Spec::name).collect();
        let targets = |fault: Fault| fault.targets(&guests, &places);
        let fault = self.deck.draw(dice, |fault| !targets(fault).is_empty());
        let fault = fault.context("the deck has a card that always fits")?;
        let struck = dice.one_of(&targets(fault));
        let host = self.pair.hosts()[struck];
        let clock = now()?.as_secs() % (24 * 60 * 60);
        self.story.push(format!(
            "{:02}:{:02}:{:02} UTC, round {}: {fault}, on {}",
            clock / 3600,
            clock / 60 % 60,
            clock % 60,
            self.story.len() + 1,
            host.name(),
        ));
        if fault == Fault::PowerCut {
            self.pair.power_cycle(struck)?;
            self.faults.add(fault, true);
            return self.judged(fault, struck);
        }
        fault.before(host)?;
        let started = self.deeds(fault, struck, &places, dice)?;
        if fault.is_sudden() {
            thread::sleep(Duration::from_millis(dice.below(1500) as u64));
        }
        let blow = fault.strike(self.pair, struck, &places, dice)?;
        let failed = self.ended(fault, started)?;
        fault.after(self.pair.hosts()[struck])?;
        // A client that would refuse was asked for nothing.
        let struck_nothing = fault == Fault::ClientRefuses && failed == 0;
        let struck_something = blow == Blow::Struck && !struck_nothing;
        if fault != Fault::None {
            self.faults.add(fault, struck_something);
        }
        if !struck_something {
            self.deck.put_back(fault);
        }
        self.judged(fault, struck)
    }

    /// Up to three guests set out to do what they can from where they are, one of them what the fault is to meet.
    fn deeds(
        &mut self,
        fault: Fault,
        struck: usize,
        places: &Places,
        dice: &mut Dice,
    ) -> Result<Vec<(Deed, String, Running)>> {
        let mut order: Vec<_> = self.specs.iter().map(Spec::name).collect();
        dice.shuffle(&mut order);
        // A start is the best that most of them can meet: it takes its time, and has the most to lose.
        let mut running_last: Vec<_> = (0..order.len()).collect();
        running_last.sort_by_key(|at| places.contains_key(order[*at]));
        let met = running_last.into_iter().find_map(|at| {
            let place = places.get(order[at]).copied();
            Some((at, Deed::met_by(fault, struck, place, dice)?))
        });
        if let Some((at, _)) = met {
            order.swap(0, at);
        }
        let mut met = met.map(|(_, deed)| deed);
        let hosts = self.pair.hosts();
        let mut started = Vec::new();
        for name in &order[..=dice.below(3)] {
            let place = places.get(*name).copied();
            let met = met.take();
            let deed = met.unwrap_or_else(|| Deed::any(place, dice));
            let host = match place {
                Some(place) => place,
                None if met.is_some() => struck,
                None => dice.below(2),
            };
            let running = deed.start(name, hosts[host], hosts[1 - host])?;
            started.push((deed, (*name).to_owned(), running));
            if let Some(line) = self.story.last_mut() {
                write!(line, "; {deed} of {name} on {}", hosts[host].name())
                    .expect("a string takes all");
            }
        }
        Ok(started)
    }

    /// Waits for the end of them all; returns how many did not do what they set out to do.
    fn ended(&mut self, fault: Fault, started: Vec<(Deed, String, Running)>) -> Result<usize> {
        let mut failed = 0;
        for (deed, name, running) in started {
            let output = running.wait()?;
            self.deeds.add(deed, output.succeeded());
            failed += usize::from(!output.succeeded());
            if let Ended::Late(_) = output.ended {
                self.violations.push(format!("{deed} of {name} never ends: {output}"));
            } else if !output.succeeded() && fault == Fault::None {
                self.violations
                    .push(format!("{deed} of {name} fails, and nothing is wrong: {output}"));
            }
        }
        Ok(failed)
    }

    fn judged(&mut self, fault: Fault, struck: usize) -> Result<()> {
        let operator = || {
            let mut failed = Vec::new();
            if fault.leaves_guests_paused() {
                for host in self.pair.hosts() {
                    failed.extend(faults::give_up_the_paused(host)?);
                }
            }
            if fault == Fault::ClientKilled {
                let host = self.pair.hosts()[struck];
                failed.extend(faults::give_up_the_orphaned(host, &self.specs)?);
            }
            if fault.needs_recovery() {
                faults::recover(self.pair.hosts()[struck])?;
            }
            Ok(failed)
        };
        operator()?;
        let wrong = judge::wrong(self.pair, &self.specs, &mut self.blocks, judge::SOON, operator)?;
        self.violations.extend(wrong);
        Ok(())
    }

    /// All guests end, and every image is held against what its guest said.
    fn end(&mut self) -> Result<()> {
        self.story.push("the end: every guest is destroyed".to_owned());
        for (name, place) in judge::places(self.pair)? {
            // One that ends by itself meanwhile is as good.
            let host = self.pair.hosts()[place];
            let destroyed = host.command("virsh").args(["destroy", &name]).run()?;
            if judge::places(self.pair)?.contains_key(&name) {
                self.violations.push(format!("{name} does not end: {destroyed}"));
            }
        }
        self.judged(Fault::None, 0)?;
        locks::take_down(self.pair)
    }
}

/// The shares as this host has them.
pub(crate) fn shares(host: &Host) -> Result<[Share<'_>; 3]> {
    let [amber, brass, coal] = SHARES.map(|name| Share::new(host, name));
    Ok([amber?, brass?, coal?])
}

/// A guest with one disk or two, each on some share, that writes as long as it lives.
fn spec(pair: &Pair, number: usize, dice: &mut Dice) -> Result<Spec> {
    let name = format!("soak-{number}");
    let shares = shares(pair.left())?;
    let first = dice.below(shares.len());
    // What an earlier guest of the name said is not of these images.
    pair.left().remove(format!("{VOLUMES}/{name}.console"))?;
    let mut spec = Spec::named(&name)?;
    for disk in 0..=dice.below(2) {
        let share = &shares[(first + disk) % shares.len()];
        spec = spec.disk(&share.image(&format!("{name}-{disk}.img"))?, Cache::None);
    }
    Ok(spec.writes(4000, "0.1").console_for_all_hosts())
}
