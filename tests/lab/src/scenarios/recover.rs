//! `virt-quobyte recover` on a host with libvirt: what libvirt says of its guests is heard, and where it says nothing, the
//! guests themselves are seen.

use anyhow::{Result, ensure};

use super::scenarios;
use super::start::guest_on_share;
use crate::guest::Guest;
use crate::host::{Ended, Host};
use crate::leases::{self, STATE};
use crate::libvirt;
use crate::runner::Verdict;

scenarios!("recover", WithProduct:
    a_guest_that_has_lost_its_lease_gets_it_back,
    a_guest_that_has_lost_its_lease_gets_it_back_while_libvirtd_is_down,
    a_lease_whose_release_was_killed_is_dropped,
    a_dead_share_is_detached_and_its_next_guest_starts,
    a_state_directory_that_was_restored_after_a_reboot_is_not_believed,
);

const EARLIER_HOOK: &str = "/etc/libvirt/hooks/qemu.d/a-killer";

fn a_guest_that_has_lost_its_lease_gets_it_back(host: &Host) -> Result<Verdict> {
    lose_and_recover(host, "lost", |_| Ok(()), |_| Ok(()))
}

fn a_guest_that_has_lost_its_lease_gets_it_back_while_libvirtd_is_down(
    host: &Host,
) -> Result<Verdict> {
    lose_and_recover(host, "lost-down", libvirtd_down, libvirtd_up)
}

/// Its sockets would start it again as soon as it is asked.
pub(super) fn libvirtd_down(host: &Host) -> Result<()> {
    host.command("systemctl").args(["stop", libvirt::unit()]).args(libvirt::sockets()).done()
}

pub(super) fn libvirtd_up(host: &Host) -> Result<()> {
    host.command("systemctl").arg("start").args(libvirt::sockets()).done()?;
    host.command("systemctl").args(["start", libvirt::unit()]).done()
}

fn lose_and_recover(
    host: &Host,
    name: &str,
    before: impl FnOnce(&Host) -> Result<()>,
    after: impl FnOnce(&Host) -> Result<()>,
) -> Result<Verdict> {
    let (share, guest) = guest_on_share(host, name, |spec| spec.writes(4000, "0.1"))?;
    guest.start_and_write(2)?;
    let well = recover(host, &["--apply"])?;
    ensure!(well.contains("nothing to do"), "a healthy host is not left alone: {well}");
    // The lease goes, and the record of the mount stays.
    let records = host.command("find").args([STATE, "-name", "*.json"]).succeeds()?.stdout_text();
    let record = records.trim();
    let text = host.read_text(record)?;
    let start = text.find("\"leases\"").map(|at| at + "\"leases\"".len());
    let end = text.find("\"mount\"");
    let (Some(start), Some(end)) = (start, end) else {
        anyhow::bail!("the record has another form: {text}");
    };
    host.write(record, format!("{}: [],\n  {}", &text[..start], &text[end..]))?;
    before(host)?;
    let shown = recover_to_do(host, &[])?;
    ensure!(
        shown.contains("write the lease of") && shown.contains(guest.uuid()),
        "the loss is not seen: {shown}"
    );
    let done = recover(host, &["--apply"])?;
    after(host)?;
    // A daemon that has just come up answers once it has taken up its guests again.
    ensure!(guest.state()? == "running", "the guest does not run any more");
    leases::name(host, &guest)?;
    ensure!(done.contains("done: write the lease"), "{done}");
    end_of(&guest)?;
    share.is_not_mounted()?;
    leases::forgot(host, &guest)?;
    Ok(Verdict::Passed)
}

