//! Says what is not as it must be. Knows what libvirt lists, what the kernel has mounted and what is in the images; of the product
//! it hears last, and only whether it agrees.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::shares;
use crate::guest::{Guest, Spec};
use crate::host::Host;
use crate::mounts;
use crate::pair::Pair;
use crate::settled::settled;

/// A guest whose power button was pressed, or whose QEMU was killed, ends some time later.
const SOON: Duration = Duration::from_secs(40);

/// Which guests are on which host, running or not going on.
pub(super) fn places(pair: &Pair) -> Result<BTreeMap<String, usize>> {
    let mut places = BTreeMap::new();
    for (number, host) in pair.hosts().into_iter().enumerate() {
        for name in listed(host)? {
            places.insert(name, number);
        }
    }
    Ok(places)
}

fn listed(host: &Host) -> Result<BTreeSet<String>> {
    let listed = host.command("virsh").args(["list", "--name"]).succeeds()?.stdout_text();
    Ok(listed.split_whitespace().map(str::to_owned).collect())
}

/// All that is wrong once the hosts had time to come to rest. Counts the blocks that were held against an image.
/// `meanwhile` is what an operator goes on doing: a guest finds out that its storage has gone when it next writes.
pub(super) fn wrong(
    pair: &Pair,
    specs: &[Spec],
    blocks: &mut usize,
    meanwhile: impl Fn() -> Result<()>,
) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    let until = Instant::now() + SOON;
    while let Err(error) = holds(pair, specs) {
        if Instant::now() > until {
            wrong.push(format!("{error:#}"));
            break;
        }
        thread::sleep(Duration::from_millis(200));
        meanwhile()?;
    }
    if wrong.is_empty() {
        for host in pair.hosts() {
            let shares = shares(host)?;
            wrong.extend(settled(host, &shares.each_ref()).err().map(|error| format!("{error:#}")));
        }
    }
    let running = places(pair)?;
    for spec in specs.iter().filter(|spec| !running.contains_key(spec.name())) {
        match verified(pair, spec) {
            Ok(count) => *blocks += count,
            Err(error) => wrong.push(format!("{error:#}")),
        }
    }
    Ok(wrong)
}

/// No guest runs twice or has stopped, and each host has the mounts of its guests' disks, once, and no others.
fn holds(pair: &Pair, specs: &[Spec]) -> Result<()> {
    let lists = pair.hosts().map(listed);
    let [left, right] = lists;
    let (left, right) = (left?, right?);
    let twice: Vec<_> = left.intersection(&right).collect();
    ensure!(twice.is_empty(), "on both hosts at once: {twice:?}");
    for (host, guests) in pair.hosts().into_iter().zip([left, right]) {
        let mut needed = BTreeSet::new();
        for spec in specs.iter().filter(|spec| guests.contains(spec.name())) {
            let state = Guest::known(host, spec.clone()).state()?;
            ensure!(state == "running", "{} on {} is {state}", spec.name(), host.name());
            for share in shares(host)? {
                if spec.xml().contains(&share.path("")) {
                    needed.insert(share.mount_point());
                }
            }
        }
        let mut found: Vec<_> = mounts::fuse(host)?.into_iter().map(|mount| mount.point).collect();
        found.sort();
        ensure!(
            found.iter().eq(needed.iter()),
            "{} runs {guests:?}, which need {needed:?}, and has {found:?}",
            host.name()
        );
    }
    Ok(())
}

/// Every block that a guest which does not run had flushed is in its image.
fn verified(pair: &Pair, spec: &Spec) -> Result<usize> {
    let guest = Guest::known(pair.left(), spec.clone());
    let mut count = 0;
    for (number, disk) in spec.disk_names().into_iter().enumerate() {
        if guest.blocks(&disk)? == 0 {
            continue;
        }
        let image = format!("{}-{number}.img", spec.name());
        for share in shares(pair.left())? {
            if spec.xml().contains(&share.path(&image)) {
                count += guest.verify(&disk, &share.backing(&image))?;
            }
        }
    }
    Ok(count)
}
