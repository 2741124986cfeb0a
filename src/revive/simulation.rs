//! Revivals and renewals that are cut off anywhere, of guests of any shape, against a model of QEMU's block graph.
//!
//! The model hears the very words that QEMU would, and answers in QEMU's form. It is as small as the truth allows: nodes with their
//! files and what they stand on, which mount each file was opened on, which node each device is on, and what is not flushed.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::monitor::QUESTIONS;
use super::{Deed, DiskWords, Facts, Given, Guest, Purpose, Revival, Step, decide, undo};
use crate::share::MountPoint;

const MOUNT_POINT: &str = "/srv/gold";
const SIZE: u64 = 1 << 24;

/// A mount by its number, which no later one has.
type Mount = u32;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Node {
    driver: String,
    file: String,
    opened_on: Option<Mount>,
    below: Vec<String>,
    size: u64,
    is_read_only: bool,
}

#[derive(Debug, Clone)]
struct World {
    /// The share's mount.
    mount: Option<Mount>,
    /// The mounts whose clients live, in the tree or detached.
    alive: BTreeSet<Mount>,
    last_mount: Mount,
    nodes: BTreeMap<String, Node>,
    /// Device ids and the node that each is on.
    drives: BTreeMap<String, String>,
    state: &'static str,
    given: Vec<String>,
    /// The disks' nodes of which QEMU keeps something that was not flushed.
    unflushed: BTreeSet<String>,
    /// Whether QEMU let go of a node with something unflushed, although its client lived.
    has_lost: bool,
}

/// What a disk is like.
#[derive(Debug, Clone, Copy)]
enum Shape {
    Raw,
    Qcow2OnBacking,
    /// Not on the share at all.
    Elsewhere,
}

#[derive(Debug, Clone, Copy)]
enum Event {
    /// Somebody revives the guest, and dies after so many steps if there are as many.
    Revive { dies_after: Option<u8> },
    /// Somebody renews the share's client, and dies after so many steps if there are as many.
    Renew { dies_after: Option<u8> },
    /// Somebody resumes the guest by hand, and it uses its disks.
    Resume,
    /// Every client dies.
    ClientsDie,
}

/// Why a revival ended before its end.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Reached,
    Died,
}

impl World {
    /// A guest whose client has died.
    fn new(shapes: &[Shape], state: &'static str) -> Self {
        let mut world = Self::well(shapes, state);
        world.alive.clear();
        world
    }

    /// A guest whose client lives.
    fn well(shapes: &[Shape], state: &'static str) -> Self {
        let mut world = Self {
            mount: Some(1),
            alive: BTreeSet::from([1]),
            last_mount: 1,
            nodes: BTreeMap::new(),
            drives: BTreeMap::new(),
            state: "running",
            given: Vec::new(),
            unflushed: BTreeSet::new(),
            has_lost: false,
        };
        let mut number = 0;
        let mut layer = |world: &mut Self, path: &str, driver: &str, backing: Option<&str>| {
            number += 1;
            let name = format!("libvirt-{number}-format");
            let storage = format!("libvirt-{number}-storage");
            let options = [
                json!({ "driver": "file", "filename": path, "node-name": storage }),
                json!({ "driver": driver, "file": storage, "node-name": name, "backing": backing,
                        "read-only": path.contains("base") }),
            ];
            for options in options {
                world.given.push(options.to_string());
                world.add(&options).expect("it was just mounted");
            }
            name
        };
        for (at, shape) in shapes.iter().enumerate() {
            let root = match shape {
                Shape::Raw => layer(&mut world, &format!("{MOUNT_POINT}/{at}.raw"), "raw", None),
                Shape::Elsewhere => layer(&mut world, &format!("/var/{at}.raw"), "raw", None),
                Shape::Qcow2OnBacking => {
                    let base = format!("{MOUNT_POINT}/base-{at}");
                    let base = layer(&mut world, &base, "qcow2", None);
                    layer(&mut world, &format!("{MOUNT_POINT}/{at}"), "qcow2", Some(&base))
                }
            };
            world.drives.insert(format!("virtio-disk{at}"), root);
        }
        world.state = state;
        world.unflushed = world.drives.values().cloned().collect();
        world
    }

