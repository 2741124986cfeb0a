//! Clients that die under guests that write, over and over: every kind of disk, two guests and three disks on a share at a time.
//! Each time the guests are revived, and in the end their images are held against what they had said. What they had flushed must be
//! there; what they were told is written and had not flushed is counted, there or lost.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::deck::Deck;
use crate::dice::Dice;
use crate::evidence;
use crate::guest::{self, Bus, Cache, Found, Guest, Spec};
use crate::host::{Ended, Host};
use crate::image;
use crate::install;
use crate::lab::Lab;
use crate::scenarios::tidy;
use crate::share::{self, Share};

/// The share, and what its guests' names begin with.
const NAME: &str = "rounds";
/// A block in each of qcow2's clusters, which are 64 KiB large: so each needs one that is new.
const STEP: u32 = 16;
/// In images that have room for as many as a guest comes to.
const SIZE: &str = "256M";
const BLOCKS: u32 = 4000;

/// A kind of disk, and of guest. Not SATA: the guests' kernel has no driver for that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Case {
    bus: Bus,
    format: Format,
    /// How many blocks the guest writes from one flush to the next.
    flushes: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Format {
    Raw,
    Qcow2,
    /// With a place for every cluster from the start.
    Preallocated,
}

const BUSES: [Bus; 3] = [Bus::Virtio, Bus::Scsi, Bus::Ide];
const FORMATS: [Format; 3] = [Format::Raw, Format::Qcow2, Format::Preallocated];
const FLUSHES: [u32; 2] = [1, 12];

/// What became of all of them.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    seed: u64,
    rounds: usize,
    /// Guests, each as often as its client died under it.
    revived: usize,
    refused: usize,
    /// Blocks that were flushed, all of them there.
    flushed: usize,
    /// How many that were not flushed are there, and how many are lost.
    unflushed: BTreeMap<Case, (usize, usize)>,
    /// Images that `qemu-img check` finds nothing wrong with.
    clean: usize,
    /// Images of which it finds that they are larger than they had to be, and nothing else.
    leaking: usize,
}

/// One guest of a round, and its disks in their order.
struct Life<'h> {
    guest: Guest<'h>,
    disks: Vec<(Case, String)>,
    /// How long its console was each time when its client had died.
    deaths: Vec<usize>,
}

/// Boots a host for so many rounds. Without a seed the clock gives one.
pub(crate) fn run(lab: &Lab, count: usize, seed: Option<u64>) -> Result<()> {
    install::build()?;
    let image = image::ready(lab)?;
    let host = Host::boot(lab, &image, "lab-rounds")?;
    guest::install(&host, &image)?;
    install::into(&host)?;
    let since = now()?;
    let done = go(&host, count, seed, |round| println!("{round}"));
    if done.is_err() {
        print!("{}", evidence::collect(&host, since));
    }
    let tally = done?;
    println!("rounds: {tally}");
    tally.report();
    Ok(())
}

/// The same on a host that is there. `tell` hears of each round that is over.
pub(crate) fn go(
    host: &Host,
    count: usize,
    seed: Option<u64>,
    tell: impl Fn(&str),
) -> Result<Tally> {
    let seed = match seed {
        Some(seed) => seed,
        None => now()?.as_secs(),
    };
    let mut dice = Dice::new(seed);
    let mut deck = Deck::of(&all());
    let mut tally = Tally { seed, ..Tally::default() };
    for number in 1..=count {
        let began = Instant::now();
        let story = tally.round(host, &mut deck, &mut dice);
        let story =
            story.with_context(|| format!("round {number} of seed {seed}, after {tally}"))?;
        tell(&format!("round {number}, {:.0?}: {story}", began.elapsed()));
    }
    Ok(tally)
}

fn all() -> Vec<Case> {
    let of_bus = |bus| FORMATS.into_iter().map(move |format| (bus, format));
    let disks = BUSES.into_iter().flat_map(of_bus);
    disks.flat_map(|(bus, format)| FLUSHES.map(|flushes| Case { bus, format, flushes })).collect()
}

fn now() -> Result<Duration> {
    SystemTime::now().duration_since(UNIX_EPOCH).context("the clock")
}

