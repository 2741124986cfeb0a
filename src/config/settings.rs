//! The configuration as the rest of the program has it: whole, checked, and without a question left open.

use std::time::Duration;

use crate::share::{AbsolutePath, Export, ExportPolicy, MountPoint, Share};

pub(super) const MOUNT_BASE: &str = "/var/lib/virt-quobyte/mnt";
pub(super) const STATE_DIR: &str = "/run/virt-quobyte";

/// Everything that can be configured. The default is what holds where there is no file at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where shares are mounted that name no mount point of their own, each under its key.
    pub mount_base: MountPoint,
    /// Where locks and records are kept. It must not outlive the mounts it tells of.
    pub state_dir: AbsolutePath,
    /// How long a share stays mounted after its last holder let go: some of libvirt's commands look for a guest's image right
    /// after the guest has ended, without a word to any hook.
    pub linger: Duration,
    /// How the client is run.
    pub client: Client,
    /// How long each step may take.
    pub deadlines: Deadlines,
    /// What domain metadata may ask for beyond the shares.
    pub policy: ExportPolicy,
    /// The shares, in the order of the files. Their names, exports and mount points are distinct, and no mount point lies
    /// inside another.
    pub shares: Vec<Share>,
}

/// How the client is run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Client {
    /// The program; `None` looks for it in the fixed list of directories.
    pub program: Option<AbsolutePath>,
    /// The client's own configuration; `None` leaves that to the client.
    pub config: Option<AbsolutePath>,
    /// What keeps the client alive when the daemon that started the guest ends.
    pub isolation: Isolation,
}

/// What keeps the client out of the control group of whoever called us, in which it would be killed with its service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Isolation {
    /// A transient systemd unit where systemd runs the host, nothing elsewhere.
    #[default]
    Auto,
    /// A transient systemd unit, or no mount.
    Systemd,
    /// Nothing: the client stays where it was started.
    None,
}

/// How long each step may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// One run of the client, until its mount is there.
    pub mount: Duration,
    /// One question to a mount whether it answers.
    pub probe: Duration,
    /// One unmount.
    pub unmount: Duration,
    /// A hook call as a whole.
    pub hook: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        let path = |text: &str| text.parse().expect("a constant in normal form");
        Self {
            mount_base: path(MOUNT_BASE),
            state_dir: path(STATE_DIR),
            linger: Duration::ZERO,
            client: Client::default(),
            deadlines: Deadlines::default(),
            policy: ExportPolicy::default(),
            shares: Vec::new(),
        }
    }
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            mount: Duration::from_secs(60),
            probe: Duration::from_secs(5),
            unmount: Duration::from_secs(10),
            hook: Duration::from_secs(90),
        }
    }
}

impl Settings {
    /// The share of this name.
    pub fn share_named(&self, name: &str) -> Option<&Share> {
        self.shares.iter().find(|share| share.name.as_str() == name)
    }

    /// The share of this export.
    pub fn share_of_export(&self, export: &Export) -> Option<&Share> {
        self.shares.iter().find(|share| share.export == *export)
    }

    /// The share at or below whose mount point this absolute path in normal form lies: there is at most one.
    pub fn share_holding(&self, path: &str) -> Option<&Share> {
        self.shares.iter().find(|share| share.mount_point.holds(path))
    }
}

impl Isolation {
    /// All of them, in the order in which they are told.
    pub(super) const ALL: [Self; 3] = [Self::Auto, Self::Systemd, Self::None];

    /// The word that the configuration uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Systemd => "systemd",
            Self::None => "none",
        }
    }
}
