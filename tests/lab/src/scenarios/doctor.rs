//! `virt-quobyte doctor` on a whole host: it finds nothing wrong where nothing is, and of each thing that is wrong it says what, and
//! what to type; typed, it is well again.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::scenarios;
use crate::host::{Host, Output};
use crate::libvirt;
use crate::runner::Verdict;
use crate::share::{self, Share};

scenarios!("doctor", WithProduct:
    an_installed_host_is_well_and_what_it_lacks_is_said_with_the_cure,
    a_share_that_hangs_does_not_hold_it_up,
    what_a_host_is_told_in_its_settings_is_seen,
);

const CLIENT: &str = "/usr/bin/mount.quobyte";
const LINK: &str = "/etc/libvirt/hooks/qemu.d/virt-quobyte";

/// A registry that needs no name server.
const SHARE: &str = "[[share]]\nname = \"gold\"\nexport = \"192.0.2.1:7861/gold\"\n";

fn an_installed_host_is_well_and_what_it_lacks_is_said_with_the_cure(
    host: &Host,
) -> Result<Verdict> {
    host.write(share::CONFIG, SHARE)?;
    well(host)?;

    // As an ordinary user: what root alone may see is not judged.
    let nobody = ["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"];
    let asked = host.command("setpriv").args(nobody).args(["virt-quobyte", "doctor", "--json"]);
    let checks = checks(&asked.succeeds()?)?;
    let verdict =
        |subject: &str| Ok::<_, anyhow::Error>(check(&checks, subject)?["verdict"].clone());
    ensure!(verdict("image locks")? == "cannot-tell", "an ordinary user: {checks:?}");
    ensure!(verdict("hook")? == "good", "an ordinary user: {checks:?}");

    host.remove(LINK)?;
    cure(host, "hook", "virt-quobyte install")?;
    // The link is younger than what libvirtd knows of hooks.
    cure(host, "hook seen by libvirt", &format!("systemctl reload {}", libvirt::unit()))?;
    well(host)?;
    // A restart is as good as a reload.
    host.remove(LINK)?;
    host.command("virt-quobyte").arg("install").done()?;
    unwell(host, "hook seen by libvirt")?;
    host.command("systemctl").args(["restart", libvirt::unit()]).done()?;
    well(host)?;

    let hidden = host.outside("/root/mount.quobyte");
    fs::rename(host.outside(CLIENT), &hidden).context("hiding the client")?;
    let lacks = unwell(host, "client");
    fs::rename(&hidden, host.outside(CLIENT)).context("putting the client back")?;
    let remedy = lacks?["remedy"].clone();
    ensure!(
        remedy.as_str().is_some_and(|it| it.contains("install the Quobyte client")),
        "{remedy}"
    );

    host.command("install").args(["-d", "-m", "0777", "/var/lib/virt-quobyte"]).done()?;
    cure(host, "mount base", "chmod go-w /var/lib/virt-quobyte")?;
    well(host)?;
    Ok(Verdict::Passed)
}

fn a_share_that_hangs_does_not_hold_it_up(host: &Host) -> Result<Verdict> {
    let share = Share::new(host, "stuck")?;
    share::configure(host, "", &[&share])?;
    host.command("virt-quobyte").args(["mount", "stuck"]).done()?;
    share::client(host, "answers = \"hang\"\n")?;
    let asked = doctor(host)?;
    share::client(host, "answers = \"normal\"\n")?;
    let checks = checks(&asked)?;
    ensure!(asked.elapsed < Duration::from_secs(15), "it took {:?}", asked.elapsed);
    let bad: Vec<_> = checks.iter().filter(|check| check["verdict"] == "bad").collect();
    ensure!(bad.is_empty(), "the shares are the business of status: {bad:?}");
    host.command("virt-quobyte").args(["umount", "stuck"]).done()?;
    share.is_not_mounted()?;
    Ok(Verdict::Passed)
}

