//! `virt-quobyte renew`: guests that write get another client, without a reboot and without a loss.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::revive::{end_of, goes_on, is_as_before};
use super::scenarios;
use super::start::guest_on_share;
use crate::guest::{Bus, Cache, Guest, Spec};
use crate::host::{Host, Output};
use crate::leases;
use crate::runner::Verdict;
use crate::share::{self, Share};

scenarios!("renew", WithProduct:
    guests_that_write_are_moved_to_a_new_client_and_lose_nothing,
    a_new_client_that_cannot_mount_changes_nothing_for_its_guests,
    a_renewal_that_is_killed_anywhere_is_done_by_the_next_one,
    a_guest_that_cannot_be_moved_stays_on_the_old_client_until_it_ends,
    a_client_that_dies_in_the_middle_of_a_renewal_is_answered_by_a_revival,
);

fn guests_that_write_are_moved_to_a_new_client_and_lose_nothing(host: &Host) -> Result<Verdict> {
    let share = Share::new(host, "upgraded")?;
    share::configure(host, "", &[&share])?;
    let spec = Spec::named("upgraded-raw")?.disk(&share.image("disk.img")?, Cache::None);
    let spec = spec.disk(&share.image("more.img")?, Cache::None).writes(4000, "0.05");
    let raw = Guest::define(host, spec)?;
    let image = share.volume("other.qcow2");
    host.command("qemu-img").args(["create", "-f", "qcow2", &image, "16M"]).done()?;
    let spec = Spec::named("upgraded-qcow2")?.qcow2(&share.path("other.qcow2"), Cache::None);
    let qcow2 = Guest::define(host, spec.on(Bus::Scsi).writes(4000, "0.05"))?;
    raw.start_and_write(5)?;
    qcow2.start_and_write(5)?;
    let before = [raw.does_say("dumpxml", &[])?, qcow2.does_say("dumpxml", &[])?];
    let mut pauses = Vec::new();
    for _round in 0..3 {
        let old = clients(host)?;
        let said = renew(host, &share, &["--yes"])?.success()?.stdout_text();
        ensure!(said.contains("the old client has ended"), "{said}");
        ensure!(said.matches("is moved, and was paused for").count() == 2, "{said}");
        ensure!(said.contains("all of it is flushed to the old client first"), "{said}");
        pauses.extend(said.lines().filter_map(milliseconds));
        let new = clients(host)?;
        ensure!(new.len() == 1 && new != old, "{old:?} were there, and are {new:?}");
        share.is_mounted()?;
        goes_on(&raw)?;
        goes_on(&qcow2)?;
        is_as_before(&raw, &before[0])?;
        is_as_before(&qcow2, &before[1])?;
        leases::name(host, &raw)?;
        leases::name(host, &qcow2)?;
    }
    host.command("virt-quobyte").args(["status"]).done()?;
    end_of(&qcow2)?;
    share.is_mounted()?;
    end_of(&raw)?;
    share.is_not_mounted()?;
    leases::forgot(host, &raw)?;
    host.command("qemu-img").args(["check", &image]).done()?;
    let copy = share.volume("other.raw");
    host.command("qemu-img").args(["convert", "-O", "raw", &image, &copy]).done()?;
    let blocks = raw.verify("vda", &share.backing("disk.img"))?
        + raw.verify("vdb", &share.backing("more.img"))?
        + qcow2.verify("sda", &share.backing("other.raw"))?;
    pauses.sort_unstable();
    let longest = pauses.last().context("no pause was said")?;
    Ok(Verdict::Measured(format!(
        "{} moves, paused for {} ms at the median and {longest} ms at most; {blocks} flushed blocks",
        pauses.len(),
        pauses[pauses.len() / 2]
    )))
}

fn a_new_client_that_cannot_mount_changes_nothing_for_its_guests(host: &Host) -> Result<Verdict> {
    let (share, guest) = guest_on_share(host, "put-back", |spec| spec.writes(4000, "0.05"))?;
    guest.start_and_write(3)?;
    let (old, before) = (clients(host)?, guest.does_say("dumpxml", &[])?);
    share::client(host, "mount = \"fail\"\n")?;
    let said = renew(host, &share, &["--yes"])?;
    ensure!(!said.succeeded(), "{said}");
    ensure!(said.to_string().contains("its guests go on as before"), "{said}");
    ensure!(clients(host)? == old, "the client is another one");
    share.is_mounted()?;
    goes_on(&guest)?;
    is_as_before(&guest, &before)?;
    share::client(host, "")?;
    let clean = host.command("virt-quobyte").args(["recover"]).succeeds()?.stdout_text();
    ensure!(clean.contains("nothing to do"), "{clean}");
    end_of(&guest)?;
    share.is_not_mounted()?;
    let blocks = guest.verify("vda", &share.backing("disk.img"))?;
    Ok(Verdict::Measured(format!("{blocks} flushed blocks")))
}

