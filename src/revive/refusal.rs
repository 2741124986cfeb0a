//! Why a guest is not revived. A refusal is a decision, not a failure: nothing was done.

use super::node::NodeName;
use super::obstacle::Obstacle;
use crate::escape::Escaped;

/// A refusal: what is in the way, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is on its way, or at its end.
    #[error("QEMU says that it is '{}'; a guest that runs or is paused can be revived", Escaped(.state))]
    State {
        /// QEMU's word.
        state: String,
    },
    /// Something works on its disks.
    #[error("{} works on its disks in the background; end it first: virsh blockjob, virsh domjobabort", list(.jobs))]
    Jobs {
        /// By their ids.
        jobs: Vec<String>,
    },
    /// Its disks are served to others.
    #[error("its disks are served to others as {}; end that first (a backup: virsh domjobabort)", list(.exports))]
    Exports {
        /// By their ids.
        exports: Vec<String>,
    },
    /// A node that QEMU has was not given to it at its start, so how to open it again is not known.
    #[error(
        "{target}: how libvirt had {node} opened is not known, because that came after the guest's start (a disk that was plugged in, a snapshot, a copy); stop the guest and start it"
    )]
    NotGiven {
        /// The disk.
        target: String,
        /// The node.
        node: NodeName,
    },
    /// A node is not what it was when the guest was started.
    #[error(
        "{target}: {node} is not what it was at the guest's start (a block job has changed the disk); stop the guest and start it"
    )]
    Changed {
        /// The disk.
        target: String,
        /// The node.
        node: NodeName,
    },
    /// A node holds a file on the share, and no disk stands on it.
    #[error("{node} has {} open, and is no disk's (firmware, a copy that was left); stop the guest and start it", Escaped(.file))]
    OfNoDisk {
        /// The node.
        node: NodeName,
        /// The file.
        file: String,
    },
    /// A node has others within it.
    #[error(
        "{target}: {node} has a node within it that has no name of libvirt's; stop the guest and start it"
    )]
    Nested {
        /// The disk.
        target: String,
        /// The node.
        node: NodeName,
    },
    /// A node keeps account of what was written, for a backup.
    #[error(
        "{target}: {node} has a bitmap of what was written since a checkpoint, which would be lost; stop the guest and start it"
    )]
    Bitmaps {
        /// The disk.
        target: String,
        /// The node.
        node: NodeName,
    },
    /// Something that the domain's XML shows.
    #[error("{0}; stop the guest and start it")]
    Obstacle(#[from] Obstacle),
    /// A disk of QEMU's that libvirt does not have.
    #[error("{} is no disk that libvirt knows of", Escaped(.device))]
    Unknown {
        /// Its device.
        device: String,
    },
    /// There is no room for a placeholder's name.
    #[error("{target}: the name of {node} is too long")]
    LongName {
        /// The disk.
        target: String,
        /// The node.
        node: NodeName,
    },
}

fn list(ids: &[String]) -> String {
    ids.iter().map(|id| format!("'{}'", Escaped(id))).collect::<Vec<_>>().join(", ")
}