impl Tally {
    /// Two guests, the first of them with a second disk of whatever format; one death of their client or two.
    fn round(&mut self, host: &Host, deck: &mut Deck<Case>, dice: &mut Dice) -> Result<String> {
        let share = Share::new(host, NAME)?;
        share::configure(host, "", &[&share])?;
        let mut lives = Vec::new();
        for number in 0..2 {
            let case = deck.draw(dice, |_| true).context("every card fits")?;
            let more = Case { format: dice.one_of(&FORMATS), ..case };
            let cases: &[Case] = if number == 0 { &[case, more] } else { &[case] };
            lives.push(Life::of(host, &share, &format!("{NAME}-{number}"), cases)?);
        }
        let starting: Vec<_> = lives.iter().map(|it| it.guest.starting()).collect::<Result<_>>()?;
        starting.into_iter().try_for_each(|started| started.wait()?.done())?;
        lives.iter().try_for_each(|life| life.guest.writes_and_flushes_after(0, 3))?;
        let deaths = 1 + dice.below(2);
        let (mut revived, mut refused) = (0, 0);
        for _ in 0..deaths {
            thread::sleep(Duration::from_millis(dice.below(1500) as u64));
            refused += dies(host, &share, &mut lives)?;
            revived += lives.len();
        }
        let mut found = Found::default();
        for life in &lives {
            life.guest.does("destroy", &[])?;
            life.guest.wait_until_off()?;
        }
        share.is_not_mounted()?;
        for life in &lives {
            for (name, disk) in life.guest.disk_names().iter().zip(&life.disks) {
                let of_disk = self.verify(host, &share, life, name, disk)?;
                found.flushed += of_disk.flushed;
                found.kept += of_disk.kept;
                found.lost += of_disk.lost;
            }
        }
        tidy(host)?;
        host.command("rm").args(["-r", &share.volume("")]).done()?;
        self.rounds += 1;
        self.revived += revived;
        self.refused += refused;
        let cases: Vec<_> = lives.iter().map(Life::to_string).collect();
        let Found { flushed, kept, lost } = found;
        Ok(format!(
            "{}; {revived} revived, {refused} of them refused at first; {flushed} flushed blocks, {lost} of {} others lost",
            cases.join("; "),
            kept + lost
        ))
    }

    /// Holds a disk of a guest that is off against its image.
    fn verify(
        &mut self,
        host: &Host,
        share: &Share,
        life: &Life,
        name: &str,
        (case, image): &(Case, String),
    ) -> Result<Found> {
        let mut raw = image.clone();
        if case.format != Format::Raw {
            let image = share.volume(image);
            let checked = host.command("qemu-img").args(["check", &image]).run()?;
            // qemu-img(1): clusters that nobody uses, and nothing else.
            match checked.ended {
                Ended::Exit(0) => self.clean += 1,
                Ended::Exit(3) => self.leaking += 1,
                _ => bail!("{case}: {checked}"),
            }
            raw = format!("{raw}.raw");
            let convert = host.command("qemu-img").args(["convert", "-O", "raw", &image]);
            convert.arg(share.volume(&raw)).done()?;
        }
        let found = life.guest.find(name, &life.deaths, &share.backing(&raw));
        let found = found.with_context(|| format!("{case}, {} deaths", life.deaths.len()))?;
        ensure!(case.may_lose() || found.lost == 0, "{case}: {} blocks are lost", found.lost);
        self.flushed += found.flushed;
        let (kept, lost) = self.unflushed.entry(*case).or_default();
        *kept += found.kept;
        *lost += found.lost;
        Ok(found)
    }

    fn report(&self) {
        println!("blocks that were written and not flushed, by case:");
        for (case, (kept, lost)) in &self.unflushed {
            println!("  {case}: {lost} of {} lost", kept + lost);
        }
    }

    /// How many of those that were not flushed are lost, and of how many.
    fn lost(&self, format: Format) -> (usize, usize) {
        let of_format = self.unflushed.iter().filter(|(case, _)| case.format == format);
        let counts = of_format.map(|(_, (kept, lost))| (*lost, kept + lost));
        counts.fold((0, 0), |sum, of_case| (sum.0 + of_case.0, sum.1 + of_case.1))
    }
}

/// The client dies under the guests, and they are revived: those that may lose something only once that is accepted, and no
/// others. Says how many were refused at first.
fn dies(host: &Host, share: &Share, lives: &mut [Life]) -> Result<usize> {
    host.command("pkill").args(["-KILL", "-x", "mount.quobyte"]).done()?;
    for life in lives.iter_mut() {
        life.guest.wait_for_state("paused")?;
        life.deaths.push(life.guest.has_said()?);
    }
    let said = ends(host, share, &[])?;
    let mut refused = 0;
    for life in lives.iter() {
        let end = of(&said, &life.guest)?;
        life.is_judged_rightly(end)?;
        let (expected, state) = if life.may_lose() {
            refused += 1;
            ("refused", "paused")
        } else {
            ("revived", "running")
        };
        ensure!(end["end"] == expected, "{life} should be {expected}: {end}");
        ensure!(life.guest.state()? == state, "{life} was {expected} and is not {state}");
    }
    if refused > 0 {
        let said = ends(host, share, &["--accept-unflushed-loss"])?;
        for life in lives.iter() {
            let end = of(&said, &life.guest)?;
            let expected = if life.may_lose() { "revived" } else { "not-needed" };
            ensure!(end["end"] == expected, "{life} should be {expected}: {end}");
        }
    }
    lives.iter().try_for_each(Life::goes_on).map(|()| refused)
}

