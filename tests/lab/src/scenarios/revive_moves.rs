//! `virt-quobyte recover --revive` and migration: a revived guest moves like any other, and one whose client is killed while it
//! moves is revived where it is left, and moves then.

use anyhow::{Result, ensure};

use super::migrate::{at_rest, ended, migrate, writer};
use super::migrate_fails::half_way;
use super::revive::{goes_on, lose_client, revive};
use super::scenarios;
use crate::guest::Guest;
use crate::host::Host;
use crate::pair::Pair;
use crate::runner::Verdict;
use crate::share::Share;

scenarios!("two hosts", OnTwoHosts:
    a_revived_guest_moves_is_revived_over_there_and_comes_back,
    a_guest_whose_client_is_killed_half_way_is_left_alone_until_the_move_is_ended,
    a_guest_whose_client_is_killed_half_way_stays_and_is_revived_where_it_was,
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

/// Nobody ends the move: it fails by itself, as the guest's images cannot be handed over.
fn a_guest_whose_client_is_killed_half_way_stays_and_is_revived_where_it_was(
    pair: &mut Pair,
) -> Result<Verdict> {
    let (shares, guest) = writer(pair, "revived-stays")?;
    guest.start_and_write(3)?;
    let running = half_way(pair, &shares, &guest, &[])?;
    lose_client(pair.left(), &guest)?;
    guest.does("migrate-setspeed", &["1000"])?;
    let moved = running.wait()?.failure()?;
    // libvirt 9's words, and 11's.
    let words = ["unexpectedly failed", "Error in migration completion"];
    ensure!(words.iter().any(|words| moved.stderr_text().contains(words)), "{moved}");
    guest.wait_for_state("paused")?;
    revive(pair.left(), &shares[0], &["--yes"])?.done()?;
    goes_on(&guest)?;
    at_rest(pair, &shares)?;
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
