//! `virt-quobyte recover --revive`: guests whose client was killed under them go on, without a reboot, and with all that they had
//! flushed.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::scenarios;
use super::start::guest_on_share;
use crate::guest::{Bus, Cache, Guest, Spec};
use crate::host::{Host, Output};
use crate::leases;
use crate::rounds;
use crate::runner::Verdict;
use crate::share::{self, Share};

/// Two of the kinds a round.
const ROUNDS: usize = 4;

scenarios!("revive", WithProduct:
    a_guest_whose_client_died_goes_on_with_all_that_it_had_flushed,
    a_guest_that_may_have_lost_writes_is_revived_only_if_that_is_accepted,
    a_revival_that_is_killed_anywhere_is_done_by_the_next_one,
    a_guest_that_has_not_noticed_yet_is_revived_as_well,
    disks_on_other_buses_are_revived,
    guests_are_revived_each_for_itself_and_one_that_is_refused_is_in_nobodys_way,
    a_guest_that_is_resumed_in_the_middle_neither_reads_nor_writes_what_is_not_there,
    a_revived_guest_is_as_good_as_any_other,
    a_revived_guest_lets_go_of_a_disk,
    guests_on_every_kind_of_disk_lose_nothing_that_they_had_flushed,
);

fn a_guest_whose_client_died_goes_on_with_all_that_it_had_flushed(host: &Host) -> Result<Verdict> {
    let (share, guest) = guest_on_share(host, "revived", |spec| spec.writes(4000, "0.05"))?;
    guest.start_and_write(5)?;
    let before = guest.does_say("dumpxml", &[])?;
    lose_client(host, &guest)?;
    let said = revive(host, &share, &["--yes"])?.success()?;
    let text = said.stdout_text();
    ensure!(text.contains("is revived") && text.contains("nothing is lost"), "{text}");
    let score = outlives_its_guests(host)?;
    goes_on(&guest)?;
    is_as_before(&guest, &before)?;
    share.is_mounted()?;
    leases::name(host, &guest)?;
    let again = revive(host, &share, &["--yes"])?.success()?.stdout_text();
    ensure!(again.contains("needs nothing"), "{again}");
    end_of(&guest)?;
    share.is_not_mounted()?;
    leases::forgot(host, &guest)?;
    let blocks = guest.verify("vda", &share.backing("disk.img"))?;
    Ok(Verdict::Measured(format!(
        "{blocks} flushed blocks, revived in {:.1?}; {score}",
        said.elapsed
    )))
}

/// Of little use is a client that the next shortage of memory takes from the guest again.
fn outlives_its_guests(host: &Host) -> Result<String> {
    // A container's root may lack CAP_SYS_RESOURCE: then a score cannot be lowered, by the product no more than by this shell.
    let lower = ["-c", "echo -900 >/proc/self/oom_score_adj"];
    if !host.command("sh").args(lower).run()?.succeeded() {
        return Ok("root may not lower an OOM score here".to_owned());
    }
    let starts = share::client_starts(host)?;
    let last: Value = serde_json::from_str(starts.last().context("no client was started")?)?;
    let score = last["oom_score_adj"].as_i64().context("a client's start has a score")?;
    ensure!(score <= -900, "the new client's OOM score is {score}");
    Ok(format!("the new client's OOM score is {score}"))
}

/// It does nothing with its disk when the client dies, so nothing pauses it.
fn a_guest_that_has_not_noticed_yet_is_revived_as_well(host: &Host) -> Result<Verdict> {
    let (share, guest) = guest_on_share(host, "idle", |spec| spec.writes(5, "0"))?;
    guest.start()?;
    guest.wait_for("guest: done")?;
    host.command("pkill").args(["-KILL", "-x", "mount.quobyte"]).done()?;
    ensure!(guest.state()? == "running", "something has told it");
    let said = revive(host, &share, &["--yes"])?.success()?.stdout_text();
    ensure!(said.contains("pause the guest") && said.contains("is revived"), "{said}");
    ensure!(guest.state()? == "running", "it does not run any more");
    let again = revive(host, &share, &["--yes"])?.success()?.stdout_text();
    ensure!(again.contains("needs nothing"), "its files are not on the new mount: {again}");
    end_of(&guest)?;
    share.is_not_mounted()?;
    let blocks = guest.verify("vda", &share.backing("disk.img"))?;
    Ok(Verdict::Measured(format!("{blocks} flushed blocks")))
}

