//! What QEMU calls a node of its block graph, and how it is told to open one.

use std::fmt;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::escape::Escaped;

/// A node's name, of libvirt's choice or of ours.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(transparent)]
pub struct NodeName(String);

impl NodeName {
    /// As QEMU has it.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name as it is.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Escaped(&self.0).fmt(f)
    }
}

/// Where a disk's device is in QEMU's tree of objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DevicePath(String);

impl DevicePath {
    /// From what `query-block` calls `qdev`: an id, or a path where what has the disk is a part of the device.
    pub fn of_qdev(qdev: &str) -> Self {
        if qdev.starts_with('/') {
            Self(qdev.to_owned())
        } else {
            Self(format!("{PERIPHERAL}{qdev}"))
        }
    }

    /// The path as it is.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The device's id, which is the alias that libvirt gave it.
    pub fn alias(&self) -> Option<&str> {
        self.0.strip_prefix(PERIPHERAL)?.split('/').next()
    }
}

/// Where the devices are that were given an id.
const PERIPHERAL: &str = "/machine/peripheral/";

impl fmt::Display for DevicePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Escaped(&self.0).fmt(f)
    }
}

/// How QEMU is told to open a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeOptions {
    name: NodeName,
    all: Map<String, Value>,
}

impl NodeOptions {
    /// What stands behind `-blockdev`; `None` if it is of another form, as older libvirts wrote it.
    pub fn read(text: &str) -> Option<Self> {
        let all: Map<String, Value> = serde_json::from_str(text).ok()?;
        let name = NodeName::new(all.get("node-name")?.as_str()?);
        Some(Self { name, all })
    }

    /// The node's name.
    pub fn name(&self) -> &NodeName {
        &self.name
    }

    /// All of them.
    pub fn all(&self) -> &Map<String, Value> {
        &self.all
    }

    /// The driver: a format or a protocol.
    pub fn driver(&self) -> Option<&str> {
        self.text("driver")
    }

    /// The file, for a node that opens one.
    pub fn file(&self) -> Option<&str> {
        (self.driver() == Some("file")).then(|| self.text("filename"))?
    }

    /// The nodes that it stands on.
    pub fn below(&self) -> impl Iterator<Item = NodeName> {
        self.edges().filter_map(|edge| edge.as_str().map(NodeName::new))
    }

    /// Whether a node that it stands on is described within it, which has no name to be opened again by.
    pub fn nests(&self) -> bool {
        self.edges().any(Value::is_object)
    }

    /// Whether it takes a key.
    pub fn is_encrypted(&self) -> bool {
        self.all.contains_key("encrypt") || self.all.contains_key("key-secret")
    }

    /// The same file, to be opened beside it for a moment and for reading: whether the share has it now, and QEMU may.
    pub(super) fn trial(&self, number: usize) -> Self {
        let name = NodeName(format!("{TRIAL}{number}"));
        let mut all = self.all.clone();
        all.insert("node-name".to_owned(), Value::from(name.as_str()));
        all.insert("read-only".to_owned(), Value::from(true));
        Self { name, all }
    }

    /// Whether a node with this name is one that was opened for a moment, by somebody who died then.
    pub(super) fn is_trial(name: &NodeName) -> bool {
        name.as_str().starts_with(TRIAL)
    }

    /// Whether it is opened for reading alone.
    pub(super) fn only_reads(&self) -> bool {
        self.all.get("read-only").and_then(Value::as_bool) == Some(true)
    }

    fn edges(&self) -> impl Iterator<Item = &Value> {
        ["file", "backing", "data-file"].into_iter().filter_map(|edge| self.all.get(edge))
    }

    fn text(&self, option: &str) -> Option<&str> {
        self.all.get(option)?.as_str()
    }
}

/// A node that stands for another one while that is away, and fails every access. What is to be known later is in its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placeholder {
    /// The node that it stands for.
    pub stands_for: NodeName,
    /// Whether the guest is to run once all is done.
    pub then: Then,
}

/// What is to become of the guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// It ran, or would have if its disk had not failed.
    Runs,
    /// Somebody had paused it.
    StaysPaused,
}

/// A node's name has no more bytes than this (`BlockDriverState.node_name`, QEMU 7.2 to 10.0).
const LONGEST: usize = 31;

const TRIAL: &str = "vq-try-";

const RUNS: &str = "vq-run-";
const STAYS_PAUSED: &str = "vq-stay-";

impl Placeholder {
    /// The placeholder that has this name, if it is one's.
    pub fn of_name(name: &NodeName) -> Option<Self> {
        let read = |prefix, then| {
            let stands_for = name.as_str().strip_prefix(prefix)?;
            Some(Self { stands_for: NodeName::new(stands_for), then })
        };
        read(RUNS, Then::Runs).or_else(|| read(STAYS_PAUSED, Then::StaysPaused))
    }

    /// Its name; `None` if there is no room for that.
    pub fn name(&self) -> Option<NodeName> {
        let prefix = match self.then {
            Then::Runs => RUNS,
            Then::StaysPaused => STAYS_PAUSED,
        };
        let name = format!("{prefix}{}", self.stands_for.as_str());
        (name.len() <= LONGEST).then(|| NodeName::new(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholders_name_says_what_it_stands_for_and_what_is_to_come() {
        for then in [Then::Runs, Then::StaysPaused] {
            let stands_for = NodeName::new("libvirt-1234567-format");
            let placeholder = Placeholder { stands_for, then };
            let name = placeholder.name().expect("there is room");
            assert_eq!(Placeholder::of_name(&name), Some(placeholder));
        }
        assert_eq!(Placeholder::of_name(&NodeName::new("libvirt-1-format")), None);
        let long = NodeName::new("x".repeat(30));
        assert_eq!(Placeholder { stands_for: long, then: Then::Runs }.name(), None);
    }

    #[test]
    fn a_device_is_found_by_its_path_or_by_its_id() {
        let rows = [
            ("/machine/peripheral/virtio-disk0/virtio-backend", "virtio-disk0"),
            ("scsi0-0-0-0", "scsi0-0-0-0"),
            ("/machine/peripheral/sata0-0-1", "sata0-0-1"),
        ];
        for (qdev, alias) in rows {
            assert_eq!(DevicePath::of_qdev(qdev).alias(), Some(alias), "{qdev}");
        }
        assert_eq!(DevicePath::of_qdev("/machine/unattached/device[3]").alias(), None);
    }
}