    /// `blockdev-add`.
    fn add(&mut self, options: &Value) -> Result<(), String> {
        let text = |key: &str| options[key].as_str().map(str::to_owned);
        let name = text("node-name").expect("each has a name");
        let driver = text("driver").expect("each has a driver");
        if self.nodes.contains_key(&name) {
            return Err(format!("Duplicate nodes with node-name='{name}'"));
        }
        let below: Vec<String> = ["file", "backing"].into_iter().filter_map(text).collect();
        if let Some(missing) = below.iter().find(|node| !self.nodes.contains_key(*node)) {
            return Err(format!("Cannot find device='' nor node-name='{missing}'"));
        }
        let mut opened_on = None;
        let (file, size) = match driver.as_str() {
            "file" => {
                let path = text("filename").expect("a file has a path");
                if path.starts_with(MOUNT_POINT) {
                    opened_on = self.living();
                    if opened_on.is_none() {
                        return Err(format!("Could not open '{path}'"));
                    }
                }
                (path, SIZE)
            }
            "blkdebug" => {
                let size = options["image"]["size"].as_u64().expect("it has a size");
                assert_eq!(options["inject-error"][0]["event"], "none", "it fails at once");
                ("null-co://".to_owned(), size)
            }
            _ => {
                let below = &self.nodes[&below[0]];
                (below.file.clone(), below.size)
            }
        };
        let is_read_only = options["read-only"].as_bool().unwrap_or(false);
        self.nodes.insert(name, Node { driver, file, opened_on, below, size, is_read_only });
        Ok(())
    }

    /// What the monitor would do and say.
    fn hear(&mut self, text: &str) -> String {
        let word: Value = serde_json::from_str(text).expect("JSON");
        let arguments = &word["arguments"];
        let done = match word["execute"].as_str().expect("a command") {
            "blockdev-add" => self.add(arguments),
            "blockdev-reopen" => {
                self.flush(arguments["options"][0]["node-name"].as_str().expect("a name"))
            }
            "blockdev-del" => self.delete(arguments["node-name"].as_str().expect("a name")),
            "qom-set" => {
                let path = arguments["path"].as_str().expect("a path");
                let device = path.split('/').nth(3).expect("an id").to_owned();
                let node = arguments["value"].as_str().expect("a node").to_owned();
                assert_ne!(self.state, "running", "a disk is exchanged under a guest that runs");
                self.set_drive(device, node)
            }
            other => return self.ask(other),
        };
        match done {
            Ok(()) => json!({ "return": {} }).to_string(),
            Err(desc) => json!({ "error": { "class": "GenericError", "desc": desc } }).to_string(),
        }
    }

    fn set_drive(&mut self, device: String, node: String) -> Result<(), String> {
        if !self.nodes.contains_key(&node) {
            return Err(format!("Cannot find device='' nor node-name='{node}'"));
        }
        let old = self.drives[&device].clone();
        assert_ne!(old, node, "QEMU ends when a disk is put where it is");
        // A raw file's last writer leaves: it is opened anew, by its path, for reading.
        if self.nodes[&old].driver == "raw" {
            let living = self.living();
            let storage = self.nodes[&old].below[0].clone();
            let storage = self.nodes.get_mut(&storage).expect("it is below");
            if storage.opened_on.is_some() {
                if living.is_none() {
                    return Err(format!("Could not open '{}'", storage.file));
                }
                storage.opened_on = living;
            }
        }
        self.drives.insert(device, node);
        Ok(())
    }

    /// The share's mount, if its client lives.
    fn living(&self) -> Option<Mount> {
        self.mount.filter(|mount| self.alive.contains(mount))
    }

    fn flush(&mut self, name: &str) -> Result<(), String> {
        if !self.nodes.contains_key(name) {
            return Err(format!("Failed to find node with node-name='{name}'"));
        }
        if !self.works(name) {
            return Err("Error flushing drive: Transport endpoint is not connected".to_owned());
        }
        self.unflushed.remove(name);
        Ok(())
    }

    fn delete(&mut self, name: &str) -> Result<(), String> {
        let is_below = |node: &Node| node.below.iter().any(|below| below == name);
        if !self.nodes.contains_key(name) {
            return Err(format!("Failed to find node with node-name='{name}'"));
        }
        if self.drives.values().any(|node| node == name) || self.nodes.values().any(is_below) {
            return Err(format!("Block device {name} is in use"));
        }
        self.has_lost |= self.unflushed.remove(name) && self.works(name);
        self.nodes.remove(name);
        Ok(())
    }