fn disks_on_other_buses_are_revived(host: &Host) -> Result<Verdict> {
    let mut blocks = Vec::new();
    for (name, bus) in [("scsi", Bus::Scsi), ("ide", Bus::Ide)] {
        let (share, guest) = guest_on_share(host, name, |spec| spec.on(bus).writes(4000, "0.05"))?;
        guest.start_and_write(3)?;
        lose_client(host, &guest)?;
        revive(host, &share, &["--yes"])?.done()?;
        goes_on(&guest)?;
        end_of(&guest)?;
        share.is_not_mounted()?;
        blocks.push(guest.verify("sda", &share.backing("disk.img"))?);
    }
    Ok(Verdict::Measured(format!("{blocks:?} flushed blocks")))
}

fn guests_are_revived_each_for_itself_and_one_that_is_refused_is_in_nobodys_way(
    host: &Host,
) -> Result<Verdict> {
    let share = Share::new(host, "several")?;
    share::configure(host, "", &[&share])?;
    let spec = Spec::named("several")?.disk(&share.image("disk.img")?, Cache::None);
    let spec = spec.disk(&share.image("more.img")?, Cache::None).writes(4000, "0.05");
    let one = Guest::define(host, spec)?;
    let other = share.volume("other.qcow2");
    host.command("qemu-img").args(["create", "-f", "qcow2", &other, "16M"]).done()?;
    let spec = Spec::named("several-other")?.qcow2(&share.path("other.qcow2"), Cache::None);
    let other = Guest::define(host, spec.writes(4000, "0.05"))?;
    one.start_and_write(3)?;
    other.start_and_write(3)?;
    lose_client(host, &one)?;
    other.wait_for_state("paused")?;
    let said = revive(host, &share, &["--yes"])?;
    let text = said.stdout_text();
    ensure!(!said.succeeded() && text.contains("is revived"), "{said}");
    ensure!(text.contains("--accept-unflushed-loss"), "{said}");
    goes_on(&one)?;
    ensure!(other.state()? == "paused", "a guest that was refused was touched");
    // Later, and the first one does not notice.
    revive(host, &share, &["--yes", "--accept-unflushed-loss"])?.done()?;
    goes_on(&other)?;
    goes_on(&one)?;
    end_of(&one)?;
    share.is_mounted()?;
    end_of(&other)?;
    share.is_not_mounted()?;
    let blocks = one.verify("vda", &share.backing("disk.img"))?
        + one.verify("vdb", &share.backing("more.img"))?;
    Ok(Verdict::Measured(format!("{blocks} flushed blocks")))
}

/// Somebody revives a guest by hand, as far as its placeholder, and resumes it; and libvirt's daemon restarts meanwhile.
fn a_guest_that_is_resumed_in_the_middle_neither_reads_nor_writes_what_is_not_there(
    host: &Host,
) -> Result<Verdict> {
    const WORDS: [&str; 2] = [
        r#"{"execute":"blockdev-add","arguments":{"driver":"blkdebug","node-name":"vq-run-libvirt-1-format","image":{"driver":"null-co","size":16777216},"inject-error":[{"event":"none","errno":5,"once":false}]}}"#,
        r#"{"execute":"qom-set","arguments":{"path":"/machine/peripheral/virtio-disk0/virtio-backend","property":"drive","value":"vq-run-libvirt-1-format"}}"#,
    ];
    let (share, guest) = guest_on_share(host, "middle", |spec| spec.writes(4000, "0.05"))?;
    guest.start_and_write(3)?;
    // A daemon that has restarted has forgotten an alias or two, of what has nothing to do with disks.
    host.command("systemctl").args(["restart", "libvirtd.service"]).done()?;
    let before = guest.does_say("dumpxml", &[])?;
    lose_client(host, &guest)?;
    host.command("virt-quobyte").args(["recover", "--detach", "middle", "--yes"]).done()?;
    host.command("virt-quobyte").args(["mount", "middle"]).done()?;
    for word in WORDS {
        let said = guest.does_say("qemu-monitor-command", &[word])?;
        ensure!(said.contains("\"return\""), "{said}");
    }
    let written = guest.blocks("vda")?;
    guest.does("resume", &[])?;
    guest.wait_for_state("paused")?;
    host.command("systemctl").args(["restart", "libvirtd.service"]).done()?;
    ensure!(guest.state()? == "paused", "the daemon has lost its guest");
    ensure!(guest.blocks("vda")? == written, "it has written where nothing is");
    revive(host, &share, &["--yes"])?.done()?;
    goes_on(&guest)?;
    is_as_before(&guest, &before)?;
    end_of(&guest)?;
    host.command("virt-quobyte").args(["umount", "middle"]).done()?;
    share.is_not_mounted()?;
    let blocks = guest.verify("vda", &share.backing("disk.img"))?;
    Ok(Verdict::Measured(format!("{blocks} flushed blocks")))
}

