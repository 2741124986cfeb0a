//! `virt-quobyte recover --revive` and migration: a revived guest moves like any other, and one whose client is killed while it
//! moves is revived where it is left, and moves then.

use anyhow::{Result, bail, ensure};

use super::migrate::{at_rest, ended, migrate, writer, writer_on};
use super::migrate_fails::half_way;
use super::revive::{goes_on, lose_client, revive};
use super::scenarios;
use crate::guest::{Cache, Guest};
use crate::host::Host;
use crate::pair::Pair;
use crate::runner::Verdict;
use crate::share::Share;

scenarios!("two hosts", OnTwoHosts:
    a_revived_guest_moves_is_revived_over_there_and_comes_back,
    a_guest_whose_client_is_killed_half_way_is_left_alone_until_the_move_is_ended,
    raw_left_alone,
    qcow2_left_alone,
    a_guest_whose_client_over_there_is_killed_half_way_is_revived_where_it_is_left,
);

fn a_revived_guest_moves_is_revived_over_there_and_comes_back(pair: &mut Pair) -> Result<Verdict> {
    let (shares, guest) = writer(pair, "revived-moves")?;
    guest.start_and_write(5)?;
    is_revived(&shares[0], &guest)?;
    goes(pair, &shares, &guest, pair.right())?;
    let there = guest.on(pair.right());
    is_revived(&shares[1], &there)?;
    goes(pair, &shares, &there, pair.left())?;
    let blocks = ended(pair, &shares, &guest)?;
    Ok(Verdict::Measured(format!("2 revivals, 2 moves, {blocks} blocks verified")))
}

fn a_guest_whose_client_is_killed_half_way_is_left_alone_until_the_move_is_ended(
    pair: &mut Pair,
) -> Result<Verdict> {
    let (shares, guest) = writer(pair, "revived-half-way")?;
    guest.start_and_write(3)?;
    let running = half_way(pair, &shares, &guest, &[])?;
    lose_client(pair.left(), &guest)?;
    let refused = revive(pair.left(), &shares[0], &["--yes"])?.failure()?;
    let text = refused.stdout_text();
    ensure!(text.contains("virsh domjobabort") && text.contains("nothing was done"), "{refused}");
    guest.does("domjobabort", &[])?;
    let aborted = running.wait()?.failure()?;
    ensure!(aborted.stderr_text().contains("canceled"), "{aborted}");
    // libvirt has let it run, and its disk has stopped it.
    guest.wait_for_state("paused")?;
    revive(pair.left(), &shares[0], &["--yes"])?.done()?;
    goes_on(&guest)?;
    at_rest(pair, &shares)?;
    goes(pair, &shares, &guest, pair.right())?;
    let blocks = ended(pair, &shares, &guest)?;
    Ok(Verdict::Measured(format!("{blocks} blocks verified")))
}

fn raw_left_alone(pair: &mut Pair) -> Result<Verdict> {
    let (shares, guest) = writer(pair, "left-alone-raw")?;
    left_alone(pair, &shares, &guest)?;
    let blocks = ended(pair, &shares, &guest)?;
    Ok(Verdict::Measured(format!("{blocks} blocks verified")))
}

fn qcow2_left_alone(pair: &mut Pair) -> Result<Verdict> {
    let (shares, guest) = writer_on(pair, "left-alone-qcow2", |share, spec| {
        let image = share.volume("disk.qcow2");
        let create = pair.left().command("qemu-img").args(["create", "-q", "-f", "qcow2"]);
        create.arg(image).arg("16M").done()?;
        Ok(spec.qcow2(&share.path("disk.qcow2"), Cache::None))
    })?;
    left_alone(pair, &shares, &guest)?;
    let _ = guest.on(pair.right()).virsh("destroy")?;
    let _ = guest.virsh("destroy")?;
    at_rest(pair, &shares)?;
    let image = shares[0].volume("disk.qcow2");
    println!("{}", pair.left().command("qemu-img").args(["check", &image]).run()?);
    let raw = shares[0].volume("disk.raw");
    pair.left().command("qemu-img").args(["convert", "-O", "raw", &image, &raw]).done()?;
    let blocks = guest.verify("vda", &shares[0].backing("disk.raw"))?;
    Ok(Verdict::Measured(format!("{blocks} blocks verified")))
}