    fn ask(&self, command: &str) -> String {
        let cache = || json!({ "writeback": true, "direct": true, "no-flush": false });
        let node = |(name, node): (&String, &Node)| {
            json!({ "node-name": name, "drv": node.driver, "file": node.file,
                    "ro": node.is_read_only, "cache": cache(), "image": { "virtual-size": node.size } })
        };
        let device = |(device, root): (&String, &String)| {
            let inserted = json!({ "node-name": root, "cache": cache() });
            let qdev = format!("/machine/peripheral/{device}/virtio-backend");
            json!({ "qdev": qdev, "inserted": inserted })
        };
        let returned = match command {
            "query-status" => json!({ "status": self.state }),
            "query-block" => self.drives.iter().map(device).collect(),
            "query-named-block-nodes" => self.nodes.iter().map(node).collect(),
            "query-jobs" | "query-block-exports" => json!([]),
            other => panic!("{other}"),
        };
        json!({ "return": returned }).to_string()
    }

    fn guest(&self) -> Guest {
        let answers = QUESTIONS.map(|question| self.ask(question));
        let living = self.living();
        let alive = self.nodes.values().filter(|node| living.is_some() && node.opened_on == living);
        Guest {
            facts: Facts::read(&answers).expect("answers"),
            given: Given::of(self.given.iter().map(String::as_str)),
            disks: self.drives.keys().map(|device| words(device)).collect(),
            alive: alive.map(|node| node.file.clone()).collect(),
        }
    }

    fn revival(&self) -> Revival {
        self.decided(Purpose::Revive)
    }

    fn decided(&self, purpose: Purpose) -> Revival {
        let mount_point: MountPoint = MOUNT_POINT.parse().expect("a good path");
        decide(&mount_point, purpose, &self.guest()).expect("all of it can be opened anew")
    }

    fn walk_all(&mut self, steps: &[Step]) -> Result<End, String> {
        let mut left = u32::MAX;
        self.walk(steps, &mut left)
    }

    /// Does steps, as many as there are left.
    fn walk(&mut self, steps: &[Step], left: &mut u32) -> Result<End, String> {
        for step in steps {
            if *left == 0 {
                return Ok(End::Died);
            }
            *left -= 1;
            self.take(step).map_err(|why| format!("{step}: {why}"))?;
        }
        Ok(End::Reached)
    }

    fn take(&mut self, step: &Step) -> Result<(), String> {
        match step.deed() {
            Deed::Pause => self.state = "paused",
            Deed::Resume => self.resume(),
            Deed::TellUnless { question, command, text } => {
                if !step.is_done(&self.ask(question)).map_err(|error| error.to_string())? {
                    return Step::heard(command, &self.hear(&text)).map_err(|e| e.to_string());
                }
            }
            Deed::Tell { command, text } => {
                let answer = self.hear(&text);
                return Step::heard(command, &answer).map_err(|error| error.to_string());
            }
            Deed::Ask(question) => {
                return step.judge(&self.ask(question)).map_err(|error| error.to_string());
            }
        }
        Ok(())
    }

    /// The guest runs, and uses each of its disks.
    fn resume(&mut self) {
        self.state =
            if self.drives.values().all(|node| self.works(node)) { "running" } else { "io-error" };
        if self.state == "running" {
            self.unflushed = self.drives.values().cloned().collect();
        }
    }

    fn works(&self, name: &str) -> bool {
        let node = &self.nodes[name];
        node.driver != "blkdebug"
            && node.opened_on.is_none_or(|mount| self.alive.contains(&mount))
            && node.below.iter().all(|below| self.works(below))
    }

    /// A dead mount is detached, and another one is made.
    fn mount_anew(&mut self) {
        if self.living().is_none() {
            self.mount_another();
        }
    }

    fn mount_another(&mut self) {
        self.last_mount += 1;
        self.mount = Some(self.last_mount);
        self.alive.insert(self.last_mount);
    }

    fn revive(&mut self, dies_after: Option<u8>) -> Result<End, String> {
        let mut left = dies_after.map_or(u32::MAX, u32::from);
        self.mount_anew();
        let revival = self.revival();
        self.walk(&revival.steps, &mut left)
    }

