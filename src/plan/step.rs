//! A plan and its steps.

use std::fmt;
use std::time::Duration;

use crate::lease::{Holder, Lease};
use crate::mounts::MountId;
use crate::share::MountPoint;

/// What to do about one share, in this order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct Plan {
    /// The steps. The first one that fails ends the plan.
    pub steps: Vec<Step>,
    /// Why the share stays mounted although somebody let go of it, where that is so.
    pub kept: Option<KeptMounted>,
}

/// One thing to do. Doing it again, after a crash, does no harm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Write that somebody holds the share.
    WriteLease(Lease),
    /// Write that somebody no longer does.
    DropLease(Holder),
    /// See to it that nobody can write to the bare mount point.
    GuardMountPoint,
    /// Note the attempt, start the client, wait until its mount is there and healthy, and note which it is.
    Mount,
    /// Note a mount as made by the attempt that was noted before it.
    AdoptMount(MountId),
    /// Take this mount down, and no other.
    Unmount(MountId),
    /// Forget a mount that is gone.
    ForgetMount,
    /// Forget all that an earlier boot recorded: its mounts went with it.
    ForgetRecord,
    /// Give up the connection to this mount's client. By force: only [`force()`](super::force()) asks for it.
    Abort(MountId),
    /// Take this mount out of the tree while it is in use: [`force()`](super::force()) asks for it if it is dead, and
    /// [`renew()`](super::renew()) for another client's sake.
    Detach(MountId),
    /// Note that nobody holds the share from now on, and see to it that somebody looks again so much later.
    Linger {
        /// Now, in seconds since 1970.
        since: u64,
        /// How long to keep the mount for nobody.
        length: Duration,
    },
}

/// Why a share stays mounted when one of its holders lets go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeptMounted {
    /// Others hold it.
    Held {
        /// Who, as far as a message names them: a share may have a thousand, and each end of a guest is logged.
        by: Vec<Lease>,
        /// How many more.
        more: usize,
    },
    /// We did not make the mount.
    NotOurs,
    /// It is kept for a while, in case it is wanted again.
    Lingers {
        /// For how long from its last holder's end.
        length: Duration,
    },
    /// Something else covers our mount.
    Covered {
        /// Where.
        mount_point: MountPoint,
    },
}

impl Step {
    /// One word for logs.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::WriteLease(_) => "write-lease",
            Self::DropLease(_) => "drop-lease",
            Self::GuardMountPoint => "guard-mount-point",
            Self::Mount => "mount",
            Self::AdoptMount(_) => "adopt-mount",
            Self::Unmount(_) => "unmount",
            Self::ForgetMount => "forget-mount",
            Self::ForgetRecord => "forget-record",
            Self::Abort(_) => "abort",
            Self::Detach(_) => "detach",
            Self::Linger { .. } => "linger",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WriteLease(lease) => write!(f, "write the lease of {lease}"),
            Self::DropLease(holder) => write!(f, "drop the lease of {holder}"),
            Self::GuardMountPoint => f.write_str("guard the mount point"),
            Self::Mount => f.write_str("mount"),
            Self::AdoptMount(_) => f.write_str("adopt the mount of an attempt that was cut off"),
            Self::Unmount(_) => f.write_str("unmount"),
            Self::ForgetMount => f.write_str("forget a mount that is gone"),
            Self::ForgetRecord => f.write_str("forget the record of an earlier boot"),
            Self::Abort(_) => f.write_str("abort the connection to the client"),
            Self::Detach(_) => f.write_str("detach the mount"),
            Self::Linger { length, .. } => write!(f, "keep the mount for {length:?} more"),
        }
    }
}

/// As many holders as a message names.
const NAMED: usize = 10;

impl KeptMounted {
    /// That these hold it.
    pub fn held<'l>(by: impl ExactSizeIterator<Item = &'l Lease>) -> Self {
        let more = by.len().saturating_sub(NAMED);
        Self::Held { by: by.take(NAMED).cloned().collect(), more }
    }
}

impl fmt::Display for KeptMounted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held { by, more } => {
                let named: Vec<String> = by.iter().map(ToString::to_string).collect();
                write!(f, "still held by {}", named.join(", "))?;
                match more {
                    0 => Ok(()),
                    more => write!(f, " and {more} more"),
                }
            }
            Self::Lingers { length } => write!(f, "kept for {length:?} after its last holder"),
            Self::NotOurs => f.write_str("not mounted by us"),
            Self::Covered { mount_point } => {
                write!(f, "covered by another mount at {mount_point}")
            }
        }
    }
}
