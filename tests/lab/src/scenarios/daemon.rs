//! What happens around a running guest: libvirtd goes and comes, and the client's daemon stays
//! where it is.

use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::recover::{libvirtd_down, libvirtd_up};
use super::scenarios;
use super::start::guest_on_share;
use crate::guest::{Cache, Guest, Spec};
use crate::host::Host;
use crate::leases;
use crate::libvirt;
use crate::runner::Verdict;
use crate::settled::settled;
use crate::share::{self, Share};

scenarios!("daemon", WithProduct:
    the_client_lives_in_a_scope_of_its_own,
    client_and_guest_survive_a_restart_of_libvirtd,
    client_and_guest_survive_the_death_of_libvirtd,
    a_reload_of_libvirtd_disturbs_neither_guest_nor_start,
    a_guest_that_dies_while_libvirtd_is_down_is_cleaned_up_after,
);

fn the_client_lives_in_a_scope_of_its_own(host: &Host) -> Result<Verdict> {
    let (_share, guest) = guest_on_share(host, "scope", |spec| spec)?;
    guest.start()?;
    let cgroup = host.read_text(format!("/proc/{}/cgroup", client(host)?))?;
    let unit = cgroup.trim().rsplit('/').next().context("the client is in no cgroup")?;
    ensure!(
        unit.strip_suffix(".scope").is_some_and(|name| name.contains("quobyte")),
        "the client's cgroup is {cgroup:?}"
    );
    ensure!(!cgroup.contains(libvirt::unit()), "the client lives below libvirtd: {cgroup:?}");
    guest.virsh("destroy")?.done()?;
    guest.wait_until_off()?;
    let left = host
        .command("systemctl")
        .args(["list-units", "--all", "--plain", "--no-legend", unit])
        .succeeds()?;
    ensure!(left.stdout.is_empty(), "the scope stays behind: {left}");
    Ok(Verdict::Passed)
}

fn client_and_guest_survive_a_restart_of_libvirtd(host: &Host) -> Result<Verdict> {
    survive(host, "restart", |host| libvirtd(host, "restart"))
}

fn client_and_guest_survive_the_death_of_libvirtd(host: &Host) -> Result<Verdict> {
    survive(host, "death", kill_libvirtd)
}

/// Whom libvirtd reloads for: another hook, another TLS certificate. Guests, and hooks that run, do not notice.
fn a_reload_of_libvirtd_disturbs_neither_guest_nor_start(host: &Host) -> Result<Verdict> {
    let (share, guest) = guest_on_share(host, "reload", |spec| spec.writes(4000, "0.1"))?;
    let starting = Share::new(host, "reload-starting")?;
    share::configure(host, "", &[&share, &starting])?;
    let disk = starting.image("disk.img")?;
    let other = Guest::define(host, Spec::named("reload-starting")?.disk(&disk, Cache::None))?;
    guest.start_and_write(3)?;
    let (before, mount) = (client(host)?, share.mounts()?);
    share::client(host, "[volume.\"reload-starting\"]\nmount_delay = \"2s\"\n")?;
    let start = other.starting()?;
    while client(host).is_ok() {
        thread::sleep(Duration::from_millis(10));
    }
    let daemon = main_pid(host)?;
    libvirtd(host, "reload")?;
    start.wait()?.done()?;
    ensure!(main_pid(host)? == daemon, "it is another process");
    ensure!(share.mounts()? == mount, "the mount is another one");
    settled(host, &[&share, &starting])?;
    // The hook runs after it as before.
    other.virsh("destroy")?.done()?;
    settled(host, &[&share, &starting])?;
    ensure!(client(host)? == before, "the client is another process");
    let written = guest.blocks("vda")?;
    guest.wait_for_blocks(written + 5)?;
    guest.virsh("destroy")?.done()?;
    settled(host, &[&share, &starting])?;
    let verified = guest.verify("vda", &share.backing("disk.img"))?;
    Ok(Verdict::Measured(format!("1 reload in a start, {verified} blocks verified")))
}

fn a_guest_that_dies_while_libvirtd_is_down_is_cleaned_up_after(host: &Host) -> Result<Verdict> {
    let (share, guest) = guest_on_share(host, "unseen", |spec| spec.writes(4000, "0.1"))?;
    guest.start_and_write(5)?;
    libvirtd_down(host)?;
    guest.kill_qemu()?;
    share.is_mounted()?;
    libvirtd_up(host)?;
    guest.wait_until_off()?;
    settled(host, &[&share])?;
    let verified = guest.verify("vda", &share.backing("disk.img"))?;
    Ok(Verdict::Measured(format!("{verified} blocks verified")))
}

pub(super) fn kill_libvirtd(host: &Host) -> Result<()> {
    host.command("systemctl")
        .args(["kill", "--kill-who=main", "--signal=KILL", libvirt::unit()])
        .done()?;
    // systemd starts nothing for the sixth time in ten seconds, unless it is to forget the others.
    libvirtd(host, "reset-failed")?;
    libvirtd(host, "restart")
}

/// `systemctl VERB` of the daemon.
pub(super) fn libvirtd(host: &Host, verb: &str) -> Result<()> {
    host.command("systemctl").args([verb, libvirt::unit()]).done()
}

/// The process of the daemon.
pub(super) fn main_pid(host: &Host) -> Result<String> {
    let asked = ["show", "--property=MainPID", "--value", libvirt::unit()];
    Ok(host.command("systemctl").args(asked).succeeds()?.stdout_text().trim().to_owned())
}

fn survive(host: &Host, name: &str, blow: impl FnOnce(&Host) -> Result<()>) -> Result<Verdict> {
    let (share, guest) = guest_on_share(host, name, |spec| spec.writes(4000, "0.1"))?;
    guest.start_and_write(5)?;
    let (before, mount) = (client(host)?, share.mounts()?);

    blow(host)?;
    // Answers only once the daemon has taken up its guests again, and run their reconnect hooks.
    let state = host
        .command("virsh")
        .args(["domstate", name])
        .deadline(Duration::from_secs(30))
        .succeeds()?;
    ensure!(
        state.stdout_text().trim() == "running",
        "after libvirtd came back the guest is {state}"
    );
    ensure!(client(host)? == before, "the client is another process");
    ensure!(share.mounts()? == mount, "the mount is another one");
    leases::made_under(host, &guest, &main_pid(host)?)?;
    let written = guest.blocks("vda")?;
    guest.wait_for_blocks(written + 5)?;

    guest.virsh("destroy")?.done()?;
    guest.wait_until_off()?;
    share.is_not_mounted()?;
    leases::forgot(host, &guest)?;
    let verified = guest.verify("vda", &share.backing("disk.img"))?;
    Ok(Verdict::Measured(format!("1 {name} of libvirtd, {verified} blocks verified")))
}

/// The client's only process, as the host numbers it.
pub(super) fn client(host: &Host) -> Result<String> {
    let found = host.command("pgrep").args(["-x", "mount.quobyte"]).succeeds()?.stdout_text();
    let pids: Vec<_> = found.lines().collect();
    ensure!(pids.len() == 1, "one client should run, not {pids:?}");
    Ok(pids[0].to_owned())
}
