//! A guest's revival, from what QEMU and libvirt say of it.

use std::collections::BTreeSet;

use super::Purpose;
use super::facts::{Cache, Facts, Node, RunState};
use super::given::Given;
use super::node::{DevicePath, NodeName, NodeOptions, Placeholder, Then};
use super::obstacle::Obstacle;
use super::refusal::Refusal;
use super::step::Step;
use super::unflushed::{Kept, Unflushed};
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
    /// The files that QEMU has open on the share's mount, if that answers. All others that it has of the share are dead, or an old
    /// client's.
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
    /// In QEMU, by name: the one that the disk is on first, if it is on one.
    placeholders: Vec<NodeName>,
}

/// On what a disk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stands {
    /// On the nodes that libvirt gave it, with files that are dead, or an old client's.
    Elsewhere,
    /// On a placeholder.
    Placeholder,
    /// On nodes with files on the share's mount.
    Living,
}

/// What is to be done so that the guest's disks on the share with this mount point are on its mount, and live.
pub fn decide(
    mount_point: &MountPoint,
    purpose: Purpose,
    guest: &Guest,
) -> Result<Revival, Refusal> {
    let Guest { facts, .. } = guest;
    let found = on_share(mount_point, purpose, guest)?;
    let todo = |disk: &&OnShare<'_>| disk.stands != Stands::Living || !disk.placeholders.is_empty();
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
    steps(mount_point, purpose, &disks, facts)
}

