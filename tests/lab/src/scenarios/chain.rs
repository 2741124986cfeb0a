//! Guests whose images are backed by images on other shares, which nothing but the images says.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::refusal::{refused_within, says};
use super::scenarios;
use crate::guest::{Cache, Guest, Spec};
use crate::host::Host;
use crate::leases;
use crate::runner::Verdict;
use crate::share::{self, Share};

scenarios!("chain", WithProduct:
    the_share_of_a_backing_image_is_mounted_and_held_as_long_as_the_guest_runs,
    a_backing_image_that_is_missing_is_reported_with_the_image_that_names_it,
    a_backing_image_below_the_mount_base_that_no_share_explains_is_refused,
);

fn the_share_of_a_backing_image_is_mounted_and_held_as_long_as_the_guest_runs(
    host: &Host,
) -> Result<Verdict> {
    let (base, overlay) = (Share::new(host, "base")?, Share::new(host, "overlay")?);
    share::configure(host, "", &[&base, &overlay])?;
    create(host, &base, "debian.raw", &["-f", "raw"], "16M")?;
    back(host, &base, "debian.qcow2", "debian.raw", "raw")?;
    let guest = guest_on(host, &overlay, &base.path("debian.qcow2"))?;
    guest.start_and_write(5)?;
    overlay.is_mounted()?;
    base.is_mounted()?;
    // Another guest on the base alone comes and goes, and does not take it away.
    let other = Spec::named("chain-other")?.disk(&base.image("other.img")?, Cache::None);
    let other = Guest::define(host, other.writes(4000, "0.1"))?;
    other.start()?;
    other.virsh("destroy")?.done()?;
    other.wait_until_off()?;
    base.is_mounted()?;
    guest.wait_for_blocks(10)?;
    guest.virsh("destroy")?.done()?;
    guest.wait_until_off()?;
    overlay.is_not_mounted()?;
    base.is_not_mounted()?;
    leases::forgot(host, &guest)?;
    Ok(Verdict::Passed)
}

fn a_backing_image_that_is_missing_is_reported_with_the_image_that_names_it(
    host: &Host,
) -> Result<Verdict> {
    let (base, overlay) = (Share::new(host, "base")?, Share::new(host, "overlay")?);
    share::configure(host, "", &[&base, &overlay])?;
    let guest = guest_on(host, &overlay, &base.path("gone.qcow2"))?;
    let start = guest.virsh("start")?;
    let told = refused_within(host, &guest, start, Duration::from_secs(15))?;
    says(
        &told,
        &["share base has no image 'gone.qcow2'", &overlay.path("vm.qcow2"), "is backed by"],
    )
}

fn a_backing_image_below_the_mount_base_that_no_share_explains_is_refused(
    host: &Host,
) -> Result<Verdict> {
    let (stranger, overlay) = (Share::new(host, "stranger")?, Share::new(host, "overlay")?);
    share::configure(host, "", &[&overlay])?;
    let guest = guest_on(host, &overlay, &stranger.path("base.qcow2"))?;
    let start = guest.virsh("start")?;
    let told = refused_within(host, &guest, start, Duration::from_secs(10))?;
    says(&told, &[&stranger.path("base.qcow2"), "is backed by", "no configured share"])?;
    ensure!(share::client_starts(host)?.len() == 1, "the overlay's share alone is mounted");
    Ok(Verdict::Passed)
}

/// A guest on an overlay of this image, of which its domain says nothing.
fn guest_on<'h>(host: &'h Host, overlay: &Share, backing: &str) -> Result<Guest<'h>> {
    back(host, overlay, "vm.qcow2", backing, "qcow2")?;
    let spec = Spec::named("chained")?.qcow2(&overlay.path("vm.qcow2"), Cache::None);
    Guest::define(host, spec.writes(4000, "0.1"))
}

/// Makes an overlay in the volume. The image behind it need not be there: its share is not mounted now.
fn back(host: &Host, share: &Share, image: &str, backing: &str, format: &str) -> Result<()> {
    create(host, share, image, &["-u", "-f", "qcow2", "-b", backing, "-F", format], "16M")
}

fn create(host: &Host, share: &Share, image: &str, options: &[&str], size: &str) -> Result<()> {
    let file = share.volume(image);
    host.command("qemu-img").arg("create").args(options).args([file.as_str(), size]).done()
}