    /// As the command does it: a renewal that was cut off is gone on with, and steps that fail are taken back.
    fn renew(&mut self, dies_after: Option<u8>) -> Result<End, String> {
        let mut left = dies_after.map_or(u32::MAX, u32::from);
        if self.living().is_none() {
            return Err("it is dead".to_owned());
        }
        if !self.decided(Purpose::Renew).is_needed() {
            self.mount_another();
        }
        let steps = self.decided(Purpose::Renew).steps;
        for (at, step) in steps.iter().enumerate() {
            match self.walk(std::slice::from_ref(step), &mut left) {
                Ok(End::Reached) => {}
                Ok(End::Died) => return Ok(End::Died),
                Err(why) => {
                    self.walk_all(&undo(&steps[..at])).expect("it can be taken back");
                    return Err(why);
                }
            }
        }
        Ok(End::Reached)
    }

    fn is_on_the_mount(&self) -> bool {
        let on = |node: &Node| node.opened_on.is_none_or(|mount| Some(mount) == self.mount);
        self.nodes.values().all(on)
    }
}

fn words(device: &str) -> DiskWords {
    DiskWords {
        alias: Some(device.to_owned()),
        target: device.replace("virtio-disk", "vd"),
        bus: "virtio".to_owned(),
        stops_at_errors: true,
        has_controller_thread: false,
        flushes_each: false,
    }
}

fn shape() -> impl Strategy<Value = Shape> {
    prop_oneof![Just(Shape::Raw), Just(Shape::Qcow2OnBacking), Just(Shape::Elsewhere)]
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0_u8..40).prop_map(|after| Event::Revive { dies_after: Some(after) }),
        1 => Just(Event::Revive { dies_after: None }),
        1 => Just(Event::Resume),
        1 => Just(Event::ClientsDie),
    ]
}

fn renewal() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0_u8..40).prop_map(|after| Event::Renew { dies_after: Some(after) }),
        1 => Just(Event::Renew { dies_after: None }),
        2 => Just(Event::Resume),
    ]
}

proptest! {
    #[test]
    fn a_guest_whose_revivals_were_cut_off_anywhere_is_revived_by_the_next_one(
        shapes in prop::collection::vec(shape(), 1..4),
        state in prop_oneof![Just("running"), Just("io-error"), Just("paused")],
        events in prop::collection::vec(prop_oneof![4 => event(), 1 => renewal()], 0..6),
    ) {
        let mut world = World::new(&shapes, state);
        let before = world.clone();
        let mut runs = state != "paused";
        for event in events {
            match event {
                Event::Revive { dies_after } => {
                    world.revive(dies_after).map_err(TestCaseError::fail)?;
                }
                Event::Resume => {
                    world.resume();
                    runs = true;
                }
                Event::ClientsDie => world.alive.clear(),
                Event::Renew { dies_after } => {
                    let _its_client_may_be_dead = world.renew(dies_after);
                }
            }
        }
        prop_assert_eq!(world.revive(None), Ok(End::Reached));
        is_as_before(&world, &before)?;
        let is_on_share = shapes.iter().any(|shape| !matches!(shape, Shape::Elsewhere));
        if is_on_share && runs {
            prop_assert_eq!(world.state, "running");
        } else if is_on_share {
            prop_assert_eq!(world.state, "paused");
        }
        // And whoever comes then has nothing to do.
        prop_assert!(!world.revival().is_needed());
    }
}

proptest! {
    #[test]
    fn a_guest_whose_renewals_were_cut_off_anywhere_is_moved_by_the_next_one_and_loses_nothing(
        shapes in prop::collection::vec(shape(), 1..4),
        state in prop_oneof![Just("running"), Just("paused")],
        events in prop::collection::vec(renewal(), 0..6),
    ) {
        let mut world = World::well(&shapes, state);
        let before = world.clone();
        let mut runs = state != "paused";
        for event in events {
            if let Event::Renew { dies_after } = event {
                world.renew(dies_after).map_err(TestCaseError::fail)?;
            } else {
                world.resume();
                runs = true;
            }
        }
        prop_assert_eq!(world.renew(None), Ok(End::Reached));
        is_as_before(&world, &before)?;
        prop_assert!(world.is_on_the_mount(), "it is not on the new mount: {:?}", world.nodes);
        prop_assert!(!world.has_lost, "something unflushed was let go of");
        let is_on_share = shapes.iter().any(|shape| !matches!(shape, Shape::Elsewhere));
        if is_on_share {
            prop_assert_eq!(world.state, if runs { "running" } else { "paused" });
        }
    }
}

