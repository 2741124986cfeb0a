//! libvirt before 6.5 runs one script, `hooks/qemu`, and that may be the administrator's: the lines that the runbook has for it hand
//! each call to the hook. Every libvirt runs that script, so it can be tried with any.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Context as _, Result, ensure};

use super::daemon::main_pid;
use super::refusal::{refused, says};
use super::scenarios;
use super::start::guest_on_share;
use crate::cmdline::clone_dir;
use crate::host::Host;
use crate::leases;
use crate::runner::Verdict;
use crate::share;

scenarios!("one script", WithProduct: a_script_of_the_administrators_hands_on_what_libvirt_asks);

const SCRIPT: &str = "/etc/libvirt/hooks/qemu";
const LINK: &str = "/etc/libvirt/hooks/qemu.d/virt-quobyte";
const SEEN: &str = "/run/lab-script-seen";

fn a_script_of_the_administrators_hands_on_what_libvirt_asks(host: &Host) -> Result<Verdict> {
    let variants = documented()?;
    host.remove(LINK)?;
    for (number, lines) in variants.iter().enumerate() {
        // What was theirs goes on: it sees each call that the hook did not refuse.
        let theirs = match number {
            0 => format!("echo \"$2 $3\" >> {SEEN}"),
            _ => format!("printf '%s' \"$xml\" | grep -q '<uuid>' && echo \"$2 $3\" >> {SEEN}"),
        };
        script(host, &format!("#!/bin/sh\n{lines}\n{theirs}\n"))?;
        works(host, &format!("scripted-{number}"))?;
    }
    for file in [SCRIPT, SEEN] {
        host.remove(file)?;
    }
    host.command("virt-quobyte").arg("install").done()?;
    Ok(Verdict::Measured(format!("{} ways to write it", variants.len())))
}

fn works(host: &Host, name: &str) -> Result<()> {
    host.remove(SEEN)?;
    let (share, guest) = guest_on_share(host, name, |spec| spec.writes(4000, "0"))?;
    guest.start_and_write(3)?;
    share.is_mounted()?;
    leases::name(host, &guest)?;
    // Not by the script that called the hook, which has ended: its lease would be worth nothing until QEMU is there.
    leases::made_under(host, &guest, &main_pid(host)?)?;
    let seen = host.read_text(SEEN)?;
    ensure!(seen.starts_with("prepare begin\n"), "the rest of the script saw {seen:?}");

    // A package's removal is held off although no link leads to the hook.
    let doctor = host.command("virt-quobyte").args(["doctor", "--json"]).run()?.stdout_text();
    ensure!(doctor.contains("virt-quobyte install"), "doctor does not miss the link: {doctor}");

    guest.virsh("destroy")?.done()?;
    guest.wait_until_off()?;
    share.is_not_mounted()?;
    leases::forgot(host, &guest)?;
    let seen = host.read_text(SEEN)?;
    ensure!(seen.ends_with("release end\n"), "the rest of the script saw {seen:?}");

    host.remove(SEEN)?;
    share::configure(host, "", &[])?;
    let told = refused(host, &guest)?;
    says(&told, &["belongs to no configured share"])?;
    let seen = host.read_text(SEEN)?;
    ensure!(!seen.contains("prepare"), "the script went on after the refusal: {seen:?}");
    guest.virsh("undefine")?.done()
}

fn script(host: &Host, text: &str) -> Result<()> {
    host.write(SCRIPT, text)?;
    fs::set_permissions(host.outside(SCRIPT), fs::Permissions::from_mode(0o755))
        .context("the script's mode")
}

/// What the runbook has an administrator write: each block with the call of the hook in it.
fn documented() -> Result<Vec<String>> {
    let runbook = clone_dir().join("hooks/usr/share/doc/virt-quobyte/runbook.md");
    let runbook = fs::read_to_string(&runbook).with_context(|| runbook.display().to_string())?;
    let blocks = runbook.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let calls: Vec<String> = blocks
        .filter(|block| block.contains("virt-quobyte-hook \"$@\" || exit"))
        .map(|block| block.trim_end().to_owned())
        .collect();
    ensure!(calls.len() == 2, "the runbook has {calls:?}");
    Ok(calls)
}
