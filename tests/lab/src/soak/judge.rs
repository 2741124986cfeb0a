//! Says what is not as it must be. Knows what libvirt lists, what the kernel has mounted and what is in the images; of the product
//! it hears last, and only whether it agrees.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::shares;
use crate::guest::{Guest, Spec};
use crate::host::Host;
use crate::mounts;
use crate::pair::Pair;
use crate::settled::rests;

/// A guest whose power button was pressed, or whose QEMU was killed, ends some time later.
pub(super) const SOON: Duration = Duration::from_secs(40);

/// Which guests are on which host, running or not going on.
pub(super) type Places = BTreeMap<String, usize>;

pub(super) fn places(pair: &Pair) -> Result<Places> {
    let mut places = Places::new();
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
/// `meanwhile` is what an operator goes on doing: a guest finds out that its storage has gone when it next writes. It returns what
/// could not be done.
pub(super) fn wrong(
    pair: &Pair,
    specs: &[Spec],
    blocks: &mut usize,
    soon: Duration,
    meanwhile: impl Fn() -> Result<Vec<String>>,
) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    let until = Instant::now() + soon;
    while let Err(error) = holds(pair, specs).and_then(|()| rest(pair)) {
        if Instant::now() > until {
            wrong.push(format!("{error:#}"));
            wrong.extend(meanwhile()?);
            break;
        }
        thread::sleep(Duration::from_millis(200));
        let _tried_again = meanwhile()?;
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

/// Each host holds what its guests need, and the product agrees.
fn rest(pair: &Pair) -> Result<()> {
    for host in pair.hosts() {
        let at_rest = rests(host, &shares(host)?.each_ref());
        at_rest.with_context(|| format!("{} does not come to rest", host.name()))?;
    }
    Ok(())
}

/// Every block that a guest which does not run had flushed is in its image.
fn verified(pair: &Pair, spec: &Spec) -> Result<usize> {
    let guest = Guest::known(pair.left(), spec.clone());
    let shares = shares(pair.left())?;
    let mut count = 0;
    for (disk, file) in spec.images() {
        if guest.blocks(&disk)? == 0 {
            continue;
        }
        let image = shares.iter().find_map(|share| {
            let image = file.strip_prefix(&share.path(""))?;
            Some(share.backing(image))
        });
        let image = image.with_context(|| format!("{disk} is {file}, on no share"))?;
        count += guest.verify(&disk, &image).with_context(|| spec.name().to_owned())?;
    }
    Ok(count)
}