/// What a revival says of each guest.
fn ends(host: &Host, share: &Share, words: &[&str]) -> Result<Vec<Value>> {
    let revive = host.command("virt-quobyte").args(["recover", "--revive", share.name()]);
    let said = revive.args(["--yes", "--json"]).args(words).run()?;
    let report: Value = serde_json::from_slice(&said.stdout).with_context(|| said.to_string())?;
    Ok(report["guests"].as_array().with_context(|| said.to_string())?.clone())
}

fn of<'a>(said: &'a [Value], guest: &Guest) -> Result<&'a Value> {
    let end = said.iter().find(|end| end["domain"] == guest.name());
    end.with_context(|| format!("nothing is said of {}: {said:?}", guest.name()))
}

impl<'h> Life<'h> {
    fn of(host: &'h Host, share: &Share, name: &str, cases: &[Case]) -> Result<Self> {
        let mut disks = Vec::new();
        let mut spec = Spec::named(name)?;
        for (case, letter) in cases.iter().zip('a'..) {
            let image = format!("{name}-{letter}");
            let create = host.command("qemu-img").args(["create", "-q"]);
            create.args(case.format.options()).arg(share.volume(&image)).arg(SIZE).done()?;
            spec = match case.format {
                Format::Raw => spec.disk(&share.path(&image), Cache::None),
                Format::Qcow2 | Format::Preallocated => {
                    spec.qcow2(&share.path(&image), Cache::None)
                }
            };
            spec = spec.on(case.bus);
            disks.push((*case, image));
        }
        let flushes = cases.first().context("a guest with a disk")?.flushes;
        let spec = spec.writes(BLOCKS, "0").flushes_every(flushes, STEP);
        Ok(Self { guest: Guest::define(host, spec)?, disks, deaths: Vec::new() })
    }

    fn may_lose(&self) -> bool {
        self.disks.iter().any(|(case, _)| case.may_lose())
    }

    /// Of each disk it is said whether it may lose something.
    fn is_judged_rightly(&self, end: &Value) -> Result<()> {
        let said: Vec<_> = end["disks"].as_array().into_iter().flatten().collect();
        let said: Vec<_> = said.into_iter().map(|disk| disk["may_lose"].as_bool()).collect();
        let expected: Vec<_> = self.disks.iter().map(|(case, _)| Some(case.may_lose())).collect();
        ensure!(said == expected, "{self}: {end}");
        Ok(())
    }

    /// It writes what waited and more, and flushes, with no error in between.
    fn goes_on(&self) -> Result<()> {
        let length = self.deaths.last().copied().unwrap_or_default();
        self.guest.writes_and_flushes_after(length, 3)?;
        let console = self.guest.console()?;
        ensure!(!console.contains("failed"), "{self} has seen an error: {console}");
        ensure!(console.matches("guest: up").count() == 1, "{self} was rebooted: {console}");
        Ok(())
    }
}

impl Case {
    /// What QEMU keeps in memory of a format is lost with the nodes, and raw has nothing of the kind.
    fn may_lose(self) -> bool {
        self.format != Format::Raw
    }
}

impl Format {
    /// Of `qemu-img create`.
    fn options(self) -> &'static [&'static str] {
        match self {
            Self::Raw => &["-f", "raw"],
            Self::Qcow2 => &["-f", "qcow2"],
            Self::Preallocated => &["-f", "qcow2", "-o", "preallocation=metadata"],
        }
    }
}

impl Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, rounds, revived, refused, flushed, clean, leaking, .. } = self;
        write!(
            f,
            "{rounds} rounds, {revived} guests revived, {refused} of them refused at first, {flushed} flushed blocks, none of \
             them lost; not flushed, and lost: "
        )?;
        for format in FORMATS {
            let (lost, all) = self.lost(format);
            write!(f, "{format} {lost} of {all}, ")?;
        }
        write!(f, "{} qcow2 images checked, {leaking} leak clusters, seed {seed}", clean + leaking)
    }
}

impl Display for Life<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (case, _)) in self.disks.iter().enumerate() {
            if number == 0 { write!(f, "{case}") } else { write!(f, " and {}", case.format) }?;
        }
        Ok(())
    }
}

impl Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bus = match self.bus {
            Bus::Virtio => "virtio",
            Bus::Scsi => "scsi",
            Bus::Ide => "ide",
        };
        write!(f, "{bus}, flushes every {}, {}", self.flushes, self.format)
    }
}

impl Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Raw => "raw",
            Self::Qcow2 => "qcow2",
            Self::Preallocated => "qcow2 preallocated",
        })
    }
}
