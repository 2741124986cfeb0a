//! A guest that sleeps: while it is a file it holds no share, and it wakes up with its share and all of its blocks, on another host
//! or after its host's power was cut, too.

use anyhow::{Result, ensure};

use super::migrate::{at_rest, ended, writer};
use super::scenarios;
use crate::guest::{Cache, Guest, Spec};
use crate::pair::Pair;
use crate::runner::Verdict;
use crate::settled::settled;
use crate::share::{self, Share, VOLUMES};

scenarios!("two hosts", OnTwoHosts:
    a_saved_guest_holds_nothing_and_is_restored_here_and_elsewhere,
    a_host_that_lost_its_power_wakes_its_saved_guest_and_starts_the_one_that_starts_by_itself,
);

fn a_saved_guest_holds_nothing_and_is_restored_here_and_elsewhere(
    pair: &mut Pair,
) -> Result<Verdict> {
    let (shares, guest) = writer(pair, "saved")?;
    let file = format!("{VOLUMES}/saved.save");
    guest.start_and_write(5)?;
    for host in pair.hosts() {
        guest.does("save", &[&file])?;
        ensure!(guest.state()? == "shut off", "a saved guest is {}", guest.state()?);
        at_rest(pair, &shares)?;
        host.command("virsh").args(["restore", &file]).done()?;
        let guest = guest.on(host);
        let written = guest.blocks("vda")?;
        guest.wait_for_blocks(written + 5)?;
        at_rest(pair, &shares)?;
    }
    pair.right().remove(&file)?;
    let blocks = ended(pair, &shares, &guest)?;
    Ok(Verdict::Measured(format!("2 restores, {blocks} blocks verified")))
}

fn a_host_that_lost_its_power_wakes_its_saved_guest_and_starts_the_one_that_starts_by_itself(
    pair: &mut Pair,
) -> Result<Verdict> {
    let names = ["sleeper", "riser"];
    let shares = names.map(|name| Share::new(pair.left(), name));
    let [sleeping, rising] = shares;
    let (sleeping, rising) = (sleeping?, rising?);
    share::configure(pair.left(), "", &[&sleeping, &rising])?;
    let specs = [&sleeping, &rising].map(|share| {
        let disk = share.image("disk.img")?;
        let spec = Spec::named(share.name())?.disk(&disk, Cache::None);
        Ok::<_, anyhow::Error>(spec.writes(4000, "0.05").console_for_all_hosts())
    });
    let [sleeper, riser] = specs;
    let (sleeper, riser) = (sleeper?, riser?);
    let written = {
        let guests = [&sleeper, &riser].map(|spec| Guest::define(pair.left(), spec.clone()));
        let [sleeper, riser] = guests;
        let (sleeper, riser) = (sleeper?, riser?);
        riser.does("autostart", &[])?;
        sleeper.start()?;
        riser.start_and_write(5)?;
        sleeper.wait_for_blocks(5)?;
        sleeper.does("managedsave", &[])?;
        settled(pair.left(), &[&sleeping, &rising])?;
        riser.blocks("vda")?
    };

    pair.power_cycle_left()?;
    let host = pair.left();
    let [sleeping, rising] = names.map(|name| Share::new(host, name));
    let shares = [&sleeping?, &rising?];
    let (sleeper, riser) = (Guest::known(host, sleeper), Guest::known(host, riser));
    // It begins at its first block again, and says so on the same console.
    riser.wait_for_another_boot()?;
    ensure!(sleeper.state()? == "shut off", "the saved guest is {}", sleeper.state()?);
    settled(host, &shares)?;
    let slept = sleeper.blocks("vda")?;
    sleeper.start_and_write(slept + 5)?;
    settled(host, &shares)?;
    riser.does("autostart", &["--disable"])?;
    let mut verified = 0;
    for (guest, share) in [&sleeper, &riser].into_iter().zip(shares) {
        guest.does("destroy", &[])?;
        verified += guest.verify("vda", &share.backing("disk.img"))?;
    }
    settled(host, &shares)?;
    ensure!(verified >= written, "only {verified} blocks were reported");
    Ok(Verdict::Measured(format!("1 power cut, {verified} blocks verified")))
}