/// Each setting, the check that is about it, and what is to be said. A setting that libvirt has to read first is looked at in its
/// file, so nothing is restarted; one of the kernel's is this machine's, so the host is shown another file in its place.
fn what_a_host_is_told_in_its_settings_is_seen(host: &Host) -> Result<Verdict> {
    const QEMU: &str = "/etc/libvirt/qemu.conf";
    host.write(share::CONFIG, SHARE)?;
    let qemu_conf = host.read_text(QEMU)?;
    for (line, subject, verdict, seen) in [
        ("", "image ownership", "good", "libvirt gives an image to QEMU's user"),
        ("dynamic_ownership = 0", "image ownership", "worth-knowing", "dynamic_ownership is off"),
        ("", "image locks", "worth-knowing", "only QEMU's own"),
        ("lock_manager = \"sanlock\"", "image locks", "good", "sanlock"),
        ("lock_manager = \"locked\"", "image locks", "worth-knowing", "none of libvirt's"),
    ] {
        host.write(QEMU, format!("{qemu_conf}\n{line}\n"))?;
        says(host, subject, verdict, seen).with_context(|| line.to_owned())?;
    }
    host.write(QEMU, &qemu_conf)?;

    let limit = "/proc/sys/fs/fuse/default_request_timeout";
    says(host, "FUSE timeout", "good", "none")?;
    if host.read_text(limit)?.is_empty() {
        return Ok(Verdict::Measured("this kernel has no timeout to set".to_owned()));
    }
    host.write("/root/timeout", "300\n")?;
    host.command("mount").args(["--bind", "/root/timeout", limit]).done()?;
    says(host, "FUSE timeout", "worth-knowing", "for 300 s is cut off for good")?;
    host.command("umount").arg(limit).done()?;
    host.remove("/root/timeout")?;
    Ok(Verdict::Passed)
}

fn says(host: &Host, subject: &str, verdict: &str, seen: &str) -> Result<()> {
    let asked = doctor(host)?;
    let said = checks(&asked)?;
    let check = check(&said, subject)?;
    let is_seen = check["seen"].as_str().is_some_and(|text| text.contains(seen));
    ensure!(check["verdict"] == verdict && is_seen, "not {verdict}, {seen:?}: {check}");
    Ok(())
}

/// Nothing is bad and everything can be told.
fn well(host: &Host) -> Result<()> {
    let asked = doctor(host)?;
    let checks = checks(&asked)?;
    let wrong: Vec<_> = checks
        .iter()
        .filter(|check| check["verdict"] != "good" && check["verdict"] != "worth-knowing")
        .collect();
    ensure!(wrong.is_empty() && asked.succeeded(), "on a host that is well: {wrong:?}");
    Ok(())
}

/// One thing is bad, and nothing else.
fn unwell(host: &Host, subject: &str) -> Result<Value> {
    let asked = doctor(host)?;
    ensure!(!asked.succeeded(), "all is well without {subject}: {asked}");
    let checks = checks(&asked)?;
    let bad: Vec<_> = checks.iter().filter(|check| check["verdict"] == "bad").collect();
    ensure!(bad.len() == 1 && bad[0]["subject"] == subject, "not {subject} alone: {bad:?}");
    Ok(bad[0].clone())
}

/// One thing is bad, and says what to type; that is typed.
fn cure(host: &Host, subject: &str, remedy: &str) -> Result<()> {
    let bad = unwell(host, subject)?;
    ensure!(bad["remedy"] == remedy, "another remedy: {bad}");
    host.command("sh").args(["-c", remedy]).done()
}

fn doctor(host: &Host) -> Result<Output> {
    host.command("virt-quobyte").args(["doctor", "--json"]).deadline(Duration::from_secs(60)).run()
}

pub(super) fn checks(asked: &Output) -> Result<Vec<Value>> {
    let report: Value = serde_json::from_slice(&asked.stdout)
        .with_context(|| format!("the report is no JSON: {asked}"))?;
    Ok(report["checks"].as_array().with_context(|| format!("no checks: {asked}"))?.clone())
}

pub(super) fn check<'c>(checks: &'c [Value], subject: &str) -> Result<&'c Value> {
    let found = checks.iter().find(|check| check["subject"] == subject);
    found.with_context(|| format!("no check {subject}: {checks:?}"))
}
