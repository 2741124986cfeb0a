//! Why a guest is not revived. A refusal is a decision, not a failure: nothing was done.

use super::node::NodeName;
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
    /// An encrypted image.
    #[error(
        "{target}: {node} is encrypted, and its key is not at hand; stop the guest and start it"
    )]
    Encrypted {
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
    /// I/O in a thread of its own.
    #[error(
        "{target}: its controller has a thread of its own for I/O (iothread), which QEMU would have to be told to move its nodes to; stop the guest and start it"
    )]
    Iothread {
        /// The disk.
        target: String,
    },
    /// A device of a kind that was not tried.
    #[error("{target}: a disk on the bus {} was never seen to go on; stop the guest and start it", Escaped(.bus))]
    Bus {
        /// The disk.
        target: String,
        /// What it hangs on.
        bus: String,
    },
    /// The guest has been told of the errors.
    #[error(
        "{target}: the guest was told of its I/O errors, because its error_policy and rerror_policy do not both say 'stop', and has given it up by now; restart it"
    )]
    ErrorsReachedGuest {
        /// The disk.
        target: String,
    },
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
