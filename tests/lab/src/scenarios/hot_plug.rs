//! `virt-quobyte attach` and `detach` under a guest that runs: what libvirt runs no hook for.

use anyhow::{Context as _, Result, ensure};

use super::scenarios;
use crate::guest::{Cache, Guest, Spec};
use crate::host::{Ended, Host, Output};
use crate::leases;
use crate::runner::Verdict;
use crate::share::{self, Share};

scenarios!("hot-plug", WithProduct:
    a_guest_that_writes_gets_a_disk_writes_on_it_and_lets_go_of_it,
    a_guest_that_ends_lets_go_of_a_disk_that_was_attached,
    a_share_that_another_disk_needs_is_not_let_go_of,
    the_shares_of_a_chain_are_held_with_a_disk_that_was_attached,
    a_persistent_disk_is_there_at_the_next_start_and_gone_at_the_one_after,
    what_is_refused_leaves_nothing,
    a_guest_that_ends_while_its_share_is_mounted_leaves_nothing,
    a_guest_that_does_not_let_go_keeps_its_share,
    a_guest_that_is_paused_is_not_asked_for_its_disk,
);

fn a_guest_that_writes_gets_a_disk_writes_on_it_and_lets_go_of_it(host: &Host) -> Result<Verdict> {
    let (share, guest) =
        guest_without_share(host, "plugged", |spec| spec.writes(4000, "0.1").watches_for_disks())?;
    share.image("data.img")?;
    guest.start_and_write(3)?;
    leases::forgot(host, &guest)?;
    let said = attach(&guest, host, &share, "data.img", &[])?.success()?;
    let image = share.path("data.img");
    ensure!(
        said.stdout_text()
            == format!("plugged has {image} as vdb until it ends, and holds plugged\n"),
        "{said}"
    );
    share.is_mounted()?;
    leases::name(host, &guest)?;
    let disks = guest.virsh("domblklist")?.success()?.stdout_text();
    ensure!(disks.contains(&share.path("data.img")), "libvirt does not have it: {disks}");
    guest.wait_for("guest: plugged vdb")?;
    guest.wait_for_blocks_on("vdb", 5)?;
    guest.wait_for_blocks_on("vda", guest.blocks("vda")? + 3)?;
    let took = detach(&guest, host, &[])?.success()?;
    ensure!(
        took.stdout_text() == "plugged has no vdb any more\nplugged is not mounted any more\n",
        "{took}"
    );
    share.is_not_mounted()?;
    leases::forgot(host, &guest)?;
    ensure!(guest.state()? == "running", "the guest does not run any more");
    guest.wait_for_blocks_on("vda", guest.blocks("vda")? + 3)?;
    let verified = guest.verify("vdb", &share.backing("data.img"))?;
    // All over again: nothing of the first time is in the way.
    attach(&guest, host, &share, "data.img", &[])?.done()?;
    share.is_mounted()?;
    detach(&guest, host, &[])?.done()?;
    share.is_not_mounted()?;
    end_of(host, &guest)?;
    let elapsed = took.elapsed;
    Ok(Verdict::Measured(format!("{verified} blocks verified; detached in {elapsed:.1?}")))
}

fn a_guest_that_ends_lets_go_of_a_disk_that_was_attached(host: &Host) -> Result<Verdict> {
    let (share, guest) =
        guest_without_share(host, "ended", |spec| spec.writes(4000, "0.1").watches_for_disks())?;
    share.image("data.img")?;
    guest.start_and_write(3)?;
    attach(&guest, host, &share, "data.img", &[])?.done()?;
    guest.wait_for_blocks_on("vdb", 5)?;
    end_of(host, &guest)?;
    share.is_not_mounted()?;
    let verified = guest.verify("vdb", &share.backing("data.img"))?;
    // It was for that run only.
    guest.start()?;
    share.is_not_mounted()?;
    end_of(host, &guest)?;
    Ok(Verdict::Measured(format!("{verified} blocks verified")))
}

fn a_share_that_another_disk_needs_is_not_let_go_of(host: &Host) -> Result<Verdict> {
    let share = Share::new(host, "both")?;
    share::configure(host, "", &[&share])?;
    let spec = Spec::named("both")?.disk(&share.image("root.img")?, Cache::None);
    let guest = Guest::define(host, spec.writes(4000, "0.1").watches_for_disks())?;
    share.image("data.img")?;
    guest.start_and_write(3)?;
    attach(&guest, host, &share, "data.img", &[])?.done()?;
    guest.wait_for("guest: plugged vdb")?;
    let said = detach(&guest, host, &[])?.success()?;
    ensure!(!said.stdout_text().contains("mounted"), "{said}");
    share.is_mounted()?;
    leases::name(host, &guest)?;
    guest.wait_for_blocks_on("vda", guest.blocks("vda")? + 3)?;
    end_of(host, &guest)?;
    share.is_not_mounted()?;
    Ok(Verdict::Passed)
}