fn left_alone(pair: &Pair, shares: &[Share; 2], guest: &Guest) -> Result<()> {
    guest.start_and_write(3)?;
    let running = half_way(pair, shares, guest, &[])?;
    lose_client(pair.left(), guest)?;
    guest.does("migrate-setspeed", &["1000"])?;
    println!("{}", running.wait()?);
    let (share, guest) = place(pair, shares, guest)?;
    std::thread::sleep(std::time::Duration::from_secs(2));
    println!("on {} it is {}", guest.host().name(), guest.does_say("domstate", &["--reason"])?);
    println!("{}", guest.does_say("qemu-monitor-command", &["{\"execute\":\"query-status\"}"])?);
    for host in pair.hosts() {
        println!("{}", host.command("virt-quobyte").args(["status"]).run()?);
    }
    println!("{}", revive(guest.host(), share, &["--yes", "--accept-unflushed-loss"])?);
    println!("{}", guest.does_say("domstate", &["--reason"])?);
    goes_on(&guest)
}

fn a_guest_whose_client_over_there_is_killed_half_way_is_revived_where_it_is_left(
    pair: &mut Pair,
) -> Result<Verdict> {
    let (shares, guest) = writer(pair, "revived-there")?;
    guest.start_and_write(3)?;
    let running = half_way(pair, &shares, &guest, &[])?;
    kill_client(pair.right())?;
    guest.does("migrate-setspeed", &["1000"])?;
    println!("{}", running.wait()?);
    let (share, guest) = place(pair, &shares, &guest)?;
    std::thread::sleep(std::time::Duration::from_secs(2));
    println!("on {} it is {}", guest.host().name(), guest.does_say("domstate", &["--reason"])?);
    for host in pair.hosts() {
        println!("{}", host.command("virt-quobyte").args(["status"]).run()?);
    }
    println!("{}", revive(guest.host(), share, &["--yes"])?);
    goes_on(&guest)?;
    let blocks = ended(pair, &shares, &guest)?;
    Ok(Verdict::Measured(format!("{blocks} blocks verified")))
}

/// Loses its client where it is, and is revived.
fn is_revived(share: &Share, guest: &Guest) -> Result<()> {
    lose_client(guest.host(), guest)?;
    revive(guest.host(), share, &["--yes"])?.done()?;
    goes_on(guest)
}

/// Goes from where it is to another host, and writes on there.
fn goes(pair: &Pair, shares: &[Share; 2], guest: &Guest, to: &Host) -> Result<()> {
    migrate(guest, to, &["--persistent", "--undefinesource"])?.done()?;
    at_rest(pair, shares)?;
    goes_on(&guest.on(to))
}

fn kill_client(host: &Host) -> Result<()> {
    host.command("pkill").args(["-KILL", "-x", "mount.quobyte"]).done()
}

/// Where it is: on one of the hosts, running or paused.
fn place<'p, 's>(
    pair: &'p Pair,
    shares: &'s [Share<'p>; 2],
    guest: &Guest,
) -> Result<(&'s Share<'p>, Guest<'p>)> {
    let mut places = Vec::new();
    for (host, share) in pair.hosts().into_iter().zip(shares) {
        let there = guest.on(host);
        if there.is_known()? && there.state()? != "shut off" {
            places.push((share, there));
        }
    }
    ensure!(places.len() < 2, "the guest is on both hosts");
    match places.pop() {
        Some(place) => Ok(place),
        None => bail!("the guest is on no host"),
    }
}
