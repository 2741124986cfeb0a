//! What is measured, beside what, and what it should come to.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::call::Call;
use crate::corpus;
use crate::count::{self, Cost};
use crate::host::{self, Ground, Guest, Host, share_name};
use crate::journal::Journal;
use crate::nothing::Nothing;
use crate::nova::{self, After, Nova};
use crate::pairs::{Pairs, in_turn};

/// One line of the table.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) ours: &'static str,
    pub(crate) beside: &'static str,
    pub(crate) pairs: Pairs,
    pub(crate) goal: Option<Goal>,
    /// Of ours; where it stands in a row above, not again.
    pub(crate) cost: Option<Cost>,
    /// Of what was measured beside it, where that matters.
    pub(crate) beside_cost: Option<Cost>,
}

/// At most so many times what was measured beside it, and so much more.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Goal {
    pub(crate) times: f64,
    pub(crate) and: Duration,
}

impl Row {
    pub(crate) fn meets_its_goal(&self) -> bool {
        self.goal.is_none_or(|goal| self.pairs.within(goal.times, goal.and))
    }
}

pub(crate) const fn at_most(times: f64) -> Goal {
    Goal { times, and: Duration::ZERO }
}

const NEXT_TO_NOTHING: Option<Goal> = Some(at_most(1.5));
const FASTER: Option<Goal> = Some(at_most(1.0));
const AS_FAST_WHEN_THERE_IS_MORE: Option<Goal> = Some(at_most(1.5));
const LITTLE_ABOVE_THE_CLIENT: Option<Goal> =
    Some(Goal { times: 1.2, and: Duration::from_millis(5) });

/// How often each is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// Often enough for numbers to be quoted: minutes.
    Full,
    /// A tenth of it, for a first look.
    Quick,
}

impl Effort {
    pub(crate) const fn rounds(self, full: usize) -> usize {
        match self {
            Self::Full => full,
            Self::Quick => full / 10,
        }
    }
}

/// Measures everything, and says on stderr what it is at.
pub(crate) fn measure(effort: Effort) -> Result<Vec<Row>> {
    let journal = Journal::open()?;
    let ground = Ground::new()?;
    let nothing = Nothing::make(Path::new("/run/bench/nothing"))?;
    let small = ground.host("small", 2)?;
    let mut rows = no_share(&small, &nothing, effort)?;
    let few = [Visitor::warm(&small)?, Visitor::cold(&small)?];
    let [held, alone] = &few;
    rows.extend(beside_client(held, WARM, None, &journal, effort)?);
    rows.extend(beside_client(alone, COLD, LITTLE_ABOVE_THE_CLIENT, &journal, effort)?);
    rows.extend(beside_nova(&small, held, &journal, effort)?);

    let crowded = ground.host("crowded", 2)?;
    crowded.mount_others(2000)?;
    let many_mounts = [Visitor::warm(&crowded)?, Visitor::cold(&crowded)?];
    let [warm, cold] = [
        ["warm prepare, 2,000 other mounts", "warm release, 2,000 other mounts"],
        ["cold prepare, 2,000 other mounts", "cold release, 2,000 other mounts"],
    ];
    rows.extend(larger(warm, WARM, [&many_mounts[0], held], &journal, effort)?);
    // The client has to find its way among them, too.
    rows.extend(beside_client(&many_mounts[1], cold, LITTLE_ABOVE_THE_CLIENT, &journal, effort)?);
    rows.extend(nova_among_others(&crowded, &many_mounts[0], &journal, effort)?);
    let popular = ground.host("popular", 2)?;
    let many_leases = [Visitor::warm(&popular)?, Visitor::cold(&popular)?];
    for number in 1000..2000 {
        let guest = popular.guest(number, &popular.mount_point("gold"))?;
        host::all_succeed([popular.hook("prepare", &guest)])?;
        journal.empty();
    }
    let many = ground.host("many", 500)?;
    let many_shares = [Visitor::warm(&many)?, Visitor::cold(&many)?];
    for (names, beside, [visitor, few]) in [
        (
            ["warm prepare, 1,000 leases", "warm release, 1,000 leases"],
            WARM,
            [&many_leases[0], held],
        ),
        (
            // All of them on another share: one that nobody holds has none.
            ["cold prepare, 1,000 leases", "cold release, 1,000 leases"],
            COLD,
            [&many_leases[1], alone],
        ),
        (["warm prepare, 500 shares", "warm release, 500 shares"], WARM, [&many_shares[0], held]),
        (["cold prepare, 500 shares", "cold release, 500 shares"], COLD, [&many_shares[1], alone]),
    ] {
        rows.extend(larger(names, beside, [visitor, few], &journal, effort)?);
    }
    rows.extend(crowd(&ground.host("busy", SHARES_AT_ONCE)?, &nothing, &journal, effort)?);
    rows.extend(corpus::rows(effort)?);
    Ok(rows)
}

