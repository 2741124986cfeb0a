//! What a plan is made from.

use crate::health::Health;
use crate::lease::{Holder, Lease, MountRecord, ShareRecord};
use crate::mounts::MountId;
use crate::share::Share;

/// What was seen of a share, at one instant and under its lock.
#[derive(Debug, Clone)]
pub struct Observed<'a> {
    /// The share.
    pub share: &'a Share,
    /// Its record. One of an earlier boot counts as none.
    pub record: &'a ShareRecord,
    /// The mounts exactly at the mount point, the lowest first.
    pub stack: Vec<MountId>,
    /// The state of the topmost one. A release does not need to know, and does not ask.
    pub health: Health,
    /// What each lease of the record is worth, in the record's order.
    pub standing: Vec<Standing>,
    /// The file system that the mount point's directory lies on, if a look there could block.
    pub remote_parent: Option<String>,
}

/// What a lease is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Its daemon lives, so it will be released when its time has come; or nobody but its holder can say.
    Good,
    /// Its daemon is gone, but the guest runs: the daemon's successor will ask for it again.
    Orphaned,
    /// Its daemon is gone, and so is the guest: nobody will ever release it.
    Void,
}

impl Observed<'_> {
    /// The mount that we made, as far as the mount table can tell: which one, and where in the stack it is.
    pub fn our_mount(&self) -> OurMount {
        match (&self.record.mount, self.stack.last()) {
            (None, _) => OurMount::None,
            (Some(_), None) => OurMount::Gone,
            (Some(MountRecord::Made { id, .. }), Some(top)) if same(id, top) => {
                OurMount::OnTop(*id)
            }
            (Some(MountRecord::Made { id, .. }), Some(_)) => {
                if self.stack.iter().any(|other| same(id, other)) {
                    OurMount::Covered
                } else {
                    OurMount::Gone
                }
            }
            (Some(MountRecord::Attempted { .. }), Some(top)) => match self.stack.len() {
                1 if self.is_foreign() => OurMount::Gone,
                // The attempt was noted when nothing was mounted there, so the one mount of this very volume that is there
                // now is what it made.
                1 => OurMount::ByAttempt(*top),
                _ => OurMount::Covered,
            },
        }
    }

    fn is_foreign(&self) -> bool {
        matches!(self.health, Health::Foreign(_))
    }

    /// The leases that count, without those of a holder.
    pub(super) fn leases_but(&self, but: &Holder) -> Vec<&Lease> {
        self.good_leases().into_iter().filter(|lease| lease.holder != *but).collect()
    }

    /// The leases that count.
    pub(super) fn good_leases(&self) -> Vec<&Lease> {
        let all = self.record.leases.iter().zip(&self.standing);
        all.filter(|(_, standing)| **standing != Standing::Void).map(|(lease, _)| lease).collect()
    }

    /// The leases that do not count any more.
    pub(super) fn void_leases(&self) -> impl Iterator<Item = &Lease> {
        let all = self.record.leases.iter().zip(&self.standing);
        all.filter(|(_, standing)| **standing == Standing::Void).map(|(lease, _)| lease)
    }
}

/// Whether an attempt to mount was noted of which nothing is to be seen.
///
/// Its client may still run, and mount later. It must be ended, and the share looked at again, before anything is decided.
pub fn attempt_is_open(observed: &Observed<'_>) -> bool {
    matches!(observed.record.mount, Some(MountRecord::Attempted { .. }))
        && match observed.stack.len() {
            0 => true,
            // Somebody else was faster.
            1 => observed.is_foreign(),
            _ => false,
        }
}

/// Two sights of one mount: by its unique id where both know it, else by what the mount table says.
fn same(one: &MountId, other: &MountId) -> bool {
    match (one.unique, other.unique) {
        (Some(one), Some(other)) => one == other,
        _ => one.id == other.id && one.device == other.device,
    }
}

/// What became of the mount that the record speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OurMount {
    /// The record speaks of none.
    None,
    /// It is what a look at the mount point meets.
    OnTop(MountId),
    /// It is what an attempt made, which died before it could note it.
    ByAttempt(MountId),
    /// It is there, below another one.
    Covered,
    /// It is not there any more.
    Gone,
}
