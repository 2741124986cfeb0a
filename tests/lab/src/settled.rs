//! Whether a host has come to rest: it has exactly the mounts and leases of the guests that it runs, and the product finds
//! nothing wrong and nothing to do. Knows guests from libvirt and shares from the scenario; what the product believes counts
//! for nothing but its own two answers.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::host::Host;
use crate::leases;
use crate::mounts;
use crate::share::Share;

/// From the end of whatever was done. A guest whose QEMU was killed is taken down by libvirt some time later.
const SOON: Duration = Duration::from_secs(20);

/// Insists that the host comes to rest soon. `shares` are those that its configuration has.
pub(crate) fn settled(host: &Host, shares: &[&Share]) -> Result<()> {
    let until = Instant::now() + SOON;
    while let Err(error) = rests(host, shares) {
        if Instant::now() > until {
            return Err(error).with_context(|| format!("{} does not come to rest", host.name()));
        }
        thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// Whether it is at rest now.
pub(crate) fn rests(host: &Host, shares: &[&Share]) -> Result<()> {
    let (mut uuids, mut points) = (BTreeSet::new(), BTreeSet::new());
    for uuid in said(host, "virsh", &["list", "--uuid"])?.split_whitespace() {
        let domain = said(host, "virsh", &["dumpxml", uuid])?;
        for share in shares {
            let below = format!("'{}/", share.mount_point());
            let named = format!("<vq:share name=\"{}\"", share.name());
            if domain.contains(&below) || domain.replace('\'', "\"").contains(&named) {
                points.insert(share.mount_point());
                uuids.insert(uuid.to_owned());
            }
        }
    }
    let mounts = mounts::fuse(host)?;
    let found: Vec<_> = mounts.iter().map(|mount| mount.point.clone()).collect();
    ensure!(
        found.len() == points.len() && points.iter().all(|point| found.contains(point)),
        "its guests need mounts at {points:?} and it has {mounts:?}"
    );
    let holders = leases::holders(host)?;
    ensure!(holders == uuids, "its guests are {uuids:?}, and those with leases {holders:?}");
    is_well(host)
}

/// The product's own two answers: nothing is out of line, and nothing is to be done.
pub(crate) fn is_well(host: &Host) -> Result<()> {
    said(host, "virt-quobyte", &["status"])?;
    let recovery = said(host, "virt-quobyte", &["recover"])?;
    if !recovery.contains("nothing to do") {
        bail!("there is something to recover: {recovery}");
    }
    Ok(())
}

fn said(host: &Host, program: &str, words: &[&str]) -> Result<String> {
    Ok(host.command(program).args(words).succeeds()?.stdout_text())
}
