//! A guest's revival, from what QEMU and libvirt say of it.

use std::collections::BTreeSet;

use super::facts::{Cache, Facts, Node, RunState};
use super::given::Given;
use super::node::{DevicePath, NodeName, NodeOptions, Placeholder, Then};
use super::obstacle::Obstacle;
use super::refusal::Refusal;
use super::step::Step;
use super::unflushed::Unflushed;
use super::words::DiskWords;
use crate::needs;
use crate::share::MountPoint;

/// What is known of a guest.
#[derive(Debug, Clone)]
pub struct Guest {
    /// What QEMU says of itself.
    pub facts: Facts,
    /// How libvirt had it open its nodes.
    pub given: Given,
    /// What the domain says of its disks.
    pub disks: Vec<DiskWords>,
    /// The files that QEMU has open on the share's mount, if that answers. All others that it has of the share are dead.
    pub alive: BTreeSet<String>,
}

/// What is to be done with one guest, for one share.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct Revival {
    /// Its disks on the share that need it. Without one there is nothing to do.
    pub disks: Vec<Disk>,
    /// What to do, once the share is mounted anew.
    pub steps: Vec<Step>,
}

/// A disk to be revived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disk {
    /// What people call it.
    pub target: String,
    /// What may become of what it has not flushed.
    pub unflushed: Unflushed,
}

impl Revival {
    /// Whether there is anything to do.
    pub fn is_needed(&self) -> bool {
        !self.steps.is_empty()
    }

    /// Whether one of its disks may lose what was not flushed.
    pub fn may_lose(&self) -> bool {
        self.disks.iter().any(Disk::may_lose)
    }
}

impl Disk {
    /// Whether it may lose what was not flushed.
    pub fn may_lose(&self) -> bool {
        matches!(self.unflushed, Unflushed::MayBeLost(_))
    }
}

/// A disk of the guest's with a file on the share.
struct OnShare<'a> {
    device: &'a DevicePath,
    words: &'a DiskWords,
    root: &'a NodeOptions,
    /// The root and all below it, each before what it stands on.
    chain: Vec<&'a NodeOptions>,
    stands: Stands,
    /// In QEMU, by name.
    placeholder: Option<NodeName>,
}

/// On what a disk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stands {
    /// On the nodes that libvirt gave it, with files that are dead.
    Dead,
    /// On a placeholder.
    Placeholder,
    /// On nodes with files that live.
    Living,
}

/// What is to be done so that the guest's disks on the share with this mount point live again.
pub fn decide(mount_point: &MountPoint, guest: &Guest) -> Result<Revival, Refusal> {
    let Guest { facts, .. } = guest;
    let found = on_share(mount_point, guest)?;
    let todo = |disk: &&OnShare<'_>| disk.stands != Stands::Living || disk.placeholder.is_some();
    let disks: Vec<&OnShare<'_>> = found.iter().filter(todo).collect();
    if disks.is_empty() {
        return Ok(Revival::default());
    }
    let is_moving = match &facts.state {
        RunState::Running | RunState::Paused | RunState::IoError => None,
        RunState::Other(state) => Some(Refusal::State { state: state.clone() }),
    };
    let works = (!facts.jobs.is_empty()).then(|| Refusal::Jobs { jobs: facts.jobs.clone() });
    let serves =
        (!facts.exports.is_empty()).then(|| Refusal::Exports { exports: facts.exports.clone() });
    if let Some(refusal) = is_moving.or(works).or(serves) {
        return Err(refusal);
    }
    steps(&disks, facts)
}