/// Nothing but the image's header names the other share.
fn the_shares_of_a_chain_are_held_with_a_disk_that_was_attached(host: &Host) -> Result<Verdict> {
    let (base, over) = (Share::new(host, "plug-base")?, Share::new(host, "plug-over")?);
    share::configure(host, "", &[&base, &over])?;
    let guest =
        guest_on_the_host(host, "chained", |spec| spec.writes(4000, "0.1").watches_for_disks())?;
    let raw = base.image("base.img")?;
    host.command("qemu-img")
        .args(["create", "-q", "-f", "qcow2", "-u", "-b", &raw, "-F", "raw"])
        .args([&over.volume("over.qcow2"), "16M"])
        .done()?;
    guest.start_and_write(3)?;
    attach(&guest, host, &over, "over.qcow2", &["--format", "qcow2"])?.done()?;
    base.is_mounted()?;
    over.is_mounted()?;
    guest.wait_for("guest: plugged vdb")?;
    detach(&guest, host, &[])?.done()?;
    base.is_not_mounted()?;
    over.is_not_mounted()?;
    leases::forgot(host, &guest)?;
    end_of(host, &guest)?;
    Ok(Verdict::Passed)
}

fn a_persistent_disk_is_there_at_the_next_start_and_gone_at_the_one_after(
    host: &Host,
) -> Result<Verdict> {
    let (share, guest) =
        guest_without_share(host, "kept", |spec| spec.writes(4000, "0.1").watches_for_disks())?;
    share.image("data.img")?;
    let off = attach(&guest, host, &share, "data.img", &[])?.failure()?;
    ensure!(off.stderr_text().contains("kept does not run; --persistent"), "{off}");
    attach(&guest, host, &share, "data.img", &["--persistent"])?.done()?;
    share.is_not_mounted()?;
    guest.start()?;
    guest.wait_for_blocks_on("vdb", 3)?;
    share.is_mounted()?;
    detach(&guest, host, &["--persistent"])?.done()?;
    share.is_not_mounted()?;
    leases::forgot(host, &guest)?;
    attach(&guest, host, &share, "data.img", &["--persistent"])?.done()?;
    end_of(host, &guest)?;
    share.is_not_mounted()?;
    guest.start()?;
    share.is_mounted()?;
    end_of(host, &guest)?;
    detach(&guest, host, &["--persistent"])?.done()?;
    guest.start()?;
    share.is_not_mounted()?;
    end_of(host, &guest)?;
    Ok(Verdict::Passed)
}

fn what_is_refused_leaves_nothing(host: &Host) -> Result<Verdict> {
    let (share, guest) = guest_without_share(host, "refused", |spec| spec.writes(4000, "0.1"))?;
    share.image("data.img")?;
    std::fs::write(share.backing("text.qcow2"), "no qcow2 at all").context("an image")?;
    guest.start_and_write(3)?;
    let rows: [(&[&str], &str, i32, &str); 5] = [
        (&["--target", "vda"], "data.img", 1, "a disk with the target vda already"),
        (&["--target", "vdb", "--iothread", "1"], "data.img", 1, "no I/O thread 1"),
        (&["--target", "vdb"], "nowhere.img", 1, "no image 'nowhere.img'"),
        (&["--target", "vdb", "--format", "qcow2"], "text.qcow2", 1, "libvirt says: "),
        (
            &["--target", "vdb", "--connect", "qemu+ssh://elsewhere/system"],
            "data.img",
            3,
            "another host",
        ),
    ];
    for (options, image, status, why) in rows {
        let said = host
            .command("virt-quobyte")
            .args(["attach", guest.name(), "--share", share.name(), "--image", image])
            .args(options)
            .run()?;
        ensure!(said.ended == Ended::Exit(status), "{options:?}: {said}");
        ensure!(said.stderr_text().contains(why), "{options:?}: {said}");
        share.is_not_mounted()?;
        leases::forgot(host, &guest)?;
    }
    let root =
        host.command("virt-quobyte").args(["detach", guest.name(), "vda"]).run()?.failure()?;
    ensure!(root.stderr_text().contains("lies on no share"), "{root}");
    let none = detach(&guest, host, &[])?.failure()?;
    ensure!(none.stderr_text().contains("refused has no disk vdb"), "{none}");
    ensure!(guest.state()? == "running", "the guest does not run any more");
    end_of(host, &guest)?;
    Ok(Verdict::Passed)
}

