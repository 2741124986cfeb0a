//! What is out of line with a share.

use virt_quobyte::lease::StateError;

/// What brings a share to the truth that nobody needs a decision for.
pub(super) const RECOVER: &str = "virt-quobyte recover --apply";

/// One thing that is out of line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) kind: Kind,
    /// What was seen: one line, fit to be printed.
    pub(crate) seen: String,
    /// What to type, or where that depends, what to do; `None` where time does it.
    pub(crate) remedy: Option<String>,
}

/// Whether a finding counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Severity {
    /// Guests do not start on the share, or do not run on it.
    Fault,
    /// They do, and somebody should know this all the same.
    Note,
}

/// What is out of line. The same words every time: programs look for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Its mount cannot be looked at.
    Unseen,
    /// Its record cannot be read.
    UnreadableRecord,
    /// The client is gone.
    Dead,
    /// The client does not answer.
    Hung,
    /// The client answers with an error.
    Failing,
    /// Something else is mounted there.
    Foreign,
    /// It is held, and nothing is mounted.
    HeldNotMounted,
    /// Somebody else should have mounted it, and has not.
    NotMounted,
    /// Its mount point is nothing to mount on.
    RemoteParent,
    /// It is mounted elsewhere than the configuration says.
    Moved,
    /// It was about to be mounted, so long ago that it was cut off.
    AttemptCutOff,
    /// It is about to be mounted.
    Mounting,
    /// It has left the configuration.
    NotConfigured,
    /// It is mounted by us, and nobody holds it.
    NobodyHolds,
    /// Our mount of it is gone.
    MountGone,
    /// It is managed, and somebody else has mounted it.
    NotOurs,
    /// Something is mounted over our mount of it.
    Covered,
    /// A guest runs whose daemon is gone.
    DaemonGone,
    /// A lease is left of a guest that is gone.
    LeaseVoid,
    /// Its record is of an earlier boot.
    EarlierBoot,
    /// Its client runs a program that was replaced.
    ClientReplaced,
    /// Its mount has the type of other FUSE file systems.
    PlainFuse,
}

impl Finding {
    /// One that nobody can do anything about here.
    pub(super) const fn alone(kind: Kind, seen: String) -> Self {
        Self { kind, seen, remedy: None }
    }

    /// A record that cannot be read. What is damaged is put aside by the next hook call, or by recover.
    pub(super) fn unreadable(error: &StateError) -> Self {
        let remedy = match error {
            StateError::Record { source, .. } if source.is_damage() => RECOVER,
            StateError::Record { .. } => "install the release that wrote it again",
            _ => "see to the state directory",
        };
        let (seen, remedy) = (error.to_string(), Some(remedy.to_owned()));
        Self { kind: Kind::UnreadableRecord, seen, remedy }
    }

    pub(crate) const fn severity(&self) -> Severity {
        self.kind.severity()
    }
}

impl Severity {
    /// As programs get it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Fault => "fault",
            Self::Note => "note",
        }
    }
}

impl Kind {
    /// All of them.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 22] = [
        Self::Unseen,
        Self::UnreadableRecord,
        Self::Dead,
        Self::Hung,
        Self::Failing,
        Self::Foreign,
        Self::HeldNotMounted,
        Self::NotMounted,
        Self::RemoteParent,
        Self::Moved,
        Self::AttemptCutOff,
        Self::Mounting,
        Self::NotConfigured,
        Self::NobodyHolds,
        Self::MountGone,
        Self::NotOurs,
        Self::Covered,
        Self::DaemonGone,
        Self::LeaseVoid,
        Self::EarlierBoot,
        Self::ClientReplaced,
        Self::PlainFuse,
    ];

    /// As programs get it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Unseen => "unseen",
            Self::UnreadableRecord => "unreadable-record",
            Self::Dead => "dead",
            Self::Hung => "hung",
            Self::Failing => "failing",
            Self::Foreign => "foreign",
            Self::HeldNotMounted => "held-not-mounted",
            Self::NotMounted => "not-mounted",
            Self::RemoteParent => "remote-parent",
            Self::Moved => "moved",
            Self::AttemptCutOff => "attempt-cut-off",
            Self::Mounting => "mounting",
            Self::NotConfigured => "not-configured",
            Self::NobodyHolds => "nobody-holds",
            Self::MountGone => "mount-gone",
            Self::NotOurs => "not-ours",
            Self::Covered => "covered",
            Self::DaemonGone => "daemon-gone",
            Self::LeaseVoid => "lease-void",
            Self::EarlierBoot => "earlier-boot",
            Self::ClientReplaced => "client-replaced",
            Self::PlainFuse => "plain-fuse",
        }
    }

    const fn severity(self) -> Severity {
        match self {
            Self::Unseen
            | Self::UnreadableRecord
            | Self::Dead
            | Self::Hung
            | Self::Failing
            | Self::Foreign
            | Self::HeldNotMounted
            | Self::NotMounted
            | Self::RemoteParent
            | Self::Moved => Severity::Fault,
            Self::AttemptCutOff
            | Self::Mounting
            | Self::NotConfigured
            | Self::NobodyHolds
            | Self::MountGone
            | Self::NotOurs
            | Self::Covered
            | Self::DaemonGone
            | Self::LeaseVoid
            | Self::EarlierBoot
            | Self::ClientReplaced
            | Self::PlainFuse => Severity::Note,
        }
    }
}