/// A guest without a share, whose images are on the host's own disk.
fn no_share(host: &Host, nothing: &Nothing, effort: Effort) -> Result<Vec<Row>> {
    host.enter()?;
    let guest = host.guest(1, Path::new("/var/lib/libvirt/images"))?;
    let hook = |operation| host.hook(operation, &guest);
    let other = |program| host.other(program, &guest);
    let mut rows = Vec::new();
    for (ours, call, beside, program, rounds, goal) in [
        ("no share: prepare", "prepare", C, &nothing.c, 3000, NEXT_TO_NOTHING),
        ("no share: release", "release", C, &nothing.c, 3000, NEXT_TO_NOTHING),
        ("no share: started", "started", C, &nothing.c, 3000, NEXT_TO_NOTHING),
        ("no share: prepare", "prepare", "C, reads its input", &nothing.c_that_reads, 3000, None),
        ("no share: prepare", "prepare", BASH, &nothing.bash, 1000, FASTER),
        ("no share: prepare", "prepare", BASH_READS, &nothing.bash_that_reads, 1000, FASTER),
        ("no share: release", "release", BASH, &nothing.bash, 1000, FASTER),
        ("no share: prepare", "prepare", PYTHON, &nothing.python, 300, FASTER),
        ("no share: prepare", "prepare", PYTHON_READS, &nothing.python_that_reads, 300, FASTER),
        ("no share: release", "release", PYTHON, &nothing.python, 300, FASTER),
    ] {
        say(beside);
        let (call, program) = (hook(call), other(program));
        let [pairs] =
            in_turn(effort.rounds(rounds), || Ok([call.time()?]), || Ok([program.time()?]))?;
        // Once for each call.
        let cost = if beside == C { Some(count::cost(&call)?) } else { None };
        rows.push(Row { ours, beside, pairs, goal, cost, beside_cost: None });
    }
    Ok(rows)
}

const C: &str = "C, nothing";
const BASH: &str = "bash, nothing";
const BASH_READS: &str = "bash, reads its input";
const PYTHON: &str = "python3, nothing";
const PYTHON_READS: &str = "python3, reads its input";

/// A guest that comes to a host and goes again.
#[derive(Debug)]
struct Visitor<'h> {
    host: &'h Host,
    prepare: Call,
    release: Call,
    share: Visited,
}

/// The share that it is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Visited {
    /// Another guest holds it, so it stays mounted.
    Held,
    /// It is mounted for this guest alone.
    Alone,
}

impl<'h> Visitor<'h> {
    /// On the share `gold`, which another guest holds from now on.
    fn warm(host: &'h Host) -> Result<Self> {
        host.enter()?;
        let gold = host.mount_point("gold");
        host::all_succeed([host.hook("prepare", &host.guest(10, &gold)?)])?;
        Ok(Self::of(host, &host.guest(11, &gold)?, Visited::Held))
    }

    /// On the share `silver`, which nobody holds.
    fn cold(host: &'h Host) -> Result<Self> {
        Ok(Self::of(host, &host.guest(20, &host.mount_point("silver"))?, Visited::Alone))
    }

    fn of(host: &'h Host, guest: &Guest, share: Visited) -> Self {
        let [prepare, release] =
            ["prepare", "release"].map(|operation| host.hook(operation, guest));
        Self { host, prepare, release, share }
    }

