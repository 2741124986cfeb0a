//! The Debian package, in an operator's hands: installed, upgraded under a guest, removed and purged.

use std::fs;

use anyhow::{Context as _, Result, ensure};

use super::daemon::client;
use super::refusal::says;
use super::scenarios;
use super::start::guest_on_share;
use super::uninstall::files;
use super::watch;
use crate::host::{Host, Output};
use crate::install::{self, Make};
use crate::leases;
use crate::libvirt;
use crate::runner::Verdict;
use crate::share;

scenarios!("package", WithProduct:
    a_guest_starts_from_a_fresh_package_runs_through_an_upgrade_and_keeps_it_from_being_removed,
    what_somebody_else_has_in_the_hooks_place_survives_the_package,
);

const DEB: &str = "/root/virt-quobyte.deb";
const NEWER_DEB: &str = "/root/virt-quobyte-newer.deb";
const HOOK: &str = "/usr/sbin/virt-quobyte-hook";
const LINK: &str = "/etc/libvirt/hooks/qemu.d/virt-quobyte";

fn a_guest_starts_from_a_fresh_package_runs_through_an_upgrade_and_keeps_it_from_being_removed(
    host: &Host,
) -> Result<Verdict> {
    let without = bring(host)?;
    let (daemon, reloaded) = (libvirtd(host)?, reloads(host)?);

    let installed = dpkg(host, "--install", DEB)?.success()?;
    let reload = &format!("systemctl reload {}", libvirt::unit());
    ensure!(installed.stdout_text().contains(reload), "nobody is told to reload: {installed}");
    ensure!(reloads(host)? == reloaded, "libvirtd was reloaded by the package");
    watch::is_off(host)?;
    host.command("sh").args(["-c", reload]).done()?;
    host.command("virt-quobyte").args(["config", "check"]).done()?;

    let (share, guest) = guest_on_share(host, "packaged", |spec| spec.writes(4000, "0.1"))?;
    guest.start_and_write(5)?;
    let (mount, process, hook) = (share.mounts()?, client(host)?, inode(host, HOOK)?);

    dpkg(host, "--install", NEWER_DEB)?.done()?;
    ensure!(inode(host, HOOK)? != hook, "the upgrade brought no other hook");
    ensure!(version(host)?.ends_with("+newer"), "the version is {}", version(host)?);
    ensure!(guest.state()? == "running", "after the upgrade the guest is {}", guest.state()?);
    let untouched = (share.mounts()?, client(host)?);
    ensure!(untouched == (mount.clone(), process.clone()), "not as before: {untouched:?}");
    let written = guest.blocks("vda")?;
    guest.wait_for_blocks(written + 5)?;

    for verb in ["--remove", "--purge"] {
        let refused = dpkg(host, verb, "virt-quobyte")?.failure()?;
        says(&refused, &["held by domain packaged", "not removed"])?;
        ensure!(host.outside(HOOK).exists(), "{verb} took the hook although it was refused");
        host.command("test").args(["-L", LINK]).done()?;
    }
    let untouched = (share.mounts()?, client(host)?);
    ensure!(untouched == (mount, process), "not as before: {untouched:?}");

    guest.virsh("destroy")?.done()?;
    guest.wait_until_off()?;
    share.is_not_mounted()?;
    leases::forgot(host, &guest)?;
    guest.verify("vda", &share.backing("disk.img"))?;

    dpkg(host, "--remove", "virt-quobyte")?.done()?;
    ensure!(fs::symlink_metadata(host.outside(LINK)).is_err(), "the link outlived the hook");
    let kept = host.read_text(share::CONFIG)?;
    ensure!(kept.contains("packaged"), "the administrator's configuration is now: {kept:?}");
    ensure!(libvirtd(host)? == daemon, "libvirtd was restarted");
    leave(host, &without)
}

fn what_somebody_else_has_in_the_hooks_place_survives_the_package(host: &Host) -> Result<Verdict> {
    bring(host)?;
    let theirs = "#!/bin/sh\nexit 0\n";
    host.write(LINK, theirs)?;
    let without = files(host)?;
    let installed = dpkg(host, "--install", DEB)?.success()?;
    let told = installed.stderr_text();
    ensure!(told.contains(LINK) && told.contains("is a file"), "it is not told: {installed}");
    let there = host.read_text(LINK)?;
    ensure!(there == theirs, "in the hook's place is now {there:?}");
    dpkg(host, "--remove", "virt-quobyte")?.done()?;
    let there = host.read_text(LINK)?;
    ensure!(there == theirs, "in the hook's place is now {there:?}");
    leave(host, &without)
}

/// Takes out what `make install` brought and puts two packages there, the second one with a higher version. Returns the files
/// that the host has without either.
fn bring(host: &Host) -> Result<std::collections::BTreeSet<String>> {
    install::product(host, Make::Uninstall)?;
    let deb = install::package()?;
    fs::copy(&deb, host.outside(DEB)).with_context(|| format!("cannot copy {}", deb.display()))?;
    let newer = format!(
        "set -e; cd /root; rm -rf newer; dpkg-deb --raw-extract {DEB} newer
         sed -i 's/^Version: .*/&+newer/' newer/DEBIAN/control
         dpkg-deb --root-owner-group -Znone --build newer {NEWER_DEB}; rm -r newer"
    );
    host.command("sh").args(["-c", &newer]).done()?;
    files(host)
}

/// Purges the package, insists that nothing of it is left, and leaves the host as the next scenario expects it.
fn leave(host: &Host, without: &std::collections::BTreeSet<String>) -> Result<Verdict> {
    dpkg(host, "--purge", "virt-quobyte")?.done()?;
    let now = files(host)?;
    let is_dpkgs = |path: &&String| path.starts_with("/var/lib/dpkg/");
    let changed: Vec<_> =
        now.symmetric_difference(without).filter(|path| !is_dpkgs(path)).collect();
    ensure!(changed.is_empty(), "not as before the package: {changed:?}");
    let known = host.command("dpkg-query").args(["--status", "virt-quobyte"]).run()?;
    ensure!(!known.succeeded(), "dpkg still knows it: {known}");
    for file in [DEB, NEWER_DEB, LINK] {
        host.remove(file)?;
    }
    install::product(host, Make::Install)?;
    Ok(Verdict::Passed)
}

/// As on a host whose dpkg leaves nothing out: the lab's image does without manuals.
fn dpkg(host: &Host, verb: &str, what: &str) -> Result<Output> {
    let everything = ["--path-include=/usr/share/man/*", "--path-include=/usr/share/doc/*"];
    host.command("dpkg").args(everything).args([verb, what]).run()
}

fn version(host: &Host) -> Result<String> {
    let asked = ["--show", "--showformat=${Version}", "virt-quobyte"];
    Ok(host.command("dpkg-query").args(asked).succeeds()?.stdout_text())
}

fn inode(host: &Host, file: &str) -> Result<String> {
    Ok(host.command("stat").args(["--format=%i", file]).succeeds()?.stdout_text())
}

fn libvirtd(host: &Host) -> Result<String> {
    let asked = ["show", "--property=MainPID", "--value", libvirt::unit()];
    Ok(host.command("systemctl").args(asked).succeeds()?.stdout_text())
}

/// How often libvirtd was reloaded since the host booted.
fn reloads(host: &Host) -> Result<usize> {
    host.command("journalctl").arg("--sync").done()?;
    let asked = [&format!("--unit={}", libvirt::unit()), "--output=cat"];
    let told = host.command("journalctl").args(asked).succeeds()?.stdout_text();
    Ok(told.lines().filter(|line| line.starts_with("Reloaded ")).count())
}
