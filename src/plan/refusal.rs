//! Why a share is not given to somebody. A refusal is a decision, not a failure.

use crate::health::{Foreign, Health};
use crate::share::{MountPoint, ShareMode, ShareName};

/// A refusal: what is wrong, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The mount point's state does not allow it.
    #[error("share {share} ({mode}): its mount point {mount_point} {health}; {}", remedy(*mode, health, mount_point))]
    Health {
        /// The share.
        share: ShareName,
        /// Who mounts it.
        mode: ShareMode,
        /// Where.
        mount_point: MountPoint,
        /// In what state.
        health: Health,
    },
    /// It is not in the state in which force would help.
    #[error(
        "share {share}: its mount point {mount_point} is not {wanted}, so nothing is forced: it {health}"
    )]
    NotSo {
        /// The share.
        share: ShareName,
        /// Where.
        mount_point: MountPoint,
        /// What it should be.
        wanted: &'static str,
        /// What it is.
        health: Health,
    },
    /// Somebody else's mount is not ours to force.
    #[error(
        "share {share}: what is mounted on {mount_point} was not mounted by us, so nothing is forced; whoever mounted it can take it down with umount -l"
    )]
    NotOurs {
        /// The share.
        share: ShareName,
        /// Where.
        mount_point: MountPoint,
    },
    /// Somebody else's mount is not ours to replace.
    #[error(
        "share {share}: what is mounted on {mount_point} was not mounted by us, or lies on top of another mount: whoever mounted it can renew it"
    )]
    NotRenewed {
        /// The share.
        share: ShareName,
        /// Where.
        mount_point: MountPoint,
    },
    /// There is no client that could be asked to write out what it holds.
    #[error(
        "share {share}: its mount point {mount_point} {health}, and only a client that answers can be renewed; {}",
        instead(share, health)
    )]
    NothingToRenew {
        /// The share.
        share: ShareName,
        /// Where.
        mount_point: MountPoint,
        /// In what state.
        health: Health,
    },
    /// The configuration has moved the share while our mount of it is elsewhere.
    #[error(
        "share {share}: it is mounted on {from}, but the configuration now says {to}; stop its guests, or put the mount point back"
    )]
    Moved {
        /// The share.
        share: ShareName,
        /// Where it is.
        from: MountPoint,
        /// Where it should be.
        to: MountPoint,
    },
    /// To look at the mount point's directory could block.
    #[error(
        "share {share}: its mount point {mount_point} lies on a file system of type {fstype}; choose one on a local file system"
    )]
    RemoteParent {
        /// The share.
        share: ShareName,
        /// Where.
        mount_point: MountPoint,
        /// On what.
        fstype: String,
    },
}

fn instead(share: &ShareName, health: &Health) -> String {
    match health {
        Health::Dead => {
            format!("give its guests their disks back: virt-quobyte recover --revive {share}")
        }
        Health::Hung { .. } | Health::Failing { .. } => {
            format!(
                "see to the client and its registries, or give it up: virt-quobyte recover --abort {share}"
            )
        }
        Health::Absent => "whoever needs it next gets a new client".to_owned(),
        Health::Foreign(_) | Health::Healthy => "see who mounted that".to_owned(),
    }
}

fn remedy(mode: ShareMode, health: &Health, mount_point: &MountPoint) -> String {
    match (mode, health) {
        (ShareMode::Verified, Health::Absent) => {
            "a verified share is mounted by somebody else: mount it, or make it managed".into()
        }
        (ShareMode::Verified, Health::Dead) => "whoever mounts it must mount it again".into(),
        (_, Health::Dead) => format!(
            "it was not mounted by us, or lies on top of another mount: unmount {mount_point} until nothing is left there"
        ),
        (_, Health::Hung { .. } | Health::Failing { .. }) => {
            "see to the client and its registries".into()
        }
        (_, Health::Foreign(Foreign::NotForOthers)) => "mount it with allow_other".into(),
        (_, Health::Foreign(_)) => "unmount that, or give the share another mount point".into(),
        (_, Health::Healthy | Health::Absent) => "try again".into(),
    }
}
