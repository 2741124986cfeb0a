//! What happens around a running guest: libvirtd goes and comes, and the client's daemon stays
//! where it is.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::refusal::says;
use super::scenarios;
use super::start::guest_on_share;
use crate::guest::{Cache, Guest, Spec};
use crate::host::Host;
use crate::leases;
use crate::runner::Verdict;
use crate::settled::settled;
use crate::share;

scenarios!("daemon", WithProduct:
    the_client_lives_in_a_scope_of_its_own,
    client_and_guest_survive_a_restart_of_libvirtd,
    client_and_guest_survive_the_death_of_libvirtd,
    a_start_that_libvirtd_did_not_survive_holds_nothing_for_ever,
    a_start_that_is_cut_off_after_the_mount_leaves_a_guest_or_nothing,
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
    ensure!(!cgroup.contains("libvirtd"), "the client lives below libvirtd: {cgroup:?}");
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
    survive(host, "restart", |host| {
        host.command("systemctl").args(["restart", "libvirtd.service"]).done()
    })
}

fn client_and_guest_survive_the_death_of_libvirtd(host: &Host) -> Result<Verdict> {
    survive(host, "death", kill_libvirtd)
}

/// libvirtd runs neither `stopped` nor `release` for a guest whose start it did not survive.
fn a_start_that_libvirtd_did_not_survive_holds_nothing_for_ever(host: &Host) -> Result<Verdict> {
    let (share, guest) = guest_on_share(host, "orphan", |spec| spec)?;
    let [image, other_image] = ["disk.img", "other.img"].map(|name| share.image(name));
    image?;
    let other = Guest::define(host, Spec::named("orphan-other")?.disk(&other_image?, Cache::None))?;
    share::client(host, "mount_delay = \"3s\"\n")?;
    let start = guest.starting()?;
    share::wait_for_a_client(host)?;
    kill_libvirtd(host)?;
    says(&start.wait()?.failure()?, &["error"])?;
    share.wait_until_mounted()?;
    share::client(host, "")?;
    ensure!(guest.state()? == "shut off", "the guest runs although its start was cut off");

    // The next guest to come and go finds out that the lease is nobody's.
    other.start()?;
    other.virsh("destroy")?.done()?;
    other.wait_until_off()?;
    share.is_not_mounted()?;
    leases::forgot(host, &guest)?;
    Ok(Verdict::Measured("1 start cut off, gone with the next guest".to_owned()))
}

/// libvirtd is killed while another hook holds up the start: before QEMU is there, and once its guest runs.
fn a_start_that_is_cut_off_after_the_mount_leaves_a_guest_or_nothing(
    host: &Host,
) -> Result<Verdict> {
    const OTHER_HOOK: &str = "/etc/libvirt/hooks/qemu.d/zz-slow";
    const REACHED: &str = "/run/lab-phase";
    let mut ends = Vec::new();
    for phase in ["start", "started"] {
        let (share, guest) = guest_on_share(host, phase, |spec| spec.writes(4000, "0.1"))?;
        let slow =
            format!("#!/bin/sh\ntest \"$2\" != {phase} || {{ touch {REACHED}; sleep 3; }}\n");
        host.write(OTHER_HOOK, slow)?;
        host.command("chmod").args(["0755", OTHER_HOOK]).done()?;
        let start = guest.starting()?;
        let until = Instant::now() + Duration::from_secs(30);
        while !host.outside(REACHED).exists() {
            ensure!(Instant::now() < until, "no hook is called at {phase}");
            thread::sleep(Duration::from_millis(20));
        }
        kill_libvirtd(host)?;
        says(&start.wait()?.failure()?, &["error"])?;
        host.remove(OTHER_HOOK)?;
        host.remove(REACHED)?;
        // Nobody tells us of the end of a guest that never was; see above for who finds out.
        let state = guest.state()?;
        let _done_or_nothing_to_do =
            host.command("virt-quobyte").args(["recover", "--apply"]).run()?;
        settled(host, &[&share])?;
        if state == "running" {
            guest.wait_for_blocks(5)?;
            guest.virsh("destroy")?.done()?;
            settled(host, &[&share])?;
            guest.verify("vda", &share.backing("disk.img"))?;
        }
        ends.push(format!("in {phase}: {state}"));
    }
    Ok(Verdict::Measured(ends.join(", ")))
}

fn a_guest_that_dies_while_libvirtd_is_down_is_cleaned_up_after(host: &Host) -> Result<Verdict> {
    let (share, guest) = guest_on_share(host, "unseen", |spec| spec.writes(4000, "0.1"))?;
    guest.start_and_write(5)?;
    // Its sockets would start it again as soon as it is asked.
    let sockets = ["libvirtd.socket", "libvirtd-ro.socket", "libvirtd-admin.socket"];
    host.command("systemctl").arg("stop").args(sockets).arg("libvirtd.service").done()?;
    guest.kill_qemu()?;
    share.is_mounted()?;
    host.command("systemctl").arg("start").args(sockets).done()?;
    host.command("systemctl").args(["start", "libvirtd.service"]).done()?;
    guest.wait_until_off()?;
    settled(host, &[&share])?;
    let verified = guest.verify("vda", &share.backing("disk.img"))?;
    Ok(Verdict::Measured(format!("{verified} blocks verified")))
}

pub(super) fn kill_libvirtd(host: &Host) -> Result<()> {
    host.command("systemctl")
        .args(["kill", "--kill-who=main", "--signal=KILL", "libvirtd.service"])
        .done()?;
    host.command("systemctl").args(["restart", "libvirtd.service"]).done()
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
    leases::name(host, &guest)?;
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
