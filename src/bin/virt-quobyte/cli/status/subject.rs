//! Which shares there are to look at: the configured ones, and those that only have a record.

use anyhow::Result;
use virt_quobyte::config::Settings;
use virt_quobyte::domain::DomainUuid;
use virt_quobyte::host::process;
use virt_quobyte::lease::{ShareRecord, StateDir, StateError};
use virt_quobyte::share::{MountPoint, Share, ShareKey, ShareMode};

use super::judge::RecordSeen;

/// The state directory, as far as this user may look.
pub(super) enum State {
    Open(StateDir),
    None,
    NeedsRoot,
}

/// One share to look at.
pub(super) enum Subject {
    Known(Box<Look>),
    /// A record that says of no configured share anything that can be read.
    Unreadable {
        key: ShareKey,
        error: StateError,
    },
}

/// What is known of a share before it is looked at.
pub(super) struct Look {
    /// The share, where our mount of it is if there is one, else where the configuration has it.
    pub(super) share: Share,
    pub(super) mode: Option<ShareMode>,
    /// Where the configuration has it, if that is elsewhere.
    pub(super) moved_to: Option<MountPoint>,
    /// What counts: of an earlier boot, of a record that cannot be read, or where there is none, nothing.
    pub(super) record: ShareRecord,
    pub(super) seen: RecordSeen,
    /// Why the record cannot be read.
    pub(super) error: Option<StateError>,
    /// The domains that have left word that they hold it no more.
    pub(super) let_go: Vec<DomainUuid>,
}

impl State {
    pub(super) fn open(settings: &Settings) -> Result<Self> {
        if !nix::unistd::geteuid().is_root() {
            return Ok(Self::NeedsRoot);
        }
        Ok(StateDir::open(&settings.state_dir)?.map_or(Self::None, Self::Open))
    }
}

impl Subject {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Known(look) => look.share.name.as_str(),
            Self::Unreadable { key, .. } => key.as_str(),
        }
    }
}

/// The configured shares in their order, then those that only have a record.
pub(super) fn all(settings: &Settings, state: &State) -> Result<Vec<Subject>> {
    let boot_id = process::boot_id()?;
    let mut subjects = Vec::new();
    for share in &settings.shares {
        let look = match state {
            State::Open(state) => match state.peek(&share.key) {
                Ok(record) => Look::of(share, record, state.let_go(&share.key)?, &boot_id),
                Err(error) => Look { error: Some(error), ..Look::blind(share, &boot_id) },
            },
            State::None => Look::of(share, None, Vec::new(), &boot_id),
            State::NeedsRoot => Look::blind(share, &boot_id),
        };
        subjects.push(Subject::Known(Box::new(look)));
    }
    let State::Open(state) = state else { return Ok(subjects) };
    for key in state.recorded()? {
        if settings.shares.iter().any(|share| share.key == key) {
            continue;
        }
        match state.peek(&key) {
            Ok(Some(record)) => {
                let share = record.share();
                let mode = settings.policy.allows(&share.export).then_some(ShareMode::Managed);
                let look = Look::of(&share, Some(record), state.let_go(&key)?, &boot_id);
                subjects.push(Subject::Known(Box::new(Look { mode, ..look })));
            }
            // Gone since it was listed.
            Ok(None) => {}
            Err(error) => subjects.push(Subject::Unreadable { key, error }),
        }
    }
    Ok(subjects)
}

impl Look {
    /// Of a share about which nothing may be known.
    fn blind(share: &Share, boot_id: &str) -> Self {
        Self { seen: RecordSeen::Hidden, ..Self::of(share, None, Vec::new(), boot_id) }
    }

    fn of(
        share: &Share,
        record: Option<ShareRecord>,
        let_go: Vec<DomainUuid>,
        boot_id: &str,
    ) -> Self {
        let is_stale = record.as_ref().is_some_and(|record| record.boot_id != boot_id);
        let record = record.filter(|_| !is_stale);
        let record = record.unwrap_or_else(|| ShareRecord::new(share, boot_id));
        let mut looked_at = share.clone();
        let is_moved = record.mount.is_some() && record.mount_point != share.mount_point;
        if is_moved {
            looked_at.mount_point.clone_from(&record.mount_point);
        }
        Self {
            mode: Some(share.mode),
            moved_to: is_moved.then(|| share.mount_point.clone()),
            share: looked_at,
            record,
            seen: if is_stale { RecordSeen::Stale } else { RecordSeen::Known },
            error: None,
            let_go,
        }
    }
}
