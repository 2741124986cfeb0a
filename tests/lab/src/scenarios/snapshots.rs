//! Snapshots of a running guest: one inside its image, to which it goes back, and one beside it, which is merged again.

use std::path::PathBuf;

use anyhow::{Result, ensure};

use super::migrate::{at_rest, writer, writer_on};
use super::refusal::says;
use super::scenarios;
use crate::guest::{Cache, Guest};
use crate::pair::Pair;
use crate::runner::Verdict;
use crate::share::{self, Share};

scenarios!("two hosts", OnTwoHosts:
    a_guest_goes_back_to_a_snapshot_inside_its_image,
    a_guest_runs_on_a_snapshot_beside_its_image_until_that_is_merged,
    a_guest_goes_back_to_a_snapshot_beside_its_image_where_libvirt_can_and_its_share_lingers,
);

fn a_guest_goes_back_to_a_snapshot_inside_its_image(pair: &mut Pair) -> Result<Verdict> {
    let (shares, guest) = writer_on(pair, "inside", |share, spec| {
        let file = share.volume("disk.qcow2");
        let words = ["create", "-q", "-f", "qcow2", &file, "16M"];
        pair.left().command("qemu-img").args(words).done()?;
        Ok(spec.qcow2(&share.path("disk.qcow2"), Cache::None))
    })?;
    guest.start_and_write(5)?;
    let before = guest.console()?;
    guest.does("snapshot-create-as", &["inside"])?;
    at_rest(pair, &shares)?;
    let written = guest.blocks("vda")?;
    guest.wait_for_blocks(written + 5)?;

    guest.does("snapshot-revert", &["inside", "--force"])?;
    // It wrote and reported until the revert ended it.
    let said = guest.console()?.len();
    ensure!(guest.state()? == "running", "after the revert it is {}", guest.state()?);
    at_rest(pair, &shares)?;
    // What it had said between the two did not happen.
    let happened = |whole: &str| format!("{before}\n{}", whole.get(said..).unwrap_or_default());
    let old = Guest::blocks_in(&before, "vda");
    guest.wait_for_more(|console| Guest::blocks_in(&happened(console), "vda") >= old + 5)?;
    guest.does("destroy", &[])?;
    at_rest(pair, &shares)?;
    let raw = converted(pair, &shares[0], "disk.qcow2")?;
    let verified = Guest::verify_said(&happened(&guest.console()?), "vda", &raw)?;
    guest.does("snapshot-delete", &["inside", "--metadata"])?;
    Ok(Verdict::Measured(format!("1 revert, {verified} blocks verified")))
}

fn a_guest_runs_on_a_snapshot_beside_its_image_until_that_is_merged(
    pair: &mut Pair,
) -> Result<Verdict> {
    let (shares, guest) = writer(pair, "beside")?;
    guest.start_and_write(5)?;
    guest.does("snapshot-create-as", &["beside", "--disk-only", "--no-metadata"])?;
    at_rest(pair, &shares)?;
    let written = guest.blocks("vda")?;
    guest.wait_for_blocks(written + 5)?;

    // Its next start is from the overlay, which names the image behind it.
    guest.does("destroy", &[])?;
    at_rest(pair, &shares)?;
    guest.start()?;
    guest.wait_for_another_boot()?;
    at_rest(pair, &shares)?;
    guest.does("blockcommit", &["vda", "--active", "--wait", "--pivot"])?;
    at_rest(pair, &shares)?;
    let written = guest.blocks("vda")?;
    guest.wait_for_blocks(written.max(20))?;
    guest.does("destroy", &[])?;
    at_rest(pair, &shares)?;
    let verified = guest.verify("vda", &shares[0].backing("disk.img"))?;
    Ok(Verdict::Measured(format!("1 overlay, {verified} blocks verified")))
}

/// libvirt before 9.9 reverts to no snapshot beside an image, and says so before it does anything. Since then it ends the guest, looks
/// for the image with no hook in between, and starts the guest: that is what a share lingers for. One that does not leaves the guest
/// shut off, as with a snapshot of a stopped guest (see `linger`).
fn a_guest_goes_back_to_a_snapshot_beside_its_image_where_libvirt_can_and_its_share_lingers(
    pair: &mut Pair,
) -> Result<Verdict> {
    let (shares, guest) = writer(pair, "back-beside")?;
    share::configure(pair.left(), "linger = \"6s\"\n", &[&shares[0]])?;
    guest.start_and_write(5)?;
    guest.does("snapshot-create-as", &["beside", "--disk-only"])?;
    at_rest(pair, &shares)?;
    let mounts = shares[0].mounts()?;
    let words = ["snapshot-revert", guest.name(), "beside", "--running", "--force"];
    let reverted = pair.left().command("virsh").args(words).run()?;
    let outcome = if reverted.succeeded() {
        guest.wait_for_another_boot()?;
        "reverted"
    } else {
        says(&reverted, &["revert to external snapshot not supported yet"])?;
        let written = guest.blocks("vda")?;
        guest.wait_for_blocks(written + 5)?;
        "refused"
    };
    ensure!(guest.state()? == "running", "{outcome}, it is {}", guest.state()?);
    ensure!(shares[0].mounts()? == mounts, "{outcome}, the mount is another one");
    at_rest(pair, &shares)?;
    guest.does("destroy", &[])?;
    at_rest(pair, &shares)?;
    guest.does("snapshot-delete", &["beside", "--metadata"])?;
    Ok(Verdict::Measured(outcome.to_owned()))
}

/// A raw copy of an image that nobody uses, in the volume.
fn converted(pair: &Pair, share: &Share, image: &str) -> Result<PathBuf> {
    let (from, raw) = (share.volume(image), format!("{image}.raw"));
    let to = share.volume(&raw);
    let words = ["convert", "-O", "raw", &from, &to];
    pair.left().command("qemu-img").args(words).done()?;
    Ok(share.backing(&raw))
}