fn steps(disks: &[&OnShare<'_>], facts: &Facts) -> Result<Revival, Refusal> {
    let marks: Vec<Then> = facts
        .nodes
        .iter()
        .filter_map(|node| Placeholder::of_name(&node.name))
        .map(|placeholder| placeholder.then)
        .collect();
    let runs = facts.state != RunState::Paused || marks.contains(&Then::Runs);
    let then = if runs { Then::Runs } else { Then::StaysPaused };
    let mut steps = Vec::new();
    let mut placeholders = Vec::new();
    for disk in disks {
        let name = if let Some(name) = &disk.placeholder {
            name.clone()
        } else {
            let stands_for = disk.root.name().clone();
            let name = Placeholder { stands_for: stands_for.clone(), then }.name();
            let name = name.ok_or_else(|| Refusal::LongName {
                target: disk.words.target.clone(),
                node: stands_for.clone(),
            })?;
            let size = facts.node(&stands_for).map_or(0, Node::size);
            steps.push(Step::AddPlaceholder { name: name.clone(), size });
            name
        };
        placeholders.push(name);
    }
    let beside = || disks.iter().zip(&placeholders);
    let mut away = beside().filter(|(disk, _)| disk.stands != Stands::Living).peekable();
    let is_stopped = facts.state != RunState::Running || away.peek().is_some();
    if facts.state == RunState::Running && is_stopped {
        steps.push(Step::Pause);
    }
    for (disk, placeholder) in away {
        let (device, root) = (disk.device, disk.root.name());
        let drive = |from: &NodeName, to: &NodeName| Step::SetDrive {
            device: device.clone(),
            from: from.clone(),
            to: to.clone(),
        };
        if disk.stands == Stands::Dead {
            steps.push(drive(root, placeholder));
        }
        let there = disk.chain.iter().filter(|node| facts.node(node.name()).is_some());
        steps.extend(there.map(|node| Step::DeleteNode(node.name().clone())));
        steps.extend(disk.chain.iter().rev().map(|node| Step::AddNode((*node).clone())));
        steps.push(Step::CompareSize { node: root.clone(), placeholder: placeholder.clone() });
        steps.push(drive(placeholder, root));
    }
    if runs && is_stopped {
        steps.push(Step::Resume);
    }
    steps.extend(placeholders.into_iter().map(Step::DeleteNode));
    let disks = disks
        .iter()
        .map(|disk| Disk { target: disk.words.target.clone(), unflushed: unflushed(disk, facts) })
        .collect();
    Ok(Revival { disks, steps })
}

/// The guest's disks with files on the share, each found to be one that can be revived.
fn on_share<'a>(mount_point: &MountPoint, guest: &'a Guest) -> Result<Vec<OnShare<'a>>, Refusal> {
    let Guest { facts, given, disks, alive } = guest;
    let holds = |file: &str| mount_point.holds(&needs::end(file));
    let is_here = |node: &&&NodeOptions| node.file().is_some_and(holds);
    let mut found = Vec::new();
    let mut explained = BTreeSet::new();
    for device in &facts.devices {
        let placeholder = Placeholder::of_name(&device.root);
        let root = placeholder.as_ref().map_or(&device.root, |placeholder| &placeholder.stands_for);
        let Some(chain) = given.chain(root) else { continue };
        explained.extend(chain.iter().map(|node| node.name().clone()));
        let mut here = chain.iter().filter(is_here).peekable();
        if here.peek().is_none() {
            continue;
        }
        let stands = if placeholder.is_some() {
            Stands::Placeholder
        } else if here.all(|node| node.file().is_some_and(|file| alive.contains(file))) {
            Stands::Living
        } else {
            Stands::Dead
        };
        let words = device
            .path
            .alias()
            .and_then(|alias| disks.iter().find(|it| it.alias.as_deref() == Some(alias)));
        let words =
            words.ok_or_else(|| Refusal::Unknown { device: device.path.as_str().to_owned() })?;
        if stands != Stands::Living {
            revivable(words, &chain, facts, stands)?;
        }
        let mut all = facts.nodes.iter().map(|node| &node.name);
        let stands_in = all
            .find(|name| Placeholder::of_name(name).is_some_and(|it| it.stands_for == *root))
            .cloned();
        let Some(root) = given.node(root) else { continue };
        found.push(OnShare {
            device: &device.path,
            words,
            root,
            chain,
            stands,
            placeholder: stands_in,
        });
    }
    let stranger = facts.nodes.iter().find(|node| {
        node.driver == "file"
            && holds(&node.file)
            && !explained.contains(&node.name)
            && !alive.contains(&node.file)
    });
    match stranger {
        None => Ok(found),
        Some(node) => Err(of_no_chain(node, facts, disks)),
    }
}

