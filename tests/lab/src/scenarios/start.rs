//! A guest on one share: mounted for it, and gone after it, in whatever way it ends.

use anyhow::{Result, ensure};

use super::scenarios;
use crate::guest::{Cache, Guest, Spec};
use crate::host::Host;
use crate::leases;
use crate::runner::Verdict;
use crate::share::{self, Share};

scenarios!("start", WithProduct:
    the_share_is_mounted_by_the_start_and_the_guest_runs_from_it,
    nothing_is_left_after_a_shutdown,
    nothing_is_left_after_a_destroy,
    nothing_is_left_after_a_guest_powered_itself_off,
    nothing_is_left_after_qemu_was_killed,
    a_start_after_a_stop_mounts_again,
    a_share_may_have_a_mount_point_of_its_own,
    every_step_is_in_the_journal_with_its_fields,
);

fn the_share_is_mounted_by_the_start_and_the_guest_runs_from_it(host: &Host) -> Result<Verdict> {
    let (share, guest) = guest_on_share(host, "runs", |spec| spec.writes(4000, "0"))?;
    share.is_not_mounted()?;
    guest.start_and_write(10)?;
    share.is_mounted()?;
    let mount = &share.mounts()?[0];
    ensure!(mount.kind == "fuse.quobyte", "libvirt would not take {mount:?} for shared storage");
    leases::name(host, &guest)?;
    Ok(Verdict::Passed)
}

fn nothing_is_left_after_a_shutdown(host: &Host) -> Result<Verdict> {
    let (share, guest) = guest_on_share(host, "shutdown", |spec| spec.writes(5, "0"))?;
    guest.start()?;
    guest.wait_for("guest: done")?;
    share.is_mounted()?;
    guest.virsh("shutdown")?.done()?;
    all_is_gone(host, &share, &guest)
}

fn nothing_is_left_after_a_destroy(host: &Host) -> Result<Verdict> {
    let (share, guest) = guest_on_share(host, "destroy", |spec| spec.writes(4000, "0"))?;
    guest.start_and_write(5)?;
    share.is_mounted()?;
    guest.virsh("destroy")?.done()?;
    all_is_gone(host, &share, &guest)
}

fn nothing_is_left_after_a_guest_powered_itself_off(host: &Host) -> Result<Verdict> {
    let (share, guest) =
        guest_on_share(host, "poweroff", |spec| spec.writes(100, "0").powers_off_after(5))?;
    guest.start()?;
    share.is_mounted()?;
    all_is_gone(host, &share, &guest)
}

fn nothing_is_left_after_qemu_was_killed(host: &Host) -> Result<Verdict> {
    let (share, guest) = guest_on_share(host, "killed", |spec| spec.writes(4000, "0"))?;
    guest.start_and_write(5)?;
    share.is_mounted()?;
    guest.kill_qemu()?;
    all_is_gone(host, &share, &guest)
}

fn a_start_after_a_stop_mounts_again(host: &Host) -> Result<Verdict> {
    let (share, guest) = guest_on_share(host, "again", |spec| spec.writes(4000, "0"))?;
    for _round in ["first", "second"] {
        guest.start_and_write(3)?;
        share.is_mounted()?;
        guest.virsh("destroy")?.done()?;
        all_is_gone(host, &share, &guest)?;
    }
    Ok(Verdict::Passed)
}

fn a_share_may_have_a_mount_point_of_its_own(host: &Host) -> Result<Verdict> {
    let share = Share::new(host, "readable")?.mounted_at("/srv/quobyte/readable");
    share::configure(host, "", &[&share])?;
    let image = share.image("disk.img")?;
    let guest =
        Guest::define(host, Spec::named("readable")?.disk(&image, Cache::None).writes(4000, "0"))?;
    guest.start_and_write(3)?;
    share.is_mounted()?;
    guest.virsh("destroy")?.done()?;
    all_is_gone(host, &share, &guest)
}

/// What an operator asks the journal by: a guest's or a share's steps, and how long each took.
fn every_step_is_in_the_journal_with_its_fields(host: &Host) -> Result<Verdict> {
    let (share, guest) = guest_on_share(host, "logged", |spec| spec.writes(5, "0"))?;
    guest.start()?;
    guest.virsh("destroy")?.done()?;
    all_is_gone(host, &share, &guest)?;
    for (operation, step) in [("prepare", "mount"), ("release", "unmount")] {
        let matches = [
            "SYSLOG_IDENTIFIER=virt-quobyte-hook".to_owned(),
            format!("DOMAIN={}", guest.name()),
            format!("DOMAIN_UUID={}", guest.uuid()),
            format!("SHARE={}", share.name()),
            format!("OPERATION={operation}"),
            format!("STEP={step}"),
        ];
        let found = host
            .command("journalctl")
            .args(["--no-pager", "--quiet", "--output=verbose"])
            .args(matches)
            .succeeds()?
            .stdout_text();
        ensure!(found.contains("ELAPSED_MS="), "no {step} at {operation} in the journal: {found}");
    }
    Ok(Verdict::Passed)
}

/// A configured share and a guest with its only disk on it, both of this name.
pub(super) fn guest_on_share<'h>(
    host: &'h Host,
    name: &str,
    spec: impl FnOnce(Spec) -> Spec,
) -> Result<(Share<'h>, Guest<'h>)> {
    let share = Share::new(host, name)?;
    share::configure(host, "", &[&share])?;
    let image = share.image("disk.img")?;
    let guest = Guest::define(host, spec(Spec::named(name)?.disk(&image, Cache::None)))?;
    Ok((share, guest))
}

/// Waits for the guest's end; then neither mount nor lease may be there.
fn all_is_gone(host: &Host, share: &Share, guest: &Guest) -> Result<Verdict> {
    guest.wait_until_off()?;
    share.is_not_mounted()?;
    leases::forgot(host, guest)?;
    Ok(Verdict::Passed)
}