/// libvirtd lives, and will never ask again.
fn a_lease_whose_release_was_killed_is_dropped(host: &Host) -> Result<Verdict> {
    let (share, guest) = guest_on_share(host, "killed", |spec| spec)?;
    guest.start()?;
    // Hooks run in the order of their names: this one makes the next one die at its first breath.
    let product = "/etc/libvirt/hooks/qemu.d/virt-quobyte";
    let killer =
        format!("#!/bin/sh\ntest \"$2\" != release || mv {product} {product}.away\nexit 0\n");
    host.write(EARLIER_HOOK, killer)?;
    host.command("chmod").args(["0755", EARLIER_HOOK]).done()?;
    end_of(&guest)?;
    host.remove(EARLIER_HOOK)?;
    host.command("mv").args([&format!("{product}.away"), product]).done()?;
    // It is as young now as one that libvirtd has never seen.
    host.command("systemctl").args(["reload", libvirt::unit()]).done()?;
    leases::name(host, &guest)?;
    share.is_mounted()?;
    // A lease of this very second might belong to a guest that is just starting.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let shown = recover_to_do(host, &[])?;
    ensure!(shown.contains("drop the lease of") && shown.contains("unmount"), "{shown}");
    recover(host, &["--apply"])?;
    share.is_not_mounted()?;
    leases::forgot(host, &guest)?;
    Ok(Verdict::Passed)
}

fn a_dead_share_is_detached_and_its_next_guest_starts(host: &Host) -> Result<Verdict> {
    let (share, guest) = guest_on_share(host, "detached", |spec| spec)?;
    guest.start()?;
    host.command("pkill").args(["-KILL", "-x", "mount.quobyte"]).done()?;
    let shown = recover_to_do(host, &[])?;
    ensure!(shown.contains("recover --detach detached"), "no way out is named: {shown}");
    let said = host
        .command("virt-quobyte")
        .args(["recover", "--detach", "detached", "--yes"])
        .succeeds()?
        .stdout_text();
    ensure!(
        said.contains("held by domain detached") && said.contains("used by qemu-system"),
        "it does not say who loses what: {said}"
    );
    share.is_not_mounted()?;
    end_of(&guest)?;
    guest.start()?;
    share.is_mounted()?;
    end_of(&guest)?;
    share.is_not_mounted()?;
    leases::forgot(host, &guest)?;
    Ok(Verdict::Passed)
}

/// A kernel boots once here, so that this is another boot is told by what the kernel says of it.
fn a_state_directory_that_was_restored_after_a_reboot_is_not_believed(
    host: &Host,
) -> Result<Verdict> {
    const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";
    const KEPT: &str = "/root/state-of-an-earlier-boot";
    let (share, guest) = guest_on_share(host, "restored", |spec| spec)?;
    guest.start()?;
    host.command("cp").args(["-a", STATE, KEPT]).done()?;
    end_of(&guest)?;
    let restore = || {
        host.command("rm").args(["-r", STATE]).done()?;
        host.command("cp").args(["-a", KEPT, STATE]).done()?;
        leases::name(host, &guest)
    };
    let another = host.read_text("/proc/sys/kernel/random/uuid")?;
    host.write("/root/boot-id", another)?;
    host.command("mount").args(["--bind", "/root/boot-id", BOOT_ID]).done()?;

    restore()?;
    let shown = recover_to_do(host, &[])?;
    ensure!(shown.contains("forget the record of an earlier boot"), "{shown}");
    ensure!(!shown.contains("unmount"), "what an earlier boot mounted is gone: {shown}");
    leases::name(host, &guest)?;
    recover(host, &["--apply"])?;
    leases::forgot(host, &guest)?;
    let again = recover(host, &[])?;
    ensure!(again.contains("nothing to do"), "{again}");

    // Whoever starts a guest need not recover first.
    restore()?;
    guest.start()?;
    share.is_mounted()?;
    end_of(&guest)?;
    share.is_not_mounted()?;
    leases::forgot(host, &guest)?;
    host.command("umount").arg(BOOT_ID).done()?;
    host.command("rm").args(["-r", KEPT, "/root/boot-id"]).done()?;
    Ok(Verdict::Passed)
}

fn end_of(guest: &Guest) -> Result<()> {
    guest.virsh("destroy")?.done()?;
    guest.wait_until_off()
}

fn recover(host: &Host, arguments: &[&str]) -> Result<String> {
    let said = host.command("virt-quobyte").arg("recover").args(arguments).succeeds()?;
    Ok(said.stdout_text())
}

/// One that finds something to do.
fn recover_to_do(host: &Host, arguments: &[&str]) -> Result<String> {
    let said = host.command("virt-quobyte").arg("recover").args(arguments).run()?;
    ensure!(said.ended == Ended::Exit(1), "recover should find something to do: {said}");
    Ok(said.stdout_text())
}
