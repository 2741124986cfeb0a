//! `attach` on what only a mount meets: what it does to a guest that runs, that it comes back, and what it says. All commands are
//! put to the faults of a mount that is there by `commands`.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::hot_plug::{end_of, guest_without_share};
use super::recover::{libvirtd_down, libvirtd_up};
use super::scenarios;
use crate::guest::Guest;
use crate::host::{Ended, Host, Output};
use crate::leases;
use crate::runner::Verdict;
use crate::share::{self, Share};

scenarios!("faults", WithProduct:
    what_cannot_be_attached_is_refused_with_the_reason_and_the_guest_goes_on,
);

pub(super) const CLIENT: &str = "/usr/bin/mount.quobyte";

/// The deadlines that are configured, and a loaded machine.
const BOUND: Duration = Duration::from_secs(50);

const SETTINGS: &str = "[deadlines]\nmount = \"5s\"\nprobe = \"2s\"\nunmount = \"3s\"\n";

/// A fault, its end, the exit status of `attach` meanwhile, and what it says.
struct Row {
    fault: fn(&Host, &Share) -> Result<()>,
    end: fn(&Host, &Share) -> Result<()>,
    status: i32,
    says: &'static [&'static str],
}

const ROWS: [Row; 6] = [
    Row {
        fault: |host, _| rename(host, CLIENT, "/root/mount.quobyte"),
        end: |host, _| rename(host, "/root/mount.quobyte", CLIENT),
        status: 1,
        says: &["share faults", "mount.quobyte is not in"],
    },
    Row {
        fault: |host, _| share::client(host, "mount = \"fail\"\n"),
        end: |host, _| share::client(host, ""),
        status: 1,
        says: &["share faults", "exited with status"],
    },
    Row {
        fault: |host, _| share::client(host, "mount = \"never-returns\"\n"),
        end: |host, _| share::client(host, ""),
        status: 1,
        says: &["share faults", "5s"],
    },
    Row {
        fault: |host, _| {
            host.command("virt-quobyte").args(["mount", "faults"]).done()?;
            share::client(host, "answers = \"hang\"\n")
        },
        end: |host, _| {
            share::client(host, "answers = \"normal\"\n")?;
            host.command("virt-quobyte").args(["umount", "faults"]).done()
        },
        status: 1,
        says: &["share faults", "is a hung mount"],
    },
    Row {
        fault: |host, _| host.write(share::CONFIG, "linger = \"soon\"\n"),
        end: |host, share| share::configure(host, SETTINGS, &[share]),
        status: 3,
        says: &["config.toml:1", "linger"],
    },
    Row {
        fault: |host, _| libvirtd_down(host),
        end: |host, _| libvirtd_up(host),
        status: 3,
        says: &["cannot connect to qemu:///system", "virt-quobyte doctor"],
    },
];

fn what_cannot_be_attached_is_refused_with_the_reason_and_the_guest_goes_on(
    host: &Host,
) -> Result<Verdict> {
    let (share, guest) = writing_guest(host)?;
    let mut slowest = Duration::ZERO;
    for row in ROWS {
        (row.fault)(host, &share)?;
        let said = attach(host)?;
        (row.end)(host, &share)?;
        ensure!(said.ended == Ended::Exit(row.status), "not exit status {}: {said}", row.status);
        for part in row.says {
            ensure!(said.stderr_text().contains(part), "no {part:?} in {said}");
        }
        ensure!(said.elapsed < BOUND, "it took too long: {said}");
        slowest = slowest.max(said.elapsed);
        share.is_not_mounted()?;
        leases::forgot(host, &guest)?;
        guest.wait_for_blocks_on("vda", guest.blocks("vda")? + 1)?;
    }
    // Nothing of all that is in the way.
    attach(host)?.done()?;
    guest.wait_for_blocks_on("vdb", 3)?;
    end_of(host, &guest)?;
    share.is_not_mounted()?;
    Ok(Verdict::Measured(format!("{} faults, the slowest refusal took {slowest:.1?}", ROWS.len())))
}

/// A guest that writes, and a share with an image that it does not have yet.
fn writing_guest(host: &Host) -> Result<(Share<'_>, Guest<'_>)> {
    let (share, guest) =
        guest_without_share(host, "faults", |spec| spec.writes(4000, "0.1").watches_for_disks())?;
    share::configure(host, SETTINGS, &[&share])?;
    share.image("data.img")?;
    guest.start_and_write(2)?;
    Ok((share, guest))
}

fn attach(host: &Host) -> Result<Output> {
    let words = ["attach", "faults", "--share", "faults", "--image", "data.img", "--target", "vdb"];
    host.command("virt-quobyte").args(words).run()
}

fn rename(host: &Host, from: &str, to: &str) -> Result<()> {
    fs::rename(host.outside(from), host.outside(to)).with_context(|| format!("moving {from}"))
}
