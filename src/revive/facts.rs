//! What QEMU says of itself, as far as a revival depends on it.

use serde::Deserialize;

use super::monitor::{self, NoReply, QUESTIONS};
use super::node::{DevicePath, NodeName};

/// What QEMU says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Whether its guest runs.
    pub state: RunState,
    /// The disks' devices that have a medium.
    pub devices: Vec<Device>,
    /// All nodes, also those that belong to no device.
    pub nodes: Vec<Node>,
    /// What works on them in the background: mirrors, backups, commits, streams.
    pub jobs: Vec<String>,
    /// The nodes that are served to others.
    pub exports: Vec<String>,
}

/// Whether a guest runs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum RunState {
    /// It does.
    Running,
    /// Somebody has paused it.
    Paused,
    /// A disk of it has failed, which stopped it.
    IoError,
    /// It moves, is being started, or has come to its end.
    Other(String),
}

/// A device and what it has as its drive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Where it is.
    pub path: DevicePath,
    /// The node that it is on.
    pub root: NodeName,
    /// How what it writes gets to the disk.
    pub cache: Cache,
}

/// How writes get to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Cache {
    /// A write is done before it has been flushed.
    pub writeback: bool,
    /// It goes past the host's page cache.
    pub direct: bool,
    /// What the guest wants flushed is not.
    pub no_flush: bool,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Node {
    /// Its name.
    #[serde(rename = "node-name")]
    pub name: NodeName,
    /// Its driver.
    #[serde(rename = "drv")]
    pub driver: String,
    /// The file that it comes down to.
    pub file: String,
    /// Whether it is only read.
    #[serde(rename = "ro")]
    pub is_read_only: bool,
    /// How it was opened.
    pub cache: Cache,
    /// What it says of its content.
    image: Image,
    #[serde(default)]
    dirty_bitmaps: Vec<serde_json::Value>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Image {
    virtual_size: u64,
}

/// QEMU said something that is not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct Unreadable(#[from] NoReply);

impl Facts {
    /// From the answers to [`QUESTIONS`], in their order.
    pub fn read(answers: &[String; QUESTIONS.len()]) -> Result<Self, Unreadable> {
        #[derive(Deserialize)]
        struct Named {
            id: String,
        }
        let [status, block, nodes, jobs, exports] = answers;
        let ids = |named: Vec<Named>| named.into_iter().map(|named| named.id).collect();
        Ok(Self {
            state: state_of(status)?,
            devices: devices_of(block)?,
            nodes: nodes_of(nodes)?,
            jobs: ids(monitor::reply(QUESTIONS[3], jobs)?),
            exports: ids(monitor::reply(QUESTIONS[4], exports)?),
        })
    }

    /// The node of a name.
    pub fn node(&self, name: &NodeName) -> Option<&Node> {
        self.nodes.iter().find(|node| node.name == *name)
    }
}

/// What [`monitor::STATUS`] was answered.
pub fn state_of(answer: &str) -> Result<RunState, Unreadable> {
    #[derive(Deserialize)]
    struct Status {
        status: RunState,
    }
    Ok(monitor::reply::<Status>(monitor::STATUS, answer)?.status)
}

/// What `query-block` answered.
pub(super) fn devices_of(answer: &str) -> Result<Vec<Device>, Unreadable> {
    let devices: Vec<Backend> = monitor::reply(QUESTIONS[1], answer)?;
    Ok(devices.into_iter().filter_map(Backend::device).collect())
}

/// What `query-named-block-nodes` answered.
pub(super) fn nodes_of(answer: &str) -> Result<Vec<Node>, Unreadable> {
    Ok(monitor::reply(QUESTIONS[2], answer)?)
}

impl Node {
    /// How large a disk it is, in bytes.
    pub fn size(&self) -> u64 {
        self.image.virtual_size
    }

    /// Whether it keeps account of what was written.
    pub fn has_bitmaps(&self) -> bool {
        !self.dirty_bitmaps.is_empty()
    }
}

/// An entry of `query-block`.
#[derive(Deserialize)]
struct Backend {
    qdev: Option<String>,
    inserted: Option<Inserted>,
}

#[derive(Deserialize)]
struct Inserted {
    #[serde(rename = "node-name")]
    node_name: Option<NodeName>,
    cache: Cache,
}

impl Backend {
    /// `None` for a drive without a medium, and for what is no device's.
    fn device(self) -> Option<Device> {
        let Inserted { node_name, cache } = self.inserted?;
        Some(Device { path: DevicePath::of_qdev(&self.qdev?), root: node_name?, cache })
    }
}

impl From<String> for RunState {
    fn from(status: String) -> Self {
        match status.as_str() {
            "running" => Self::Running,
            "paused" => Self::Paused,
            "io-error" => Self::IoError,
            _ => Self::Other(status),
        }
    }
}