fn a_revived_guest_is_as_good_as_any_other(host: &Host) -> Result<Verdict> {
    let (share, guest) = guest_on_share(host, "later", |spec| spec.writes(4000, "0.05"))?;
    guest.start_and_write(3)?;
    lose_client(host, &guest)?;
    revive(host, &share, &["--yes"])?.done()?;
    goes_on(&guest)?;
    let copy = share.path("copy.img");
    guest.does(
        "blockcopy",
        &["vda", &copy, "--format", "raw", "--wait", "--pivot", "--transient-job"],
    )?;
    goes_on(&guest)?;
    let overlay = format!("vda,file={}", share.path("overlay.qcow2"));
    guest.does("snapshot-create-as", &["--disk-only", "--no-metadata", "--diskspec", &overlay])?;
    goes_on(&guest)?;
    guest.does("blockcommit", &["vda", "--active", "--wait", "--pivot"])?;
    goes_on(&guest)?;
    guest.virsh("shutdown")?.done()?;
    guest.wait_until_off()?;
    share.is_not_mounted()?;
    leases::forgot(host, &guest)?;
    let blocks = guest.verify("vda", &share.backing("copy.img"))?;
    Ok(Verdict::Measured(format!("{blocks} flushed blocks")))
}

fn a_revived_guest_lets_go_of_a_disk(host: &Host) -> Result<Verdict> {
    let share = Share::new(host, "unplugged")?;
    share::configure(host, "", &[&share])?;
    let spec = Spec::named("unplugged")?.disk(&share.image("disk.img")?, Cache::None);
    let spec = spec.disk(&share.image("more.img")?, Cache::None).watches_for_disks();
    let guest = Guest::define(host, spec.writes(4000, "0.05"))?;
    guest.start_and_write(3)?;
    lose_client(host, &guest)?;
    revive(host, &share, &["--yes"])?.done()?;
    goes_on(&guest)?;
    host.command("virt-quobyte").args(["detach", "unplugged", "vdb"]).done()?;
    let disks = guest.does_say("domblklist", &[])?;
    ensure!(!disks.contains("more.img"), "libvirt still has it: {disks}");
    share.is_mounted()?;
    leases::name(host, &guest)?;
    guest.wait_for_blocks_on("vda", guest.blocks("vda")? + 5)?;
    // Without it the guest can be revived all the same.
    lose_client(host, &guest)?;
    revive(host, &share, &["--yes"])?.done()?;
    guest.wait_for_blocks_on("vda", guest.blocks("vda")? + 5)?;
    end_of(&guest)?;
    share.is_not_mounted()?;
    leases::forgot(host, &guest)?;
    let blocks = guest.verify("vda", &share.backing("disk.img"))?
        + guest.verify("vdb", &share.backing("more.img"))?;
    Ok(Verdict::Measured(format!("{blocks} flushed blocks")))
}

/// As `make revive-rounds` does it, for a minute.
fn guests_on_every_kind_of_disk_lose_nothing_that_they_had_flushed(host: &Host) -> Result<Verdict> {
    rounds::go(host, ROUNDS, None, |_| ()).map(|tally| Verdict::Measured(tally.to_string()))
}

