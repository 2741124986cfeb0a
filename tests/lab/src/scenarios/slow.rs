//! Clients that take their time, keep what is not theirs, or never answer: a start waits as long as
//! configured, and nobody else waits.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::refusal::{refused_within, says};
use super::scenarios;
use super::start::guest_on_share;
use crate::guest::{Cache, Guest, Spec};
use crate::host::{Host, Output, Running};
use crate::leases;
use crate::libvirt::Daemon;
use crate::runner::Verdict;
use crate::share::{self, Share};

scenarios!("slow client", WithProduct:
    a_mount_that_takes_its_time_is_waited_for,
    a_client_that_keeps_the_hooks_pipes_delays_nothing,
    a_client_that_never_returns_is_given_up_while_other_guests_answer,
    a_hung_share_is_refused_within_the_probes_deadline_while_other_guests_answer,
);

/// What a start takes besides its mount, on a loaded machine.
const START: Duration = Duration::from_secs(8);

fn a_mount_that_takes_its_time_is_waited_for(host: &Host) -> Result<Verdict> {
    let (share, guest) = guest_on_share(host, "slow", |spec| spec)?;
    share::client(host, "mount_delay = \"3s\"\n")?;
    let start = guest.virsh("start")?.success()?;
    ensure!(start.elapsed > Duration::from_secs(3), "faster than the mount: {start}");
    share.is_mounted()?;
    Ok(started(&start))
}

fn a_client_that_keeps_the_hooks_pipes_delays_nothing(host: &Host) -> Result<Verdict> {
    let (share, guest) = guest_on_share(host, "keeps", |spec| spec)?;
    share::client(host, "stdio = \"keep\"\n")?;
    let start = guest.virsh("start")?.success()?;
    ensure!(start.elapsed < START, "libvirt waited for the client's daemon: {start}");
    share.is_mounted()?;
    Ok(started(&start))
}

fn a_client_that_never_returns_is_given_up_while_other_guests_answer(
    host: &Host,
) -> Result<Verdict> {
    let share = Share::new(host, "never")?;
    share::configure(host, "[deadlines]\nmount = \"5s\"\n", &[&share])?;
    share::client(host, "mount = \"never-returns\"\n")?;
    let other = Guest::define(host, Spec::named("other")?)?;
    other.start()?;
    let guest =
        Guest::define(host, Spec::named("never")?.disk(&share.image("disk.img")?, Cache::None))?;

    let mut start = guest.starting()?;
    at_once_until_the_end_of(&mut start, &[&other])?;
    let told = refused_within(host, &guest, start.wait()?, Duration::from_secs(5) + START)?;
    ensure!(told.elapsed > Duration::from_secs(4), "given up before the deadline of 5 s: {told}");
    says(&told, &["never", "5s"])
}

/// Who is asked after: a guest that has nothing to do with the share, and one whose disk is on it.
fn a_hung_share_is_refused_within_the_probes_deadline_while_other_guests_answer(
    host: &Host,
) -> Result<Verdict> {
    let share = Share::new(host, "hung")?;
    share::configure(host, "[deadlines]\nprobe = \"2s\"\n", &[&share])?;
    let [first, second] = ["hung-1", "hung-2"].map(|name| {
        let image = share.image(&format!("{name}.img"))?;
        Guest::define(host, Spec::named(name)?.disk(&image, Cache::None))
    });
    let (first, second) = (first?, second?);
    let other = Guest::define(host, Spec::named("hung-other")?)?;
    first.start()?;
    other.start()?;
    let mount = share.mounts()?;

    share::client(host, "answers = \"hang\"\n")?;
    let mut start = second.starting()?;
    let slowest = at_once_until_the_end_of(&mut start, &[&other, &first])?;
    let told = start.wait()?.failure()?;
    let left = Left::all(host)?;
    share::client(host, "answers = \"normal\"\n")?;
    ensure!(told.elapsed < Duration::from_secs(2) + START, "the refusal took too long: {told}");
    says(&told, &["hung", "Hook script execution failed"])?;
    let of_libvirt = pipes_of_libvirt(host)?;
    for process in &left {
        process.is_in_nobodys_way(&of_libvirt)?;
    }
    Left::wait_for_the_end_of_all(host)?;
    leases::forgot(host, &second)?;
    leases::name(host, &first)?;
    ensure!(share.mounts()? == mount, "the hung mount was touched");

    first.virsh("destroy")?.done()?;
    first.wait_until_off()?;
    share.is_not_mounted()?;
    Ok(Verdict::Measured(format!(
        "1 start, refused after {:.1?}; other guests' states took {slowest:.1?} at most; left behind until the client answered: {left:?}",
        told.elapsed
    )))
}

