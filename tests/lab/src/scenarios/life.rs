//! What else can befall a guest that runs: a reset, a panic, another name, the loss of its definition.

use anyhow::{Result, ensure};

use super::migrate::{at_rest, ended, writer, writer_on};
use super::scenarios;
use crate::guest::{Cache, OnCrash};
use crate::pair::Pair;
use crate::runner::Verdict;

scenarios!("two hosts", OnTwoHosts:
    a_reset_guest_begins_anew_on_the_same_mount,
    a_guest_that_panics_lets_go_of_its_share,
    a_guest_that_is_kept_after_its_panic_keeps_its_share,
    a_guest_that_panics_at_an_interrupt_begins_anew_on_the_same_mount,
    a_renamed_guest_starts_under_its_new_name,
    a_guest_that_is_undefined_while_it_runs_keeps_its_share_to_its_end,
);

fn a_reset_guest_begins_anew_on_the_same_mount(pair: &mut Pair) -> Result<Verdict> {
    let (shares, guest) = writer(pair, "reset")?;
    guest.start_and_write(5)?;
    let mounts = shares[0].mounts()?;
    guest.does("reset", &[])?;
    guest.wait_for_another_boot()?;
    ensure!(shares[0].mounts()? == mounts, "the mount is another one");
    at_rest(pair, &shares)?;
    let blocks = ended(pair, &shares, &guest)?;
    Ok(Verdict::Measured(format!("{blocks} blocks verified")))
}

fn a_guest_that_panics_lets_go_of_its_share(pair: &mut Pair) -> Result<Verdict> {
    let (shares, guest) = writer_on(pair, "panics", |share, spec| {
        let spec = spec.disk(&share.image("disk.img")?, Cache::None);
        Ok(spec.panics_after(5, OnCrash::Destroy))
    })?;
    guest.start()?;
    guest.wait_until_off()?;
    let why = guest.does_say("domstate", &["--reason"])?;
    ensure!(why.contains("crashed"), "it did not panic: {why}");
    let blocks = ended(pair, &shares, &guest)?;
    Ok(Verdict::Measured(format!("{blocks} blocks verified")))
}

fn a_guest_that_is_kept_after_its_panic_keeps_its_share(pair: &mut Pair) -> Result<Verdict> {
    let (shares, guest) = writer_on(pair, "kept", |share, spec| {
        let spec = spec.disk(&share.image("disk.img")?, Cache::None);
        Ok(spec.panics_after(5, OnCrash::Preserve))
    })?;
    guest.start()?;
    guest.wait_for_state("crashed")?;
    shares[0].is_mounted()?;
    at_rest(pair, &shares)?;
    let blocks = ended(pair, &shares, &guest)?;
    Ok(Verdict::Measured(format!("{blocks} blocks verified")))
}

/// `virsh inject-nmi`, as an administrator who wants a guest to crash; libvirt restarts it without a word to any hook.
fn a_guest_that_panics_at_an_interrupt_begins_anew_on_the_same_mount(
    pair: &mut Pair,
) -> Result<Verdict> {
    let (shares, guest) = writer_on(pair, "interrupted", |share, spec| {
        let spec = spec.disk(&share.image("disk.img")?, Cache::None);
        Ok(spec.panics_at_nmi(OnCrash::Restart))
    })?;
    guest.start_and_write(5)?;
    let mounts = shares[0].mounts()?;
    guest.does("inject-nmi", &[])?;
    guest.wait_for_another_boot()?;
    ensure!(shares[0].mounts()? == mounts, "the mount is another one");
    at_rest(pair, &shares)?;
    let blocks = ended(pair, &shares, &guest)?;
    Ok(Verdict::Measured(format!("{blocks} blocks verified")))
}

fn a_renamed_guest_starts_under_its_new_name(pair: &mut Pair) -> Result<Verdict> {
    let (shares, guest) = writer(pair, "maiden")?;
    guest.start_and_write(2)?;
    guest.does("destroy", &[])?;
    guest.does("domrename", &["married"])?;
    let guest = guest.called("married");
    guest.start()?;
    guest.wait_for_another_boot()?;
    at_rest(pair, &shares)?;
    let told = pair.left().command("virt-quobyte").arg("status").succeeds()?.stdout_text();
    ensure!(told.contains("held by married"), "the holder is called otherwise: {told}");
    let blocks = ended(pair, &shares, &guest)?;
    Ok(Verdict::Measured(format!("{blocks} blocks verified")))
}

fn a_guest_that_is_undefined_while_it_runs_keeps_its_share_to_its_end(
    pair: &mut Pair,
) -> Result<Verdict> {
    let (shares, guest) = writer(pair, "undefined")?;
    guest.start_and_write(3)?;
    guest.does("undefine", &[])?;
    at_rest(pair, &shares)?;
    let written = guest.blocks("vda")?;
    guest.wait_for_blocks(written + 5)?;
    guest.kill_qemu()?;
    at_rest(pair, &shares)?;
    let blocks = guest.verify("vda", &shares[0].backing("disk.img"))?;
    ensure!(!guest.is_known()?, "it outlives its end");
    Ok(Verdict::Measured(format!("{blocks} blocks verified")))
}
