//! The lab itself, before anything of the product is in it: what every other scenario builds on.

use anyhow::{Result, ensure};

use super::scenarios;
use crate::guest::{Cache, Guest, Spec};
use crate::host::Host;
use crate::runner::Verdict;

scenarios!("host", OnHost:
    a_guest_writes_blocks_that_are_found_in_its_image,
    a_guest_ends_by_its_power_button,
    a_guest_ends_by_itself,
);

fn local_guest<'h>(
    host: &'h Host,
    name: &str,
    spec: impl FnOnce(Spec) -> Spec,
) -> Result<Guest<'h>> {
    let image = format!("/var/lib/libvirt/images/{name}.img");
    host.command("truncate").args(["--size=16M", &image]).done()?;
    Guest::define(host, spec(Spec::named(name)?.disk(&image, Cache::Writeback)))
}

fn a_guest_writes_blocks_that_are_found_in_its_image(host: &Host) -> Result<Verdict> {
    let guest = local_guest(host, "writes", |spec| spec.writes(4000, "0"))?;
    guest.start_and_write(20)?;
    guest.virsh("destroy")?.done()?;
    guest.wait_until_off()?;
    let blocks = guest.verify("vda", &host.outside("/var/lib/libvirt/images/writes.img"))?;
    ensure!(blocks >= 20, "only {blocks} blocks");
    Ok(Verdict::Passed)
}

fn a_guest_ends_by_its_power_button(host: &Host) -> Result<Verdict> {
    let guest = local_guest(host, "button", |spec| spec)?;
    guest.start()?;
    guest.wait_for("guest: done")?;
    guest.virsh("shutdown")?.done()?;
    guest.wait_until_off()?;
    guest.wait_for("guest: power button")?;
    Ok(Verdict::Passed)
}

fn a_guest_ends_by_itself(host: &Host) -> Result<Verdict> {
    let guest = local_guest(host, "itself", |spec| spec.writes(100, "0").powers_off_after(3))?;
    guest.start()?;
    guest.wait_until_off()?;
    guest.wait_for("guest: powering off")?;
    guest.verify("vda", &host.outside("/var/lib/libvirt/images/itself.img"))?;
    Ok(Verdict::Passed)
}
