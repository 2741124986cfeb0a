//! A migration that comes to nothing: the guest stays and goes on writing, and the host that it was to come to is as if nobody had
//! asked.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::migrate::{at_rest, ended, migrate, migration, writer};
use super::refusal::says;
use super::scenarios;
use crate::guest::Guest;
use crate::host::{LINK, Running};
use crate::pair::Pair;
use crate::runner::Verdict;
use crate::share::{self, Share};

scenarios!("two hosts", OnTwoHosts:
    a_guest_whose_target_cannot_mount_stays_and_goes_once_it_can,
    a_guest_stays_whose_qemu_over_there_is_killed_half_way,
    a_guest_stays_whose_target_loses_its_daemon_half_way,
    a_guest_stays_whose_target_has_its_daemon_upgraded_half_way,
    a_guest_stays_whose_own_daemon_is_killed_half_way,
    a_guest_is_in_one_place_whose_own_daemon_is_upgraded_half_way,
    a_guest_stays_whose_way_is_cut_half_way,
    a_guest_stays_whose_migration_is_cancelled_half_way,
);

/// Half-way is reached before all of a guest is there, and late enough to be met.
const SLOWLY: [&str; 3] = ["--persistent", "--bandwidth", "2"];
const SOON: Duration = Duration::from_secs(30);

fn a_guest_whose_target_cannot_mount_stays_and_goes_once_it_can(
    pair: &mut Pair,
) -> Result<Verdict> {
    let (shares, guest) = writer(pair, "refused")?;
    guest.start_and_write(3)?;
    share::client(pair.right(), "mount = \"fail\"\n")?;
    let refused = migrate(&guest, pair.right(), &["--persistent"])?.failure()?;
    says(&refused, &["share refused", "exited with status 1"])?;
    ensure!(!guest.on(pair.right()).is_known()?, "the guest is known where it was refused");
    goes_on(pair, &shares, &guest)?;

    share::client(pair.right(), "")?;
    migrate(&guest, pair.right(), &["--persistent", "--undefinesource"])?.done()?;
    let guest = guest.on(pair.right());
    goes_on(pair, &shares, &guest)?;
    let blocks = ended(pair, &shares, &guest)?;
    Ok(Verdict::Measured(format!("{blocks} blocks verified")))
}

fn a_guest_stays_whose_qemu_over_there_is_killed_half_way(pair: &mut Pair) -> Result<Verdict> {
    meets(pair, "killed-there", &[], |pair, guest| guest.on(pair.right()).kill_qemu())
}

fn a_guest_stays_whose_target_loses_its_daemon_half_way(pair: &mut Pair) -> Result<Verdict> {
    meets(pair, "deserted", &[], |pair, _| super::daemon::kill_libvirtd(pair.right()))
}

/// As a package's upgrade does: the daemon is asked to end, and started again.
fn a_guest_stays_whose_target_has_its_daemon_upgraded_half_way(pair: &mut Pair) -> Result<Verdict> {
    meets(pair, "upgraded-there", &[], |pair, _| super::daemon::libvirtd(pair.right(), "restart"))
}

fn a_guest_stays_whose_own_daemon_is_killed_half_way(pair: &mut Pair) -> Result<Verdict> {
    meets(pair, "deserted-here", &[], |pair, _| super::daemon::kill_libvirtd(pair.left()))
}

/// A daemon that is asked to end may wait for what it does: then the guest goes, or it stays.
fn a_guest_is_in_one_place_whose_own_daemon_is_upgraded_half_way(
    pair: &mut Pair,
) -> Result<Verdict> {
    let (shares, guest) = writer(pair, "upgraded-here")?;
    guest.start_and_write(3)?;
    let running = half_way(pair, &shares, &guest, &[])?;
    super::daemon::libvirtd(pair.left(), "restart")?;
    let told = running.wait()?;
    at_rest(pair, &shares)?;
    let mut places = Vec::new();
    for host in pair.hosts() {
        let there = guest.on(host);
        if there.is_known()? && there.state()? == "running" {
            places.push(there);
        }
    }
    let [place] = &places[..] else {
        anyhow::bail!("the guest runs in {} places: {told}", places.len());
    };
    goes_on(pair, &shares, place)?;
    let stayed = place.host().name() == pair.left().name();
    let blocks = ended(pair, &shares, &guest)?;
    let outcome = if stayed { "stayed" } else { "went" };
    Ok(Verdict::Measured(format!("it {outcome}, {blocks} blocks verified")))
}

fn a_guest_stays_whose_way_is_cut_half_way(pair: &mut Pair) -> Result<Verdict> {
    let cable =
        |pair: &Pair, state| pair.right().command("ip").args(["link", "set", LINK, state]).done();
    // The daemons' own connection: they notice the silence, and give each other up.
    meets(pair, "cut", &["--p2p"], |pair, guest| {
        cable(pair, "down")?;
        eventually("the source gives up", || Ok(!moving(guest)?))?;
        cable(pair, "up")
    })
}

fn a_guest_stays_whose_migration_is_cancelled_half_way(pair: &mut Pair) -> Result<Verdict> {
    meets(pair, "cancelled", &[], |_, guest| guest.does("domjobabort", &[]))
}

/// Starts a migration, lets it meet a fault half-way and insists that it fails and the guest does not.
fn meets(
    pair: &Pair,
    name: &str,
    words: &[&str],
    fault: impl FnOnce(&Pair, &Guest) -> Result<()>,
) -> Result<Verdict> {
    let (shares, guest) = writer(pair, name)?;
    guest.start_and_write(3)?;
    let running = half_way(pair, &shares, &guest, words)?;
    fault(pair, &guest)?;
    let failed = running.wait()?.failure()?;
    goes_on(pair, &shares, &guest)?;
    let blocks = ended(pair, &shares, &guest)?;
    let after = failed.elapsed.as_secs_f64();
    Ok(Verdict::Measured(format!("given up after {after:.1} s, {blocks} blocks verified")))
}

/// Starts a migration and waits until some of the guest is over there.
pub(super) fn half_way(
    pair: &Pair,
    shares: &[Share; 2],
    guest: &Guest,
    words: &[&str],
) -> Result<Running> {
    let words = [&SLOWLY, words].concat();
    let mut running = migration(guest, pair.right(), &words).start()?;
    eventually("the migration is under way", || {
        ensure!(!running.has_ended()?, "the migration is over before the fault");
        Ok(moving(guest)? && !shares[1].mounts()?.is_empty())
    })?;
    Ok(running)
}

/// Whether some of the guest is over there, and not all.
fn moving(guest: &Guest) -> Result<bool> {
    let job = guest.virsh("domjobinfo")?.stdout_text();
    Ok(job.contains("Data processed:"))
}

/// It runs where it is, the hosts are at rest, and it writes.
fn goes_on(pair: &Pair, shares: &[Share; 2], guest: &Guest) -> Result<()> {
    ensure!(guest.state()? == "running", "the guest is {}", guest.state()?);
    at_rest(pair, shares)?;
    let written = guest.blocks("vda")?;
    guest.wait_for_blocks(written + 5)
}

fn eventually(what: &str, mut reached: impl FnMut() -> Result<bool>) -> Result<()> {
    let until = Instant::now() + SOON;
    while !reached()? {
        ensure!(Instant::now() < until, "it is not so that {what}, after {SOON:?}");
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