/// Its `release` finds no lease yet, and nobody will come for one that is written after it.
fn a_guest_that_ends_while_its_share_is_mounted_leaves_nothing(host: &Host) -> Result<Verdict> {
    let (share, guest) = guest_without_share(host, "gone", |spec| spec.writes(4000, "0.1"))?;
    share.image("data.img")?;
    share::client(host, "mount_delay = \"3s\"\n")?;
    guest.start_and_write(3)?;
    let words = ["attach", "gone", "--share", "gone", "--image", "data.img", "--target", "vdb"];
    let attaching = host.command("virt-quobyte").args(words).start()?;
    share::wait_for_a_client(host)?;
    guest.virsh("destroy")?.done()?;
    guest.wait_until_off()?;
    let said = attaching.wait()?;
    ensure!(said.ended == Ended::Exit(1), "{said}");
    ensure!(said.stderr_text().contains("not running"), "{said}");
    share.is_not_mounted()?;
    leases::forgot(host, &guest)?;
    Ok(Verdict::Passed)
}

/// A guest whose system has not come up, or has stopped, does not answer.
fn a_guest_that_does_not_let_go_keeps_its_share(host: &Host) -> Result<Verdict> {
    let (share, guest) =
        guest_without_share(host, "stubborn", |spec| spec.writes(4000, "0.1").deaf())?;
    share.image("data.img")?;
    guest.start_and_write(3)?;
    attach(&guest, host, &share, "data.img", &[])?.done()?;
    let said = detach(&guest, host, &[])?.failure()?;
    ensure!(said.stderr_text().contains("did not let go of vdb"), "{said}");
    share.is_mounted()?;
    leases::name(host, &guest)?;
    end_of(host, &guest)?;
    share.is_not_mounted()?;
    Ok(Verdict::Measured(format!("given up after {:.1?}", said.elapsed)))
}

/// It would let go some day, when nobody looks after its share any more.
fn a_guest_that_is_paused_is_not_asked_for_its_disk(host: &Host) -> Result<Verdict> {
    let (share, guest) =
        guest_without_share(host, "paused", |spec| spec.writes(4000, "0.1").watches_for_disks())?;
    share.image("data.img")?;
    guest.start_and_write(3)?;
    attach(&guest, host, &share, "data.img", &[])?.done()?;
    guest.wait_for("guest: plugged vdb")?;
    guest.virsh("suspend")?.done()?;
    let said = detach(&guest, host, &[])?.failure()?;
    ensure!(said.stderr_text().contains("it is paused"), "{said}");
    ensure!(said.stderr_text().contains("virsh resume paused"), "{said}");
    guest.does("resume", &[])?;
    guest.wait_for_blocks_on("vdb", guest.blocks("vdb")? + 3)?;
    share.is_mounted()?;
    leases::name(host, &guest)?;
    detach(&guest, host, &[])?.done()?;
    share.is_not_mounted()?;
    end_of(host, &guest)?;
    Ok(Verdict::Measured(format!("refused after {:.1?}", said.elapsed)))
}

/// A configured share, and a guest of the same name that has nothing to do with it.
pub(super) fn guest_without_share<'h>(
    host: &'h Host,
    name: &str,
    spec: impl FnOnce(Spec) -> Spec,
) -> Result<(Share<'h>, Guest<'h>)> {
    let share = Share::new(host, name)?;
    share::configure(host, "", &[&share])?;
    Ok((share, guest_on_the_host(host, name, spec)?))
}

fn guest_on_the_host<'h>(
    host: &'h Host,
    name: &str,
    spec: impl FnOnce(Spec) -> Spec,
) -> Result<Guest<'h>> {
    let image = format!("/var/lib/libvirt/images/{name}.img");
    host.command("truncate").args(["--size=16M", &image]).done()?;
    Guest::define(host, spec(Spec::named(name)?.disk(&image, Cache::Writeback)))
}

fn attach(guest: &Guest, host: &Host, share: &Share, image: &str, more: &[&str]) -> Result<Output> {
    host.command("virt-quobyte")
        .args(["attach", guest.name(), "--share", share.name(), "--image", image])
        .args(["--target", "vdb"])
        .args(more)
        .run()
}

fn detach(guest: &Guest, host: &Host, more: &[&str]) -> Result<Output> {
    host.command("virt-quobyte").args(["detach", guest.name(), "vdb"]).args(more).run()
}

/// It ends, and nothing speaks of it any more.
pub(super) fn end_of(host: &Host, guest: &Guest) -> Result<()> {
    guest.virsh("destroy")?.done()?;
    guest.wait_until_off()?;
    leases::forgot(host, guest)
}
