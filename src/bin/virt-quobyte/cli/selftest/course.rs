//! The questions, in their order: first what harms nothing, at last the client's death.

use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use virt_quobyte::host::deadline::Deadline;
use virt_quobyte::host::process;
use virt_quobyte::host::trial::{self, Trial};
use virt_quobyte::selftest::{
    Answer, Daemon, DaemonEnd, Death, Second, Seen, Start, TakenDown, Usable, Why,
};

use super::bench::{At, Bench};
use super::spot::LOOK_AGAIN;

/// Asks everything, and notes what is seen as it comes: an error, and a signal, leave what there is.
pub(super) fn walk(bench: &mut Bench<'_>, seen: &mut Seen) -> Result<()> {
    let first = bench.add("first")?;
    seen.start = unless_over(bench, |bench| bench.start(first))?;
    seen.home = bench.spot(first).home();
    seen.line = bench.spot(first).stack()?.top.map(|(_, line)| line);
    match &seen.start {
        Answer::Saw(start) if answers(start) => {}
        Answer::Saw(_) => {
            *seen = Seen {
                start: seen.start.clone(),
                line: seen.line.clone(),
                ..Seen::nothing(&seen.registries, &Why::NotMounted)
            };
            return Ok(());
        }
        Answer::Silent { .. } | Answer::Unasked(_) => return Ok(()),
    }
    seen.daemons = daemons(bench, first)?;
    seen.root = bench.ask(&Trial::Root(bench.ground(first)?))?;
    files(bench, first, seen)?;
    apart(bench, first, seen)?;
    bad_starts(bench, first, seen)?;
    end(bench, first, seen)
}

fn answers(start: &Start) -> bool {
    start.returned.is_ok() && matches!(start.usable, Usable::AtOnce | Usable::After(_))
}

/// Does a step, unless there is a reason to do none.
fn unless_over<'a, T>(
    bench: &mut Bench<'a>,
    step: impl FnOnce(&mut Bench<'a>) -> Result<T>,
) -> Result<Answer<T>> {
    Ok(match bench.why_not() {
        Some(why) => Answer::Unasked(why),
        None => Answer::Saw(step(bench)?),
    })
}

fn daemons(bench: &mut Bench<'_>, at: At) -> Result<Answer<Vec<Daemon>>> {
    unless_over(bench, |bench| {
        let found = trial::daemons(&bench.spot(at).share, Deadline::after(PROCESSES))?;
        Ok(found.unwrap_or_default())
    })
}

/// How long the processes of this host are looked at.
const PROCESSES: Duration = Duration::from_secs(5);

/// What an image must take.
fn files(bench: &mut Bench<'_>, at: At, seen: &mut Seen) -> Result<()> {
    let ground = bench.ground(at)?;
    bench.has_scratch = bench.why_not().is_none();
    seen.scratch = bench.ask(&Trial::MakeScratch(ground.clone()))?;
    if let Answer::Saw(Err(_)) = seen.scratch {
        bench.has_scratch = false;
        let none = Seen::nothing("", &Why::NoScratch);
        (seen.direct_io, seen.space) = (none.direct_io, none.space);
        (seen.locks, seen.locks_apart) = (none.locks, none.locks_apart);
        (seen.owner, seen.attribute) = (none.owner, none.attribute);
        seen.name_apart = none.name_apart;
        return Ok(());
    }
    seen.direct_io = bench.ask(&Trial::DirectIo(ground.clone()))?;
    seen.space = bench.ask(&Trial::Space(ground.clone()))?;
    let (held, wanted) = (ground.clone(), ground.clone());
    seen.locks = bench.ask(&Trial::Locks { held, wanted })?;
    seen.owner = bench.ask(&Trial::Owner(ground.clone()))?;
    seen.attribute = bench.ask(&Trial::Attribute(ground))?;
    Ok(())
}

/// What two clients see of each other.
fn apart(bench: &mut Bench<'_>, first: At, seen: &mut Seen) -> Result<()> {
    if !bench.has_scratch {
        return Ok(());
    }
    let second = bench.add("second")?;
    match unless_over(bench, |bench| bench.start(second))? {
        Answer::Saw(start) if answers(&start) => {
            let (held, wanted) = (bench.ground(first)?, bench.ground(second)?);
            seen.locks_apart = bench.ask(&Trial::Locks { held, wanted })?;
            let (seen_at, made) = (bench.ground(first)?, bench.ground(second)?);
            let within = bench.settings.deadlines.probe / 2;
            seen.name_apart = bench.ask(&Trial::NameApart { made, seen: seen_at, within })?;
        }
        Answer::Saw(_) | Answer::Silent { .. } => {
            seen.locks_apart = Answer::Unasked(Why::NoSecond);
            seen.name_apart = Answer::Unasked(Why::NoSecond);
        }
        Answer::Unasked(why) => {
            seen.locks_apart = Answer::Unasked(why.clone());
            seen.name_apart = Answer::Unasked(why);
        }
    }
    let _once_more_at_the_end = bench.take_down(second);
    Ok(())
}

