//! One share and its guests: looked at, mounted anew, and revived one after the other.

use anyhow::Result;
use virt_quobyte::config::Settings;
use virt_quobyte::domain::DomainUuid;
use virt_quobyte::health::Health;
use virt_quobyte::hold::{self, Cause, Mode, Remounted};
use virt_quobyte::host;
use virt_quobyte::host::deadline::Deadline;
use virt_quobyte::host::processes::users::Users;
use virt_quobyte::lease::StateDir;
use virt_quobyte::revive::{Disk, Revival};
use virt_quobyte::share::Share;

use super::look::{self, Candidate};
use super::{Loss, ReviveDisk, ReviveEnd, ReviveGuest, ReviveReport};

/// How guests are revived.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) struct Way<'a> {
    pub(in crate::cli) settings: &'a Settings,
    pub(in crate::cli) state: &'a StateDir,
    /// Through this libvirt.
    pub(in crate::cli) connect: &'a str,
    pub(in crate::cli) loss: Loss,
    /// This one, or all of a share's.
    pub(in crate::cli) only: Option<DomainUuid>,
}

/// A share, and the guests that run on it and are meant.
#[derive(Debug)]
pub(in crate::cli) struct Round<'a> {
    way: Way<'a>,
    pub(in crate::cli) share: Share,
    found: Remounted,
    candidates: Vec<Candidate>,
}

impl<'a> Way<'a> {
    pub(in crate::cli) fn begin(self, share: Share) -> Result<Result<Round<'a>, Cause>> {
        let found = match self.remount(&share, Mode::Show) {
            Ok(found) => found,
            Err(cause) => return Ok(Err(cause)),
        };
        let mut candidates = look::candidates(self.connect, &share, self.settings)?;
        candidates.retain(|candidate| self.only.is_none_or(|uuid| candidate.uuid() == uuid));
        Ok(Ok(Round { way: self, share, found, candidates }))
    }

    fn remount(self, share: &Share, mode: Mode) -> Result<Remounted, Cause> {
        let deadline = Deadline::after(self.settings.deadlines.hook);
        hold::remount(share, mode, self.settings, self.state, deadline)
    }
}

impl Round<'_> {
    /// Whether there may be anything to do, as far as that can be told without a word to a QEMU: nobody's guests run well on a
    /// dead share, and on one that answers those that a revival has left are paused, or will be.
    pub(in crate::cli) fn may_be_needed(&self) -> bool {
        self.found.health != Health::Healthy || self.candidates.iter().any(Candidate::may_be_paused)
    }

    /// What would be done.
    pub(in crate::cli) fn look(&self) -> ReviveReport {
        let guests = self.candidates.iter().map(|candidate| {
            let decided = candidate.decide(&self.share, &self.found);
            self.guest(candidate, decided)
        });
        ReviveReport {
            share: self.share.name.to_string(),
            mount_point: self.share.mount_point.to_string(),
            applied: false,
            mount: self.found.plan.steps.iter().map(ToString::to_string).collect(),
            users: self.found.users.as_ref().map(Users::lines).unwrap_or_default(),
            guests: guests.collect(),
        }
    }

    /// Sees to it that the share is mounted.
    pub(in crate::cli) fn mount(&self) -> Result<(), Cause> {
        host::prefer_to_survive();
        self.way.remount(&self.share, Mode::Apply).map(drop)
    }

    /// Looks at each guest once more, when it is our turn to change its disks, and does what is to be done then. Guests before
    /// which `go_on` says no are left out; of the others `done` hears as they come.
    pub(in crate::cli) fn revive(
        &self,
        go_on: impl Fn() -> bool,
        mut done: impl FnMut(&ReviveGuest),
    ) -> Vec<ReviveGuest> {
        let mut guests = Vec::new();
        for candidate in &self.candidates {
            if !go_on() {
                break;
            }
            let guest = self.revive_one(candidate);
            done(&guest);
            guests.push(guest);
        }
        guests
    }

    /// The same for those that have failed: what was in their way can have gone with the revival of others.
    pub(in crate::cli) fn revive_again(&self, guests: &mut [ReviveGuest]) {
        for (guest, candidate) in guests.iter_mut().zip(&self.candidates) {
            if matches!(guest.end, ReviveEnd::Failed(_)) {
                *guest = self.revive_one(candidate);
            }
        }
    }

    fn revive_one(&self, candidate: &Candidate) -> ReviveGuest {
        let turn = candidate.turn(self.way.state);
        let decided = match (&turn, self.way.remount(&self.share, Mode::Show)) {
            (Err(busy), _) => Err(busy.clone()),
            (_, Err(cause)) => Err(cause.to_string()),
            (Ok(_), Ok(found)) if found.health != Health::Healthy => {
                Err(format!("the share {}", found.health))
            }
            (Ok(_), Ok(found)) => candidate.decide(&self.share, &found),
        };
        let steps = decided.as_ref().map(|revival| revival.steps.clone()).unwrap_or_default();
        let mut guest = self.guest(candidate, decided);
        if guest.end == ReviveEnd::Possible {
            guest.end = match candidate.walk(&steps) {
                Ok(_) => ReviveEnd::Revived,
                Err(failed) => ReviveEnd::Failed(failed.to_string()),
            };
        }
        guest
    }

    /// What is decided of a guest, with what it may lose weighed.
    fn guest(&self, candidate: &Candidate, decided: Result<Revival, String>) -> ReviveGuest {
        let (revival, end) = match decided {
            Err(why) => (Revival::default(), ReviveEnd::Refused(why)),
            Ok(revival) if !revival.is_needed() => (revival, ReviveEnd::NotNeeded),
            Ok(revival) if self.way.loss == Loss::Refused && revival.may_lose() => {
                let why = "it may lose what it had not flushed (see above), and would not know: \
                    --accept-unflushed-loss revives it all the same; a reset then makes it a power cut"
                    .to_owned();
                (revival, ReviveEnd::Refused(why))
            }
            Ok(revival) => (revival, ReviveEnd::Possible),
        };
        let disk = |disk: &Disk| ReviveDisk {
            target: disk.target.clone(),
            unflushed: disk.unflushed.to_string(),
            may_lose: disk.may_lose(),
        };
        ReviveGuest {
            domain: candidate.name(),
            disks: revival.disks.iter().map(disk).collect(),
            steps: revival.steps.iter().map(ToString::to_string).collect(),
            end,
        }
    }
}
