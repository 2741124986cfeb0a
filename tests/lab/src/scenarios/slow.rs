//! Clients that take their time, keep what is not theirs, or never answer: a start waits as long as
//! configured, and nobody else waits.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::refusal::{refused_within, says};
use super::scenarios;
use super::start::guest_on_share;
use crate::guest::{Cache, Guest, Spec};
use crate::host::{Host, Output};
use crate::leases;
use crate::runner::Verdict;
use crate::share::{self, Share};

scenarios!("slow client", WithProduct:
    a_mount_that_takes_its_time_is_waited_for,
    a_client_that_keeps_the_hooks_pipes_delays_nothing,
    a_client_that_never_returns_is_given_up_while_other_guests_answer,
    a_hung_share_is_refused_within_the_probes_deadline,
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
    let mut answers = 0;
    while !start.has_ended()? {
        let asked = Instant::now();
        ensure!(other.state()? == "running", "the other guest stopped");
        ensure!(
            asked.elapsed() < Duration::from_secs(2),
            "the other guest's state took {:?}",
            asked.elapsed()
        );
        answers += 1;
    }
    ensure!(
        answers >= 3,
        "the start ended too early to tell: the other guest answered {answers} times"
    );
    let told = refused_within(host, &guest, start.wait()?, Duration::from_secs(5) + START)?;
    ensure!(told.elapsed > Duration::from_secs(4), "given up before the deadline of 5 s: {told}");
    says(&told, &["never", "5s"])
}

fn a_hung_share_is_refused_within_the_probes_deadline(host: &Host) -> Result<Verdict> {
    let share = Share::new(host, "hung")?;
    share::configure(host, "[deadlines]\nprobe = \"2s\"\n", &[&share])?;
    let [first, second] = ["hung-1", "hung-2"].map(|name| {
        let image = share.image(&format!("{name}.img"))?;
        Guest::define(host, Spec::named(name)?.disk(&image, Cache::None))
    });
    let (first, second) = (first?, second?);
    first.start()?;
    let mount = share.mounts()?;

    share::client(host, "answers = \"hang\"\n")?;
    let told = second.virsh("start")?.failure()?;
    share::client(host, "answers = \"normal\"\n")?;
    ensure!(told.elapsed < Duration::from_secs(2) + START, "the refusal took too long: {told}");
    let verdict = says(&told, &["hung", "Hook script execution failed"])?;
    leases::forgot(host, &second)?;
    leases::name(host, &first)?;
    ensure!(share.mounts()? == mount, "the hung mount was touched");

    first.virsh("destroy")?.done()?;
    first.wait_until_off()?;
    share.is_not_mounted()?;
    Ok(verdict)
}

fn started(start: &Output) -> Verdict {
    Verdict::Measured(format!("1 start, done after {:.1?}", start.elapsed))
}