/// Starts that should fail.
fn bad_starts(bench: &mut Bench<'_>, first: At, seen: &mut Seen) -> Result<()> {
    seen.on_top = unless_over(bench, |bench| {
        let on_top = bench.start_badly(first)?;
        for _ in 0..on_top.more {
            let deadline = Deadline::after(bench.settings.deadlines.unmount);
            let unmounted = bench.spot(first).unmount(deadline)?;
            unmounted.map_err(|why| anyhow!("cannot unmount a second mount: {why}"))?;
        }
        Ok(on_top)
    })?;
    let on_file = bench.add("with-a-file")?;
    bench.put_file(on_file)?;
    seen.on_file = bad_start(bench, on_file)?;
    let nowhere = bench.add_nowhere("nowhere")?;
    seen.nowhere = bad_start(bench, nowhere)?;
    Ok(())
}

fn bad_start(bench: &mut Bench<'_>, at: At) -> Result<Answer<Second>> {
    let started = unless_over(bench, |bench| bench.start_badly(at))?;
    let _once_more_at_the_end = bench.take_down(at);
    Ok(started)
}

/// The unmount, another mount, and the death of its client.
fn end(bench: &mut Bench<'_>, at: At, seen: &mut Seen) -> Result<()> {
    if bench.has_scratch && bench.why_not().is_none() {
        let _once_more_at_the_end = bench.remove_scratch(at);
    }
    let known = match &seen.daemons {
        Answer::Saw(daemons) => daemons.iter().map(|daemon| daemon.pid).collect(),
        Answer::Silent { .. } | Answer::Unasked(_) => Vec::new(),
    };
    seen.taken_down = unless_over(bench, |bench| take_down(bench, at, &known))?;
    let is_down = matches!(&seen.taken_down, Answer::Saw(taken) if taken.unmount.is_ok());
    if !is_down {
        let why = bench.why_not().unwrap_or(Why::NotMounted);
        seen.again = Answer::Unasked(why.clone());
        seen.death = Answer::Unasked(why);
        return Ok(());
    }
    seen.again = unless_over(bench, |bench| bench.start(at))?;
    seen.death = match &seen.again {
        Answer::Saw(start) if answers(start) => death(bench, at)?,
        Answer::Saw(_) => Answer::Unasked(Why::NotMounted),
        Answer::Silent { .. } => Answer::Unasked(Why::WasSilent),
        Answer::Unasked(why) => Answer::Unasked(why.clone()),
    };
    Ok(())
}

/// Unmounts, and waits until these processes have ended.
fn take_down(bench: &mut Bench<'_>, at: At, known: &[u32]) -> Result<TakenDown> {
    let deadline = Deadline::after(bench.settings.deadlines.unmount);
    let since: Vec<_> = known.iter().map(|&pid| (pid, process::start_time(pid))).collect();
    let lives =
        || since.iter().any(|(pid, start)| start.is_some() && process::start_time(*pid) == *start);
    let is_known = lives();
    let unmount = bench.spot(at).unmount(deadline)?;
    let begun = Instant::now();
    while unmount.is_ok() && lives() && !deadline.is_over() {
        std::thread::sleep(LOOK_AGAIN);
    }
    let daemon = match (is_known, lives()) {
        (false, _) => DaemonEnd::Unknown,
        (true, true) => DaemonEnd::NotWithin(begun.elapsed()),
        (true, false) => DaemonEnd::After(begun.elapsed()),
    };
    Ok(TakenDown { unmount, daemon })
}

fn death(bench: &mut Bench<'_>, at: At) -> Result<Answer<Death>> {
    if let Some(why) = bench.why_not() {
        return Ok(Answer::Unasked(why));
    }
    let ground = bench.ground(at)?;
    bench.spot(at).kill().map_err(|why| anyhow!("cannot kill the trial's own client: {why}"))?;
    let is_mounted = bench.spot(at).stack()?.mounts > 0;
    if !is_mounted {
        return Ok(Answer::Saw(Death { is_mounted, accesses: Vec::new() }));
    }
    Ok(match bench.ask(&Trial::Accesses(ground))? {
        Answer::Saw(accesses) => Answer::Saw(Death { is_mounted, accesses }),
        Answer::Silent { waited } => Answer::Silent { waited },
        Answer::Unasked(why) => Answer::Unasked(why),
    })
}