/// All is as before, but for the mount that the files were opened on.
fn is_as_before(world: &World, before: &World) -> Result<(), TestCaseError> {
    prop_assert_eq!(&world.drives, &before.drives);
    let names = |world: &World| world.nodes.keys().cloned().collect::<BTreeSet<_>>();
    prop_assert_eq!(names(world), names(before));
    for (name, node) in &world.nodes {
        let was = &before.nodes[name];
        prop_assert_eq!((&node.file, &node.below), (&was.file, &was.below));
        prop_assert!(world.works(name), "{} does not work", name);
    }
    Ok(())
}

#[test]
fn a_guest_whose_old_client_dies_before_it_is_moved_is_taken_back_and_can_be_revived() {
    let mut world = World::well(&[Shape::Raw, Shape::Qcow2OnBacking], "running");
    let before = world.clone();
    world.mount_another();
    world.alive.remove(&1);
    let failed = world.renew(None).expect_err("its client is dead");
    assert!(failed.contains("Error flushing drive"), "{failed}");
    assert_eq!((&world.drives, world.nodes.len()), (&before.drives, before.nodes.len()));
    assert_eq!(world.state, "io-error", "it was resumed, and has noticed");
    assert_eq!(world.revive(None), Ok(End::Reached));
    is_as_before(&world, &before).expect("as before");
    assert_eq!(world.state, "running");
}

#[test]
fn whether_the_new_client_has_the_files_is_found_out_before_the_guest_is_paused() {
    let mut world = World::well(&[Shape::Raw, Shape::Qcow2OnBacking, Shape::Elsewhere], "running");
    world.mount_another();
    let steps = world.decided(Purpose::Renew).steps;
    let paused = steps.iter().position(|step| matches!(step, Step::Pause(_)));
    let opened = |step: &Step| match step {
        Step::AddNode(options) => options.file().map(str::to_owned),
        _ => None,
    };
    let tried: Vec<_> = steps[..paused.expect("it is paused")].iter().filter_map(opened).collect();
    assert_eq!(tried, ["/srv/gold/0.raw", "/srv/gold/base-1", "/srv/gold/1"]);
}

#[test]
fn each_step_of_a_revival_is_one_that_the_next_revival_can_go_on_from() {
    let shapes = [Shape::Raw, Shape::Qcow2OnBacking];
    let all = World::new(&shapes, "io-error").revival().steps.len();
    assert!(all > 20, "{all} steps");
    for cut in 0..=all {
        let mut world = World::new(&shapes, "io-error");
        let cut = u8::try_from(cut).expect("few");
        world.revive(Some(cut)).expect("nothing fails");
        assert_eq!(world.revive(None), Ok(End::Reached), "cut off after {cut} steps");
        assert_eq!(world.state, "running", "cut off after {cut} steps");
        assert!(!world.revival().is_needed(), "cut off after {cut} steps");
    }
}

#[test]
fn nodes_that_were_opened_again_are_closed_when_the_next_one_cannot_be() {
    let mut world = World::new(&[Shape::Qcow2OnBacking], "io-error");
    world.mount_anew();
    let revival = world.revival();
    let is_opened = |step: &Step| matches!(step, Step::AddNode(_));
    let first = revival.steps.iter().position(is_opened).expect("some are opened");
    world.walk_all(&revival.steps[..first + 3]).expect("nothing fails");
    let back = undo(&revival.steps[..first + 3]);
    assert_eq!(back.len(), 3, "{back:?}");
    world.walk_all(&back).expect("nothing fails");
    assert_eq!(world.nodes.len(), 1, "only the placeholder is left: {:?}", world.nodes);
    assert!(undo(&revival.steps[..first]).is_empty(), "what was let go of is gone");
    assert_eq!(world.revive(None), Ok(End::Reached));
    assert_eq!(world.state, "running");
}

#[test]
fn an_image_of_another_size_is_not_the_guests() {
    let mut world = World::new(&[Shape::Raw], "io-error");
    world.mount_anew();
    let revival = world.revival();
    let is_compared = |step: &Step| matches!(step, Step::CompareSize { .. });
    let at = revival.steps.iter().position(is_compared).expect("it is compared");
    world.walk_all(&revival.steps[..at]).expect("nothing fails");
    world.nodes.get_mut("libvirt-1-format").expect("it was opened again").size += 512;
    let failed = world.walk_all(&revival.steps[at..]).expect_err("it differs");
    assert!(failed.contains("is not the one that the guest had"), "{failed}");
    assert!(world.drives.values().all(|node| node.starts_with("vq-run-")), "{:?}", world.drives);
}