fn a_renewal_that_is_killed_anywhere_is_done_by_the_next_one(host: &Host) -> Result<Verdict> {
    const ROUNDS: u64 = 12;
    let (share, guest) = guest_on_share(host, "cut-off", |spec| spec.writes(4000, "0.05"))?;
    guest.start_and_write(3)?;
    let before = guest.does_say("dumpxml", &[])?;
    let mut cut_off = 0;
    for round in 0..ROUNDS {
        let command = ["renew", share.name(), "--yes"];
        let mut first = host.command("virt-quobyte").args(command).start()?;
        std::thread::sleep(Duration::from_millis(70 * round));
        if !first.has_ended()? {
            cut_off += 1;
        }
        drop(first);
        renew(host, &share, &["--yes"])?.done()?;
        goes_on(&guest)?;
        is_as_before(&guest, &before)?;
        share.is_mounted()?;
    }
    ensure!(cut_off > ROUNDS / 4, "only {cut_off} renewals were cut off");
    end_of(&guest)?;
    share.is_not_mounted()?;
    leases::forgot(host, &guest)?;
    wait_for_clients(host, 0)?;
    let blocks = guest.verify("vda", &share.backing("disk.img"))?;
    Ok(Verdict::Measured(format!("{cut_off} of {ROUNDS} cut off, {blocks} flushed blocks")))
}

/// A disk that was plugged in: how libvirt had it opened is not known.
fn a_guest_that_cannot_be_moved_stays_on_the_old_client_until_it_ends(
    host: &Host,
) -> Result<Verdict> {
    let (share, guest) = guest_on_share(host, "stays", |spec| spec.writes(4000, "0.05"))?;
    share.image("plugged.img")?;
    guest.start_and_write(3)?;
    let attach = ["attach", "stays", "--share", "stays", "--image", "plugged.img"];
    let more = ["--target", "vdb", "--format", "raw"];
    host.command("virt-quobyte").args(attach).args(more).done()?;
    let said = renew(host, &share, &["--yes"])?;
    let text = said.stdout_text();
    ensure!(!said.succeeded() && text.contains("stays on the old client: vdb"), "{said}");
    ensure!(text.contains("the old client goes on"), "{said}");
    goes_on(&guest)?;
    wait_for_clients(host, 2)?;
    end_of(&guest)?;
    share.is_not_mounted()?;
    wait_for_clients(host, 0)?;
    let blocks = guest.verify("vda", &share.backing("disk.img"))?;
    Ok(Verdict::Measured(format!("{blocks} flushed blocks")))
}

/// The new client is there, the guest is not moved yet, and the old client dies.
fn a_client_that_dies_in_the_middle_of_a_renewal_is_answered_by_a_revival(
    host: &Host,
) -> Result<Verdict> {
    let (share, guest) = guest_on_share(host, "both", |spec| spec.writes(4000, "0.05"))?;
    guest.start_and_write(3)?;
    let old = clients(host)?;
    share::client(host, "mount_delay = \"500ms\"\n")?;
    let command = ["renew", share.name(), "--yes"];
    let renewing = host.command("virt-quobyte").args(command).start()?;
    // As soon as the new client has mounted, and before the guest is moved.
    let until = Instant::now() + Duration::from_secs(30);
    while clients(host)?.len() < 2 {
        ensure!(Instant::now() < until, "no new client came");
        std::thread::sleep(Duration::from_millis(10));
    }
    host.command("kill").args(["-KILL"]).args(&old).done()?;
    let cut_off = renewing.wait()?;
    ensure!(!cut_off.succeeded(), "the guest was moved before its client died: {cut_off}");
    share::client(host, "")?;
    guest.wait_for_state("paused")?;
    let said = renew(host, &share, &["--yes"])?;
    ensure!(!said.succeeded(), "{said}");
    host.command("virt-quobyte").args(["recover", "--revive", "both", "--yes"]).done()?;
    goes_on(&guest)?;
    end_of(&guest)?;
    share.is_not_mounted()?;
    let blocks = guest.verify("vda", &share.backing("disk.img"))?;
    Ok(Verdict::Measured(format!("{blocks} flushed blocks")))
}

fn renew(host: &Host, share: &Share, words: &[&str]) -> Result<Output> {
    host.command("virt-quobyte").args(["renew", share.name()]).args(words).run()
}

/// The process ids of the clients that run.
fn clients(host: &Host) -> Result<Vec<String>> {
    let found = host.command("pgrep").args(["-x", "mount.quobyte"]).run()?.stdout_text();
    Ok(found.lines().map(str::to_owned).collect())
}

fn wait_for_clients(host: &Host, wanted: usize) -> Result<()> {
    let until = Instant::now() + Duration::from_secs(20);
    while clients(host)?.len() != wanted {
        ensure!(Instant::now() < until, "there are {:?}, not {wanted}", clients(host)?);
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// Of the line that says how long a guest was paused.
fn milliseconds(line: &str) -> Option<u64> {
    line.trim().strip_prefix("is moved, and was paused for ")?.strip_suffix(" ms")?.parse().ok()
}
