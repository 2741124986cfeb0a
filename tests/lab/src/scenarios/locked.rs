//! One image, two guests, two hosts: what nobody prevents, what is said of it beforehand, and the set-up that prevents it.

use anyhow::{Result, ensure};

use super::migrate::{beginning, migrate};
use super::refusal::says;
use super::scenarios;
use crate::guest::{Cache, Guest, Spec};
use crate::host::{Ended, Host};
use crate::leases;
use crate::libvirt;
use crate::pair::Pair;
use crate::runner::Verdict;
use crate::settled::settled;
use crate::share::{self, Share};

scenarios!("two hosts", OnTwoHosts:
    an_image_that_runs_on_one_host_is_refused_on_the_other_with_a_lock_manager_and_only_warned_of_without,
);

const QEMU: &str = "/etc/libvirt/qemu.conf";
const LOCKD: &str = "/etc/libvirt/qemu-lockd.conf";

fn an_image_that_runs_on_one_host_is_refused_on_the_other_with_a_lock_manager_and_only_warned_of_without(
    pair: &mut Pair,
) -> Result<Verdict> {
    let [left, right] = pair.hosts();
    let shares = pair.hosts().map(|host| {
        let [common, locks] = ["common", "locks"].map(|name| Share::new(host, name));
        let shares = [common?, locks?];
        share::configure(host, "", &[&shares[0], &shares[1]])?;
        Ok::<_, anyhow::Error>(shares)
    });
    let [on_left, on_right] = shares;
    let (on_left, on_right) = (on_left?, on_right?);
    let image = on_left[0].image("disk.img")?;
    let spec =
        |name| Ok::<_, anyhow::Error>(beginning(Spec::named(name)?.disk(&image, Cache::None)));
    let first = Guest::define(left, spec("first")?)?;
    let second = Guest::define(right, spec("second")?)?;

    for (name, guest) in [("first", &first), ("second", &second)] {
        left.write(format!("/root/locked/{name}.xml"), guest.xml())?;
    }
    let linted = left.command("virt-quobyte").args(["lint", "/root/locked"]).run()?;
    let warned = linted.stdout_text().contains("VQ701");
    ensure!(warned, "two domains on one image are no finding: {linted}");
    doctor_says(left, "only QEMU's own")?;
    first.start()?;
    let started = second.virsh("start")?;
    ensure!(started.succeeded(), "without a lock manager something else refuses it: {started}");
    second.does("destroy", &[])?;
    first.does("destroy", &[])?;

    let before = pair.hosts().map(|host| [QEMU, LOCKD].map(|file| host.read_text(file)));
    for (host, [_, locks]) in [(left, &on_left), (right, &on_right)] {
        share::client(host, "[volume.locks]\nlocks = \"shared\"\n")?;
        host.command("virt-quobyte").args(["mount", "locks"]).done()?;
        append(host, QEMU, "lock_manager = \"lockd\"")?;
        append(host, LOCKD, &format!("file_lockspace_dir = \"{}\"", locks.mount_point()))?;
        restart(host)?;
        doctor_says(host, "virtlockd, on files in")?;
    }
    first.start_and_write(3)?;
    refused(&second, &on_right[0])?;
    migrate(&first, right, &["--persistent", "--undefinesource"])?.done()?;
    let first = first.on(right);
    refused(&second.defined_on(left)?, &on_left[0])?;
    let written = first.blocks("vda")?;
    first.wait_for_blocks(written + 5)?;
    first.does("destroy", &[])?;
    second.start()?;
    second.does("destroy", &[])?;

    for (host, texts) in pair.hosts().into_iter().zip(before) {
        for (file, text) in [QEMU, LOCKD].into_iter().zip(texts) {
            host.write(file, text?)?;
        }
        restart(host)?;
        host.command("virt-quobyte").args(["umount", "locks"]).done()?;
    }
    settled(left, &on_left.each_ref())?;
    settled(right, &on_right.each_ref())?;
    Ok(Verdict::Passed)
}

/// The start fails for the lock alone, and leaves nothing.
fn refused(guest: &Guest, share: &Share) -> Result<()> {
    let told = guest.virsh("start")?.failure()?;
    says(&told, &["lock"])?;
    share.is_not_mounted()?;
    leases::forgot(guest.host(), guest)
}

fn doctor_says(host: &Host, what: &str) -> Result<()> {
    let asked = host.command("virt-quobyte").arg("doctor").run()?;
    ensure!(matches!(asked.ended, Ended::Exit(_)), "{asked}");
    ensure!(asked.stdout_text().contains(what), "doctor does not say {what:?}: {asked}");
    Ok(())
}

fn append(host: &Host, file: &str, line: &str) -> Result<()> {
    host.write(file, format!("{}\n{line}\n", host.read_text(file)?))
}

fn restart(host: &Host) -> Result<()> {
    host.command("systemctl").args(["restart", libvirt::unit()]).done()
}
