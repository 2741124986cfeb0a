//! Ends that take their time: libvirtd handles the end of every guest on one thread, so a release that waits holds up all
//! the others. It must let them go on soon, and the daemon must answer meanwhile.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::scenarios;
use crate::checksum::md5;
use crate::guest::{Cache, Guest, Spec};
use crate::host::Host;
use crate::leases::{self, STATE};
use crate::runner::Verdict;
use crate::share::{self, Share};

scenarios!("bounded end", WithProduct:
    an_end_on_a_share_that_is_locked_lets_other_guests_end,
    an_end_on_a_share_that_hangs_lets_other_guests_end,
);

const DEADLINE: Duration = Duration::from_secs(4);

/// What the end of a guest takes besides its release, and what an answer of the daemon takes, on a loaded machine.
const SLACK: Duration = Duration::from_secs(5);

/// The guests' names; the first one's end takes its time.
const SLOW: &str = "bounded-slow";

/// libvirtd calls the hooks in the order of their names, so this one comes before the product's.
const EARLIER_HOOK: &str = "/etc/libvirt/hooks/qemu.d/a-client-that-hangs";

fn an_end_on_a_share_that_is_locked_lets_other_guests_end(host: &Host) -> Result<Verdict> {
    let shares = [Share::new(host, SLOW)?, Share::new(host, "bounded-other")?];
    let guests = running_guests(host, &shares)?;
    let lock = format!("{STATE}/{}.lock", md5(shares[0].export()));
    let holder = host.command("flock").args([&lock, "sleep", "120"]).start()?;
    while host.command("flock").args(["--nonblock", &lock, "true"]).run()?.succeeded() {
        thread::sleep(Duration::from_millis(20));
    }
    let verdict = ends_one_after_the_other(host, &guests, &shares)?;
    shares[0].is_mounted()?;
    // Killed with all that has the lock.
    drop(holder);

    // The word that it left is taken by the next guest that comes and goes.
    guests[0].start()?;
    guests[0].virsh("destroy")?.done()?;
    guests[0].wait_until_off()?;
    shares[0].is_not_mounted()?;
    leases::forgot(host, &guests[0])?;
    Ok(verdict)
}

/// The client hangs from the release on: before, libvirtd itself would wait for it, with the image's labels.
fn an_end_on_a_share_that_hangs_lets_other_guests_end(host: &Host) -> Result<Verdict> {
    let shares = [Share::new(host, SLOW)?, Share::new(host, "bounded-other")?];
    let guests = running_guests(host, &shares)?;
    let client = format!("mount.quobyte.*{}", shares[0].mount_point());
    let stop = format!(
        "#!/bin/sh\ntest \"$1 $2\" != '{SLOW} release' || pkill -STOP -f '{client}'\nexit 0\n"
    );
    host.write(EARLIER_HOOK, stop)?;
    host.command("chmod").args(["0755", EARLIER_HOOK]).done()?;
    let verdict = ends_one_after_the_other(host, &guests, &shares)?;
    host.remove(EARLIER_HOOK)?;
    // Nobody needs the client for the unmount, and it is not waited for beyond a bound.
    shares[0].is_not_mounted()?;
    leases::forgot(host, &guests[0])?;
    host.command("pkill").args(["-CONT", "-f", &client]).done()?;
    Ok(verdict)
}

/// A guest on each share, and one on none: all of them run.
fn running_guests<'h>(host: &'h Host, shares: &[Share<'h>; 2]) -> Result<[Guest<'h>; 3]> {
    let settings = format!("[deadlines]\nunmount = \"{}s\"\n", DEADLINE.as_secs());
    share::configure(host, &settings, &[&shares[0], &shares[1]])?;
    let on = |share: &Share| {
        let image = share.image("disk.img")?;
        Guest::define(host, Spec::named(share.name())?.disk(&image, Cache::None))
    };
    let bystander = Guest::define(host, Spec::named("bounded-bystander")?)?;
    let guests = [on(&shares[0])?, on(&shares[1])?, bystander];
    guests.iter().try_for_each(Guest::start)?;
    Ok(guests)
}

/// Ends the first guest, and the second one while the first one's release runs, and asks after the third all the time.
fn ends_one_after_the_other(
    host: &Host,
    [slow, other, bystander]: &[Guest; 3],
    shares: &[Share; 2],
) -> Result<Verdict> {
    slow.kill_qemu()?;
    let release = format!("virt-quobyte {SLOW} release");
    let releasing =
        || Ok::<_, anyhow::Error>(host.command("pgrep").args(["-f", &release]).run()?.succeeded());
    let begun = Instant::now();
    while !releasing()? {
        ensure!(begun.elapsed() < SLACK, "no release of the killed guest");
        thread::sleep(Duration::from_millis(5));
    }
    let begun = Instant::now();
    other.kill_qemu()?;
    let (mut state, mut list) = (Duration::ZERO, Duration::ZERO);
    let mut asked_meanwhile = 0;
    loop {
        let asked = Instant::now();
        ensure!(bystander.state()? == "running", "the bystander stopped");
        state = state.max(asked.elapsed());
        asked_meanwhile += u32::from(releasing()?);
        let asked = Instant::now();
        let listed = host.command("virsh").args(["list", "--all", "--name", "--state-running"]);
        let running = listed.succeeds()?.stdout_text();
        list = list.max(asked.elapsed());
        if !running.lines().any(|name| name == other.name()) {
            break;
        }
        ensure!(
            begun.elapsed() < DEADLINE + SLACK,
            "after {:?} libvirtd has not handled the other guest's end",
            begun.elapsed()
        );
    }
    let ended = begun.elapsed();
    slow.wait_until_off()?;
    other.wait_until_off()?;
    shares[1].is_not_mounted()?;
    leases::forgot(host, other)?;
    ensure!(asked_meanwhile > 0, "the release was over too early to tell");
    ensure!(ended < DEADLINE + SLACK, "the other guest's end took {ended:?}");
    ensure!(state < Duration::from_secs(2), "domstate of a bystander took {state:?}");
    ensure!(list < DEADLINE + SLACK, "virsh list took {list:?}");
    Ok(Verdict::Measured(format!(
        "the other guest's end took {ended:.1?}; at most {state:.1?} for domstate, {list:.1?} for list"
    )))
}