    fn come_and_go(&self, journal: &Journal) -> Result<[Duration; 2]> {
        self.host.enter()?;
        let times = [self.prepare.time()?, self.release.time()?];
        if self.share == Visited::Alone {
            host::client_ends()?;
        }
        journal.empty();
        Ok(times)
    }

    fn costs(&self) -> Result<[Cost; 2]> {
        self.host.enter()?;
        // Whoever traces meets every child that ends, the client of a mount of its own as well.
        Ok([count::cost(&self.prepare)?, count::cost(&self.release)?])
    }
}

const WARM: [&str; 2] = ["warm prepare", "warm release"];
const COLD: [&str; 2] = ["cold prepare, mount included", "cold release, unmount included"];

fn beside_client(
    visitor: &Visitor<'_>,
    names: [&'static str; 2],
    goal: Option<Goal>,
    journal: &Journal,
    effort: Effort,
) -> Result<Vec<Row>> {
    say(names[0]);
    let pairs = in_turn(
        effort.rounds(300),
        || visitor.come_and_go(journal),
        || {
            visitor.host.enter()?;
            visitor.host.client_alone("silver")
        },
    )?;
    Ok(rows(names, CLIENT_ALONE, pairs, goal, visitor.costs()?))
}

/// Nova's driver mounts the same volume somewhere else on the same host, by the same client. It counts no guests: its end of a
/// guest whose volume another one uses is an umount that fails.
fn beside_nova(
    host: &Host,
    held: &Visitor<'_>,
    journal: &Journal,
    effort: Effort,
) -> Result<Vec<Row>> {
    if let Some(lacks) = nova::lacks() {
        say(&format!("skipped: Nova's driver: {lacks}"));
        return Ok(Vec::new());
    }
    say("Nova's driver");
    let costs = nova::costs(host, "silver")?.map(Some);
    let mut nova = Nova::on(host, "silver")?;
    let guest = host.guest(30, &host.mount_point("silver"))?;
    let [prepare, release] = ["prepare", "release"].map(|operation| host.hook(operation, &guest));
    let pairs = in_turn(
        effort.rounds(100),
        || {
            let times = [prepare.time()?, release.time()?];
            host::client_ends()?;
            journal.empty();
            Ok(times)
        },
        || {
            let times = [nova.connect()?, nova.disconnect(After::NotMounted)?];
            host::client_ends()?;
            Ok(times)
        },
    )?;
    let mut rows = again(COLD, ["Nova: connect", "Nova: disconnect"], pairs, costs);
    nova.connect()?;
    let used = nova.use_volume()?;
    let pairs = in_turn(
        effort.rounds(100),
        || held.come_and_go(journal),
        || Ok([nova.connect()?, nova.disconnect(After::Mounted)?]),
    )?;
    drop(used);
    nova.disconnect(After::NotMounted)?;
    host::client_ends()?;
    let beside = ["Nova: connect, mounted", "Nova: disconnect, in use"];
    rows.extend(again(WARM, beside, pairs, [None, None]));
    Ok(rows)
}

fn nova_among_others(
    host: &Host,
    held: &Visitor<'_>,
    journal: &Journal,
    effort: Effort,
) -> Result<Vec<Row>> {
    if nova::lacks().is_some() {
        return Ok(Vec::new());
    }
    say("Nova's driver, 2,000 other mounts");
    let mut nova = Nova::on(host, "silver")?;
    nova.connect()?;
    let pairs = in_turn(
        effort.rounds(100),
        || held.come_and_go(journal),
        || Ok([nova.connect()?, nova.connect()?]),
    )?;
    nova.disconnect(After::NotMounted)?;
    host::client_ends()?;
    let [prepare, _] = pairs;
    let beside = ["Nova: connect, 2,000 other mounts"];
    Ok(again(["warm prepare, 2,000 other mounts"], beside, [prepare], [None]))
}

/// Rows about what has its own cost in a row above.
fn again<const N: usize>(
    ours: [&'static str; N],
    beside: [&'static str; N],
    pairs: [Pairs; N],
    beside_costs: [Option<Cost>; N],
) -> Vec<Row> {
    let names = ours.into_iter().zip(beside);
    let measured = pairs.into_iter().zip(beside_costs);
    names
        .zip(measured)
        .map(|((ours, beside), (pairs, beside_cost))| Row {
            ours,
            beside,
            pairs,
            goal: None,
            cost: None,
            beside_cost,
        })
        .collect()
}

const SHARES_AT_ONCE: usize = 10;
const GUESTS_AT_ONCE: u32 = 200;

/// A host that starts all its guests at once and ends them at once, beside all that cannot be spared, one after the other: the
/// clients alone, and a program that does nothing for each guest.
fn crowd(host: &Host, nothing: &Nothing, journal: &Journal, effort: Effort) -> Result<Vec<Row>> {
    say("200 guests on 10 shares at once");
    host.enter()?;
    let shares: Vec<String> = (0..SHARES_AT_ONCE).map(share_name).collect();
    let guests: Vec<Guest> = (0..GUESTS_AT_ONCE)
        .zip(shares.iter().cycle())
        .map(|(number, share)| host.guest(number, &host.mount_point(share)))
        .collect::<Result<_>>()?;
    let calls = |operation| -> Vec<Call> {
        guests.iter().map(|guest| host.hook(operation, guest)).collect()
    };
    let [prepares, releases] = ["prepare", "release"].map(calls);
    let bare: Vec<Call> = guests.iter().map(|guest| host.other(&nothing.c, guest)).collect();
    let pairs = in_turn(
        effort.rounds(50),
        || {
            let times = [at_once(&prepares, journal)?, at_once(&releases, journal)?];
            shares.iter().try_for_each(|_| host::client_ends())?;
            Ok(times)
        },
        || {
            let mut times = [Duration::ZERO; 2];
            for time in &mut times {
                *time = bare.iter().map(Call::time).sum::<Result<Duration>>()?;
            }
            for share in &shares {
                let [mounted, unmounted] = host.client_alone(share)?;
                times[0] += mounted;
                times[1] += unmounted;
            }
            Ok(times)
        },
    )?;
    Ok(again(
        ["200 prepares at once, 10 shares", "200 releases at once, 10 shares"],
        ["10 mounts and 200 C, in turn", "10 umounts and 200 C, in turn"],
        pairs,
        [None, None],
    ))
}

/// How long calls take that are started at once, until the last one has ended.
fn at_once(calls: &[Call], journal: &Journal) -> Result<Duration> {
    let begun = Instant::now();
    let started: Vec<_> =
        calls.iter().map(|call| Ok((call, call.start()?))).collect::<Result<_>>()?;
    for (call, process) in started {
        // The socket has room for a few of them only.
        journal.empty();
        call.finish(process)?;
    }
    Ok(begun.elapsed())
}

const CLIENT_ALONE: [&str; 2] = ["client alone: mount", "client alone: umount"];

/// The same on a host where there is more of something, beside the small host.
fn larger(
    names: [&'static str; 2],
    beside: [&'static str; 2],
    [visitor, few]: [&Visitor<'_>; 2],
    journal: &Journal,
    effort: Effort,
) -> Result<Vec<Row>> {
    say(names[0]);
    let pairs =
        in_turn(effort.rounds(300), || visitor.come_and_go(journal), || few.come_and_go(journal))?;
    let costs = visitor.costs().context(names[0])?;
    Ok(rows(names, beside, pairs, AS_FAST_WHEN_THERE_IS_MORE, costs))
}

pub(crate) fn say(what: &str) {
    eprintln!("bench: measuring: {what}");
}

fn rows<const N: usize>(
    ours: [&'static str; N],
    beside: [&'static str; N],
    pairs: [Pairs; N],
    goal: Option<Goal>,
    costs: [Cost; N],
) -> Vec<Row> {
    let names = ours.into_iter().zip(beside);
    let measured = pairs.into_iter().zip(costs);
    names
        .zip(measured)
        .map(|((ours, beside), (pairs, cost))| Row {
            ours,
            beside,
            pairs,
            goal,
            cost: Some(cost),
            beside_cost: None,
        })
        .collect()
}
