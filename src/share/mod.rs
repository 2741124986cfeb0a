//! What the administrator configures: exports, their keys, names and mount points, as types that cannot hold a bad value.
//!
//! Pure: nothing here knows of files, mounts or libvirt. Whoever holds a [`Share`] need not ask again whether its mount
//! point is normalised or whether its export could be taken for an option.
#![deny(clippy::disallowed_methods)]

mod client_option;
mod export;
mod key;
mod mount_point;
mod name;
mod policy;

pub use client_option::{ClientOptions, ClientOptionsError};
pub use export::{Export, ExportError};
pub use key::ShareKey;
pub use mount_point::{AbsolutePath, MountPoint, MountPointError};
pub use name::{ShareName, ShareNameError};
pub use policy::{ExportPattern, ExportPatternError, ExportPolicy};

/// One configured export with its mount point and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// What people call it, in messages, in metadata and in the client's unit name.
    pub name: ShareName,
    /// What the client is asked to mount.
    pub export: Export,
    /// The share's identity: what its lock and its record are filed under.
    pub key: ShareKey,
    /// Who mounts it.
    pub mode: ShareMode,
    /// Where it is mounted.
    pub mount_point: MountPoint,
    /// More options for the client, checked against the allow-list.
    pub options: ClientOptions,
}

impl Share {
    /// The share of an export that domain metadata asked for and the policy allows.
    ///
    /// It is managed, sits below the mount base under its key, and has no options: none of that is the domain's to say.
    #[must_use]
    pub fn of_policy_export(export: Export, mount_base: &MountPoint) -> Self {
        let key = export.key();
        Self {
            name: ShareName::from(&key),
            mount_point: mount_base.join_key(&key),
            export,
            key,
            mode: ShareMode::Managed,
            options: ClientOptions::default(),
        }
    }

    /// A share as its record describes it: enough to look at it and to unmount it.
    #[must_use]
    pub fn of_record(name: ShareName, export: Export, mount_point: MountPoint) -> Self {
        let (key, mode, options) = (export.key(), ShareMode::Managed, ClientOptions::default());
        Self { name, export, key, mode, mount_point, options }
    }
}

/// Who mounts and unmounts a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShareMode {
    /// We do.
    Managed,
    /// Somebody else does (`quobyte-client.service`, fstab, Nova): we check it, and hold leases.
    Verified,
}

impl ShareMode {
    /// The word that the configuration uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Managed => "managed",
            Self::Verified => "verified",
        }
    }
}

impl std::fmt::Display for ShareMode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
