//! What of a domain is in the way of a revival. Its XML shows it, whether or not a client has died yet.

use crate::escape::Escaped;

/// What is in the way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// A device of a kind that was not tried.
    #[error("{}: a disk on the bus {} was never seen to go on", Escaped(.target), Escaped(.bus))]
    Bus {
        /// The disk.
        target: String,
        /// What it hangs on.
        bus: String,
    },
    /// The guest hears of the errors.
    #[error(
        "{}: its error_policy and rerror_policy do not both say 'stop', so the guest is told of I/O errors and gives it up",
        Escaped(.target)
    )]
    ErrorsReachGuest {
        /// The disk.
        target: String,
    },
    /// I/O in a thread of its own.
    #[error(
        "{}: its controller has a thread of its own for I/O (iothread), which QEMU would have to be told to move its nodes to",
        Escaped(.target)
    )]
    Iothread {
        /// The disk.
        target: String,
    },
    /// An encrypted image.
    #[error("{}: its image is encrypted, and the key is not at hand", Escaped(.target))]
    Encrypted {
        /// The disk.
        target: String,
    },
    /// What it writes goes into an overlay that lasts as long as the guest.
    #[error(
        "{}: it is transient, so that libvirt has an overlay opened after the guest's start, and how is not known",
        Escaped(.target)
    )]
    Transient {
        /// The disk.
        target: String,
    },
    /// A copy or a commit that has not ended.
    #[error("{}: a block job works on it (virsh blockjob)", Escaped(.target))]
    BlockJob {
        /// The disk.
        target: String,
    },
    /// A file that is open, and no disk's.
    #[error("its firmware has {} open, which is the file of no disk", Escaped(.file))]
    Firmware {
        /// The file.
        file: String,
    },
}
