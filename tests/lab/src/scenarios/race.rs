//! Two administrators at one guest: `attach` and `detach` at once, started so that they meet in different places.

use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::hot_plug::{end_of, guest_without_share};
use super::scenarios;
use crate::guest::Guest;
use crate::host::{Ended, Host, Output, Running};
use crate::leases;
use crate::runner::Verdict;
use crate::share::Share;

scenarios!("hot-plug race", WithProduct:
    of_two_commands_for_one_target_one_is_done,
);

/// How much later than the first command the second one starts.
const LATER: [Duration; 3] = [Duration::ZERO, Duration::from_millis(30), Duration::from_millis(60)];

fn of_two_commands_for_one_target_one_is_done(host: &Host) -> Result<Verdict> {
    let (share, guest) = writing_guest(host, "twice")?;
    for later in LATER {
        let first = attach(host, &guest, &share, "vdb")?;
        thread::sleep(later);
        let second = attach(host, &guest, &share, "vdb")?;
        let both = [first.wait()?, second.wait()?];
        let done = both.iter().filter(|said| said.succeeded()).count();
        ensure!(done == 1, "{done} of two are done: {both:?}");
        let refused = both.iter().all(|said| matches!(said.ended, Ended::Exit(0 | 1)));
        ensure!(refused, "one is neither done nor refused: {both:?}");
        share.is_mounted()?;
        leases::name(host, &guest)?;
        guest.wait_for_blocks_on("vdb", guest.blocks("vdb")? + 1)?;

        let first = detach(host, &guest, "vdb")?;
        thread::sleep(later);
        let second = detach(host, &guest, "vdb")?;
        let both = [first.wait()?, second.wait()?];
        ensure!(both.iter().any(Output::succeeded), "neither is done: {both:?}");
        ensure!(targets(&guest)? == ["vda"], "{:?}: {both:?}", targets(&guest)?);
        share.is_not_mounted()?;
        leases::forgot(host, &guest)?;
    }
    end_of(host, &guest)?;
    Ok(Verdict::Passed)
}

fn writing_guest<'h>(host: &'h Host, name: &str) -> Result<(Share<'h>, Guest<'h>)> {
    let (share, guest) =
        guest_without_share(host, name, |spec| spec.writes(4000, "0.1").watches_for_disks())?;
    share.image("vdb.img")?;
    guest.start_and_write(3)?;
    Ok((share, guest))
}

fn attach(host: &Host, guest: &Guest, share: &Share, target: &str) -> Result<Running> {
    let image = format!("{target}.img");
    let words = ["attach", guest.name(), "--share", share.name(), "--image", &image];
    host.command("virt-quobyte").args(words).args(["--target", target]).start()
}

fn detach(host: &Host, guest: &Guest, target: &str) -> Result<Running> {
    host.command("virt-quobyte").args(["detach", guest.name(), target]).start()
}

/// Of the disks that libvirt says it has.
fn targets(guest: &Guest) -> Result<Vec<String>> {
    let list = guest.virsh("domblklist")?.success()?.stdout_text();
    let words = list.lines().skip(2).filter_map(|line| line.split_whitespace().next());
    Ok(words.map(str::to_owned).collect())
}