/// Asks libvirt after guests that run for as long as another one starts, and returns the longest that an answer took.
fn at_once_until_the_end_of(start: &mut Running, others: &[&Guest]) -> Result<Duration> {
    let mut slowest = Duration::ZERO;
    let mut rounds = 0;
    while !start.has_ended()? {
        for other in others {
            let asked = Instant::now();
            ensure!(other.state()? == "running", "{} stopped", other.name());
            slowest = slowest.max(asked.elapsed());
        }
        ensure!(slowest < Duration::from_secs(2), "another guest's state took {slowest:?}");
        rounds += 1;
    }
    ensure!(
        rounds >= 3,
        "the start ended too early to tell: others were asked after {rounds} times"
    );
    Ok(slowest)
}

const HOOK: &str = "/usr/sbin/virt-quobyte-hook";

/// A process of the hook's program that is there after libvirt has got its answer.
struct Left {
    pid: String,
    /// As in `/proc/PID/stat`; D is one that not even SIGKILL ends.
    state: String,
    parent: String,
    arguments: Vec<String>,
    pipes: BTreeSet<String>,
}

impl Left {
    fn all(host: &Host) -> Result<Vec<Self>> {
        let proc = host.outside("/proc");
        let entries = fs::read_dir(&proc).context("the host's /proc")?;
        let hooks = entries.filter_map(|entry| {
            let process = entry.ok()?.path();
            let exe = fs::read_link(process.join("exe")).ok()?;
            exe.to_string_lossy().starts_with(HOOK).then_some(process)
        });
        // One that ends meanwhile is not left.
        Ok(hooks.filter_map(|process| Self::of(&process).ok()).collect())
    }

    fn of(process: &Path) -> Result<Self> {
        let status = fs::read_to_string(process.join("status"))?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|line| line.split_whitespace().next()).unwrap_or_default().to_owned()
        };
        let words = fs::read(process.join("cmdline"))?;
        let words = words.split(|&byte| byte == 0).filter(|word| !word.is_empty()).skip(1);
        Ok(Self {
            pid: field("Pid:"),
            state: field("State:"),
            parent: field("PPid:"),
            arguments: words.map(|word| String::from_utf8_lossy(word).into_owned()).collect(),
            pipes: pipes(process)?,
        })
    }

    /// It is the child that asked the client, and libvirt neither waits for it nor reads from it.
    fn is_in_nobodys_way(&self, of_libvirt: &BTreeSet<String>) -> Result<()> {
        let asks = self.arguments.first().is_some_and(|word| word.starts_with("--look-at-"));
        ensure!(asks, "a hook is left that has not ended: {self:?}");
        ensure!(self.parent == "1", "somebody waits for {self:?}: process {}", self.parent);
        let shared: Vec<_> = self.pipes.intersection(of_libvirt).collect();
        ensure!(shared.is_empty(), "{self:?} holds {shared:?}, which libvirt has as well");
        Ok(())
    }

    fn wait_for_the_end_of_all(host: &Host) -> Result<()> {
        let until = Instant::now() + START;
        loop {
            let left = Self::all(host)?;
            if left.is_empty() {
                return Ok(());
            }
            ensure!(Instant::now() < until, "the client answers, and {left:?} do not end");
            thread::sleep(Duration::from_millis(50));
        }
    }
}

impl fmt::Debug for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pid, state, parent, arguments, pipes } = self;
        write!(
            f,
            "{} (pid {pid}, state {state}, parent {parent}, {} pipes)",
            arguments.join(" "),
            pipes.len()
        )
    }
}

/// The pipes that libvirt's daemon has an end of.
fn pipes_of_libvirt(host: &Host) -> Result<BTreeSet<String>> {
    let name = Daemon::chosen()?.name();
    let pid = host.command("pidof").args(["-s", name]).succeeds()?.stdout_text();
    pipes(&host.outside("/proc").join(pid.trim()))
}

fn pipes(process: &Path) -> Result<BTreeSet<String>> {
    let mut pipes = BTreeSet::new();
    for descriptor in fs::read_dir(process.join("fd"))? {
        // One that was closed meanwhile is no end of anything.
        let Ok(target) = fs::read_link(descriptor?.path()) else { continue };
        let target = target.to_string_lossy();
        if target.starts_with("pipe:") {
            pipes.insert(target.into_owned());
        }
    }
    Ok(pipes)
}

fn started(start: &Output) -> Verdict {
    Verdict::Measured(format!("1 start, done after {:.1?}", start.elapsed))
}