fn a_guest_that_may_have_lost_writes_is_revived_only_if_that_is_accepted(
    host: &Host,
) -> Result<Verdict> {
    let share = Share::new(host, "layered")?;
    share::configure(host, "", &[&share])?;
    for (image, backing) in [("base.qcow2", None), ("disk.qcow2", Some("base.qcow2"))] {
        let create = host.command("qemu-img").args(["create", "-f", "qcow2"]);
        let create = match backing {
            None => create,
            // By the path that the guest's QEMU finds it at.
            Some(backing) => create.args(["-u", "-F", "qcow2", "-b", &share.path(backing)]),
        };
        create.arg(share.volume(image)).arg("16M").done()?;
    }
    let spec = Spec::named("layered")?.qcow2(&share.path("disk.qcow2"), Cache::None);
    let guest = Guest::define(host, spec.writes(4000, "0.05"))?;
    guest.start_and_write(5)?;
    let before = guest.does_say("dumpxml", &[])?;
    lose_client(host, &guest)?;
    let refused = revive(host, &share, &["--yes"])?;
    let text = refused.stdout_text();
    ensure!(!refused.succeeded() && text.contains("--accept-unflushed-loss"), "{refused}");
    ensure!(guest.state()? == "paused", "a guest that was refused was touched");
    revive(host, &share, &["--yes", "--accept-unflushed-loss"])?.done()?;
    goes_on(&guest)?;
    is_as_before(&guest, &before)?;
    end_of(&guest)?;
    share.is_not_mounted()?;
    let image = share.volume("disk.qcow2");
    host.command("qemu-img").args(["rebase", "-u", "-b", "", &image]).done()?;
    host.command("qemu-img").args(["check", &image]).done()?;
    // What has no cluster of its own is zeroes, in the base as well.
    let raw = share.volume("disk.raw");
    host.command("qemu-img").args(["convert", "-O", "raw", &image, &raw]).done()?;
    let blocks = guest.verify("vda", &share.backing("disk.raw"))?;
    Ok(Verdict::Measured(format!("{blocks} flushed blocks")))
}

/// Each round another client dies, and its revival is killed after another while.
fn a_revival_that_is_killed_anywhere_is_done_by_the_next_one(host: &Host) -> Result<Verdict> {
    const ROUNDS: u64 = 12;
    let (share, guest) = guest_on_share(host, "killed", |spec| spec.writes(4000, "0.05"))?;
    guest.start_and_write(5)?;
    let before = guest.does_say("dumpxml", &[])?;
    let mut cut_off = 0;
    for round in 0..ROUNDS {
        lose_client(host, &guest)?;
        let mut first = command(host, &share, &["--yes"]).start()?;
        std::thread::sleep(Duration::from_millis(60 * round));
        if !first.has_ended()? {
            cut_off += 1;
        }
        drop(first);
        revive(host, &share, &["--yes"])?.done()?;
        goes_on(&guest)?;
        is_as_before(&guest, &before)?;
    }
    ensure!(cut_off > ROUNDS / 4, "only {cut_off} revivals were cut off");
    end_of(&guest)?;
    share.is_not_mounted()?;
    leases::forgot(host, &guest)?;
    let blocks = guest.verify("vda", &share.backing("disk.img"))?;
    Ok(Verdict::Measured(format!("{cut_off} of {ROUNDS} cut off, {blocks} flushed blocks")))
}

/// Kills the share's client, and waits until the guest has noticed.
pub(super) fn lose_client(host: &Host, guest: &Guest) -> Result<()> {
    host.command("pkill").args(["-KILL", "-x", "mount.quobyte"]).done()?;
    guest.wait_for_state("paused")
}

/// The guest writes what waited, and more, with no error in between.
pub(super) fn goes_on(guest: &Guest) -> Result<()> {
    ensure!(guest.state()? == "running", "it does not run");
    let disks = guest.disk_names();
    let written = disks.iter().map(|disk| guest.blocks(disk)).collect::<Result<Vec<_>>>()?;
    guest.wait_for_blocks(written.into_iter().max().unwrap_or_default() + 5)?;
    let console = guest.console()?;
    ensure!(!console.contains("failed"), "the guest has seen an error: {console}");
    ensure!(console.matches("guest: up").count() == 1, "the guest was rebooted: {console}");
    Ok(())
}

pub(super) fn is_as_before(guest: &Guest, before: &str) -> Result<()> {
    let now = guest.does_say("dumpxml", &[])?;
    let not_in = |one: &str, other: &str| {
        let lines = one.lines().filter(|line| !other.lines().any(|it| it == *line));
        lines.collect::<Vec<_>>().join("\n")
    };
    ensure!(
        now == before,
        "its XML is another one: it had\n{}\nand has\n{}",
        not_in(before, &now),
        not_in(&now, before)
    );
    Ok(())
}

pub(super) fn revive(host: &Host, share: &Share, words: &[&str]) -> Result<Output> {
    command(host, share, words).run()
}

fn command<'h>(host: &'h Host, share: &Share, words: &[&str]) -> crate::host::HostCommand<'h> {
    host.command("virt-quobyte").args(["recover", "--revive", share.name()]).args(words)
}

pub(super) fn end_of(guest: &Guest) -> Result<()> {
    guest.virsh("destroy")?.done()?;
    guest.wait_until_off()
}
