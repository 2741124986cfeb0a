//! `recover --revive`: said first, asked for, and then done, guest by guest.
//!
//! ```text
//! wanted   whose guests are meant        round   one share and its guests, from look to revival
//! glance   how a share is that is held   look    what is known of a guest
//!                                        walk    its steps, one after the other
//! ```

mod glance;
pub(in crate::cli) mod look;
mod round;
mod walk;
mod wanted;

pub(in crate::cli) use glance::glance;
pub(in crate::cli) use round::Way;
pub(super) use wanted::Wanted;

/// Whether a guest may go on that may have lost what it had not flushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Loss {
    Refused,
    Accepted,
}

/// What a revival would do, or did.
#[derive(Debug)]
pub(crate) struct ReviveReport {
    pub(crate) share: String,
    pub(crate) mount_point: String,
    pub(crate) applied: bool,
    /// What is to be done about the mount, or was done, in words.
    pub(crate) mount: Vec<String>,
    /// Who has files open on the dead mount.
    pub(crate) users: Vec<String>,
    pub(crate) guests: Vec<ReviveGuest>,
}

/// The same for all shares that were found to need it.
#[derive(Debug)]
pub(crate) struct ReviveShares {
    /// The one guest that was asked for.
    pub(crate) domain: Option<String>,
    pub(crate) shares: Vec<ReviveReport>,
    /// Why shares are left alone that are not well.
    pub(crate) left: Vec<String>,
}

/// One guest of the share.
#[derive(Debug)]
pub(crate) struct ReviveGuest {
    pub(crate) domain: String,
    pub(crate) disks: Vec<ReviveDisk>,
    /// In words, in their order.
    pub(crate) steps: Vec<String>,
    pub(crate) end: ReviveEnd,
}

#[derive(Debug)]
pub(crate) struct ReviveDisk {
    pub(crate) target: String,
    /// What may become of what was not flushed, in words.
    pub(crate) unflushed: String,
    pub(crate) may_lose: bool,
}

/// What is to become of a guest, or has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReviveEnd {
    /// It is well as it is.
    NotNeeded,
    /// It can be revived.
    Possible,
    /// It was.
    Revived,
    /// It is not to be revived, and why.
    Refused(String),
    /// It could not be, and what that leaves.
    Failed(String),
}

impl ReviveReport {
    pub(in crate::cli) fn has_possible(&self) -> bool {
        self.guests.iter().any(|guest| guest.end == ReviveEnd::Possible)
    }

    fn is_well(&self) -> bool {
        let is_well =
            |guest: &ReviveGuest| matches!(guest.end, ReviveEnd::NotNeeded | ReviveEnd::Revived);
        self.guests.iter().all(is_well)
    }
}
