//! A guest's disk moves to another share while it writes.

use anyhow::{Result, ensure};

use super::migrate::beginning;
use super::scenarios;
use crate::guest::{Cache, Guest, Spec};
use crate::host::Output;
use crate::leases;
use crate::pair::Pair;
use crate::runner::Verdict;
use crate::settled::{is_well, settled};
use crate::share::{self, Share};

scenarios!("two hosts", OnTwoHosts:
    a_disk_moves_to_another_share_that_the_guest_had_asked_for,
    a_disk_that_moves_to_a_share_of_another_guest_keeps_it_mounted,
    a_disk_does_not_move_to_a_share_that_is_not_mounted,
    a_disk_that_moves_off_all_shares_holds_the_old_one_to_its_end,
);

fn a_disk_moves_to_another_share_that_the_guest_had_asked_for(pair: &mut Pair) -> Result<Verdict> {
    let host = pair.left();
    let (old, new) = (Share::new(host, "old-place")?, Share::new(host, "new-place")?);
    share::configure(host, "", &[&old, &new])?;
    let shares = [&old, &new];
    let metadata =
        "<vq:shares xmlns:vq='urn:virt-quobyte:domain:1'><vq:share name='new-place'/></vq:shares>";
    let spec = Spec::named("copied")?.disk(&old.image("disk.img")?, Cache::None);
    let guest = Guest::define(host, beginning(spec.metadata(metadata)))?;
    guest.start_and_write(5)?;
    settled(host, &shares)?;
    let to = new.path("disk.img");
    let words = ["vda", &to, "--format", "raw", "--transient-job", "--wait", "--pivot"];
    guest.does("blockcopy", &words)?;
    // What it does not use any more it holds until its end: it is still named by its domain, or by nothing.
    let written = guest.blocks("vda")?;
    guest.wait_for_blocks(written + 10)?;
    ensure!(guest.state()? == "running", "after the copy it is {}", guest.state()?);
    new.is_mounted()?;
    guest.does("destroy", &[])?;
    settled(host, &shares)?;
    let verified = guest.verify("vda", &new.backing("disk.img"))?;
    Ok(Verdict::Measured(format!("{verified} blocks verified on the new share")))
}

/// libvirt tells no hook of a block copy, so the guest has no lease on where its disk is now. What keeps the mount is that the image
/// is open, until `recover`, or the return of a daemon that was restarted, writes the lease. Until then `recover` has something to do.
fn a_disk_that_moves_to_a_share_of_another_guest_keeps_it_mounted(
    pair: &mut Pair,
) -> Result<Verdict> {
    let host = pair.left();
    let (old, new) = (Share::new(host, "left-place")?, Share::new(host, "lent-place")?);
    share::configure(host, "", &[&old, &new])?;
    let shares = [&old, &new];
    let lender = Spec::named("lender")?.disk(&new.image("lender.img")?, Cache::None);
    let lender = Guest::define(host, lender)?;
    let mover = Spec::named("mover")?.disk(&old.image("disk.img")?, Cache::None);
    let mover = Guest::define(host, beginning(mover))?;
    lender.start()?;
    mover.start_and_write(5)?;
    settled(host, &shares)?;
    copy(&mover, &new)?.done()?;
    // The only one who was known to need it ends.
    lender.does("destroy", &[])?;
    let written = mover.blocks("vda")?;
    mover.wait_for_blocks(written + 5)?;
    new.is_mounted()?;
    let told = host.command("virt-quobyte").args(["recover", "--apply"]).run()?;
    ensure!(told.to_string().contains("write the lease of"), "recover misses it: {told}");
    // It holds both from here on: where its disk is, and where it was, until its end.
    is_well(host)?;
    for share in shares {
        share.is_mounted()?;
    }
    let written = mover.blocks("vda")?;
    mover.wait_for_blocks(written + 5)?;
    mover.does("destroy", &[])?;
    settled(host, &shares)?;
    let verified = mover.verify("vda", &new.backing("disk.img"))?;
    Ok(Verdict::Measured(format!("{verified} blocks verified on the other guest's share")))
}

/// Its bare mount point takes no file: not root's either, as libvirt makes the copy as QEMU's user.
fn a_disk_does_not_move_to_a_share_that_is_not_mounted(pair: &mut Pair) -> Result<Verdict> {
    let host = pair.left();
    let (old, new) = (Share::new(host, "kept-place")?, Share::new(host, "bare-place")?);
    share::configure(host, "", &[&old, &new])?;
    let shares = [&old, &new];
    let spec = Spec::named("stayer")?.disk(&old.image("disk.img")?, Cache::None);
    let guest = Guest::define(host, beginning(spec))?;
    // It has a mount point by then.
    host.command("virt-quobyte").args(["mount", new.name()]).done()?;
    host.command("virt-quobyte").args(["umount", new.name()]).done()?;
    guest.start_and_write(5)?;
    let refused = copy(&guest, &new)?.failure()?;
    let left = host.command("ls").args(["-A", &new.mount_point()]).succeeds()?.stdout_text();
    ensure!(left.is_empty(), "on the bare mount point lies {left:?}, after {refused}");
    settled(host, &shares)?;
    let written = guest.blocks("vda")?;
    guest.wait_for_blocks(written + 5)?;
    guest.does("destroy", &[])?;
    settled(host, &shares)?;
    let verified = guest.verify("vda", &old.backing("disk.img"))?;
    Ok(Verdict::Measured(format!("{verified} blocks verified on the old share")))
}

/// Where no share is, nobody can hold one. The lease on the old share is as old as the guest, and goes with it.
fn a_disk_that_moves_off_all_shares_holds_the_old_one_to_its_end(
    pair: &mut Pair,
) -> Result<Verdict> {
    const ELSEWHERE: &str = "/var/lib/libvirt/images/off-all-shares.img";
    let host = pair.left();
    let old = Share::new(host, "only-place")?;
    share::configure(host, "", &[&old])?;
    let spec = Spec::named("leaver")?.disk(&old.image("disk.img")?, Cache::None);
    let guest = Guest::define(host, beginning(spec))?;
    guest.start_and_write(5)?;
    let words = ["vda", ELSEWHERE, "--format", "raw", "--transient-job", "--wait", "--pivot"];
    guest.does("blockcopy", &words)?;
    old.is_mounted()?;
    leases::name(host, &guest)?;
    let written = guest.blocks("vda")?;
    guest.wait_for_blocks(written + 5)?;
    guest.does("destroy", &[])?;
    old.is_not_mounted()?;
    leases::forgot(host, &guest)?;
    let verified = guest.verify("vda", &host.outside(ELSEWHERE))?;
    host.remove(ELSEWHERE)?;
    Ok(Verdict::Measured(format!("{verified} blocks verified off all shares")))
}

fn copy(guest: &Guest, to: &Share) -> Result<Output> {
    let to = to.path("disk.img");
    let words = [&to, "--format", "raw", "--transient-job", "--wait", "--pivot"];
    guest.host().command("virsh").args(["blockcopy", guest.name(), "vda"]).args(words).run()
}