fn steps(
    mount_point: &MountPoint,
    purpose: Purpose,
    disks: &[&OnShare<'_>],
    facts: &Facts,
) -> Result<Revival, Refusal> {
    let marks: Vec<Then> = facts
        .nodes
        .iter()
        .filter_map(|node| Placeholder::of_name(&node.name))
        .map(|placeholder| placeholder.then)
        .collect();
    let runs = facts.state != RunState::Paused || marks.contains(&Then::Runs);
    let then = if runs { Then::Runs } else { Then::StaysPaused };
    let left = facts.nodes.iter().map(|node| &node.name).filter(|name| NodeOptions::is_trial(name));
    let mut steps: Vec<Step> = left.cloned().map(Step::DeleteNode).collect();
    let elsewhere = || disks.iter().filter(|disk| disk.stands == Stands::Elsewhere);
    if purpose == Purpose::Renew {
        // As long as nothing was let go of, a file that the new client does not have is no more than a reason to stay.
        let here = |node: &&&NodeOptions| is_on(mount_point, node);
        let files = elsewhere().flat_map(|disk| disk.chain.iter().filter(here));
        for trial in files.enumerate().map(|(number, file)| file.trial(number)) {
            let name = trial.name().clone();
            steps.extend([Step::AddNode(trial), Step::DeleteNode(name)]);
        }
    }
    let mut placeholders = Vec::new();
    for disk in disks {
        let mut all = disk.placeholders.clone();
        // Of a guest that was let run meanwhile one has to say so: it may be paused again when this is cut off as well.
        if all.is_empty() || runs && !marks.contains(&Then::Runs) {
            let stands_for = disk.root.name().clone();
            let name = Placeholder { stands_for: stands_for.clone(), then }.name();
            let name = name.ok_or_else(|| Refusal::LongName {
                target: disk.words.target.clone(),
                node: stands_for.clone(),
            })?;
            let size = facts.node(&stands_for).map_or(0, Node::size);
            steps.push(Step::AddPlaceholder { name: name.clone(), size });
            all.push(name);
        }
        placeholders.push(all);
    }
    let beside = || disks.iter().zip(&placeholders);
    let mut away = beside().filter(|(disk, _)| disk.stands != Stands::Living).peekable();
    let is_stopped = facts.state != RunState::Running || away.peek().is_some();
    if facts.state == RunState::Running && is_stopped {
        steps.push(Step::Pause(purpose));
    }
    if purpose == Purpose::Renew {
        let written = elsewhere().map(|disk| disk.root).filter(|root| !root.only_reads());
        steps.extend(written.cloned().map(Step::Flush));
    }
    for (disk, placeholder) in away {
        let (device, root) = (disk.device, disk.root.name());
        let placeholder = &placeholder[0];
        let drive = |from: &NodeName, to: &NodeName| Step::SetDrive {
            device: device.clone(),
            from: from.clone(),
            to: to.clone(),
        };
        if disk.stands == Stands::Elsewhere {
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
    steps.extend(placeholders.into_iter().flatten().map(Step::DeleteNode));
    let disks = disks
        .iter()
        .map(|disk| Disk {
            target: disk.words.target.clone(),
            unflushed: unflushed(purpose, disk, facts),
        })
        .collect();
    Ok(Revival { disks, steps })
}

/// Whether a node opens a file on the share.
fn is_on(mount_point: &MountPoint, node: &NodeOptions) -> bool {
    node.file().is_some_and(|file| mount_point.holds(&needs::end(file)))
}

/// The guest's disks with files on the share, each found to be one that can be revived.
fn on_share<'a>(
    mount_point: &MountPoint,
    purpose: Purpose,
    guest: &'a Guest,
) -> Result<Vec<OnShare<'a>>, Refusal> {
    let Guest { facts, given, disks, alive } = guest;
    let holds = |file: &str| mount_point.holds(&needs::end(file));
    let is_here = |node: &&&NodeOptions| is_on(mount_point, node);
    // A file that was opened for a trial is open on the mount, whatever the disk is on.
    let is_tried = |file: &str| {
        facts.nodes.iter().any(|node| NodeOptions::is_trial(&node.name) && node.file == file)
    };
    let lives = |file: &str| alive.contains(file) && !is_tried(file);
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
        } else if here.all(|node| node.file().is_some_and(lives)) {
            Stands::Living
        } else {
            Stands::Elsewhere
        };
        let words = device
            .path
            .alias()
            .and_then(|alias| disks.iter().find(|it| it.alias.as_deref() == Some(alias)));
        let words =
            words.ok_or_else(|| Refusal::Unknown { device: device.path.as_str().to_owned() })?;
        if stands != Stands::Living {
            revivable(purpose, words, &chain, facts, stands)?;
        }
        let stands_in =
            |name: &NodeName| Placeholder::of_name(name).is_some_and(|it| it.stands_for == *root);
        let all = facts.nodes.iter().map(|node| &node.name).filter(|name| stands_in(name));
        let mut placeholders: Vec<NodeName> = all.cloned().collect();
        placeholders.sort_by_key(|name| *name != device.root);
        let Some(root) = given.node(root) else { continue };
        found.push(OnShare { device: &device.path, words, root, chain, stands, placeholders });
    }
    let stranger = facts.nodes.iter().find(|node| {
        node.driver == "file"
            && holds(&node.file)
            && !explained.contains(&node.name)
            && !alive.contains(&node.file)
            && !NodeOptions::is_trial(&node.name)
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

/// Whether a disk is one that was seen to go on after it was put on files that were opened anew.
fn revivable(
    purpose: Purpose,
    words: &DiskWords,
    chain: &[&NodeOptions],
    facts: &Facts,
    stands: Stands,
) -> Result<(), Refusal> {
    let target = || words.target.clone();
    let only_reads = chain.first().is_some_and(|root| root.only_reads());
    // Who is on a client that lives has seen no error either.
    let sees_none = only_reads || (purpose == Purpose::Renew && stands == Stands::Elsewhere);
    if let Some(obstacle) = words.obstacles(sees_none).next() {
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
            None if stands == Stands::Elsewhere => {
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

fn unflushed(purpose: Purpose, disk: &OnShare<'_>, facts: &Facts) -> Unflushed {
    match (disk.stands, purpose) {
        (Stands::Placeholder | Stands::Living, _) => return Unflushed::LetGo,
        (Stands::Elsewhere, Purpose::Renew) => return Unflushed::Kept(Kept::FlushedFirst),
        (Stands::Elsewhere, Purpose::Revive) => {}
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