/// Whose a node is that is in no chain that libvirt gave at the start.
fn of_no_chain(node: &Node, facts: &Facts, disks: &[DiskWords]) -> Refusal {
    // What stands on a file has the file's name, so the disk is known by that.
    let on_it = facts
        .devices
        .iter()
        .find(|device| facts.node(&device.root).is_some_and(|root| root.file == node.file));
    let alias = on_it.and_then(|device| device.path.alias());
    match disks.iter().find(|disk| alias.is_some() && disk.alias.as_deref() == alias) {
        Some(disk) => Refusal::NotGiven { target: disk.target.clone(), node: node.name.clone() },
        None => Refusal::OfNoDisk { node: node.name.clone(), file: node.file.clone() },
    }
}

/// Whether a disk on a dead share is one that was seen to be revived.
fn revivable(
    words: &DiskWords,
    chain: &[&NodeOptions],
    facts: &Facts,
    stands: Stands,
) -> Result<(), Refusal> {
    let target = || words.target.clone();
    let root = chain.first().and_then(|root| root.all().get("read-only"));
    let only_reads = root.and_then(serde_json::Value::as_bool) == Some(true);
    if let Some(obstacle) = words.obstacles(only_reads).next() {
        return Err(obstacle.into());
    }
    for options in chain {
        let node = options.name().clone();
        if options.nests() {
            return Err(Refusal::Nested { target: target(), node });
        }
        if options.is_encrypted() {
            return Err(Obstacle::Encrypted { target: target() }.into());
        }
        match facts.node(&node) {
            Some(found) if found.has_bitmaps() => {
                return Err(Refusal::Bitmaps { target: target(), node });
            }
            Some(found) if !is_as_given(found, options) => {
                return Err(Refusal::Changed { target: target(), node });
            }
            None if stands == Stands::Dead => {
                return Err(Refusal::Changed { target: target(), node });
            }
            Some(_) | None => {}
        }
    }
    Ok(())
}

/// Whether a node is still what libvirt had opened under its name.
fn is_as_given(found: &Node, options: &NodeOptions) -> bool {
    let says = options.all().get("read-only").and_then(serde_json::Value::as_bool);
    options.driver() == Some(found.driver.as_str())
        && says.is_none_or(|read_only| read_only == found.is_read_only)
        && options.file().is_none_or(|file| file == found.file)
}

/// What keeps nothing of what passes.
const FILTERS: [&str; 2] = ["copy-on-read", "throttle"];

fn unflushed(disk: &OnShare<'_>, facts: &Facts) -> Unflushed {
    if disk.stands != Stands::Dead {
        return Unflushed::LetGo;
    }
    let device = facts.devices.iter().find(|device| device.path == *disk.device);
    let nodes: Vec<&Node> = disk.chain.iter().filter_map(|node| facts.node(node.name())).collect();
    let (Some(device), [root, ..]) = (device, nodes.as_slice()) else { return Unflushed::LetGo };
    // A filter on top has nothing to say of how its file was opened; and what the guest has switched just now says nothing of what
    // it wrote before.
    let cache = Cache {
        writeback: device.cache.writeback || !disk.words.flushes_each,
        direct: nodes.iter().filter(|node| node.driver == "file").all(|node| node.cache.direct),
        no_flush: nodes.iter().any(|node| node.cache.no_flush),
    };
    let mut drivers = nodes.iter().map(|node| node.driver.as_str());
    let format = drivers.find(|driver| !FILTERS.contains(driver));
    Unflushed::of(format, cache, root.is_read_only)
}
