//! `recover --revive`: said first, asked for, and then done, guest by guest.
//!
//! ```text
//! look   what is known of a guest     walk   its steps, one after the other
//! ```

mod look;
mod walk;

use anyhow::Result;
use virt_quobyte::config::Settings;
use virt_quobyte::health::Health;
use virt_quobyte::hold::{self, Cause, Mode, Remounted};
use virt_quobyte::host;
use virt_quobyte::host::deadline::Deadline;
use virt_quobyte::host::processes::users::Users;
use virt_quobyte::lease::StateDir;
use virt_quobyte::revive::{Disk, Revival};
use virt_quobyte::share::Share;

use super::Arguments;
use crate::cli::Format;
use crate::exit::ExitStatus;
use crate::render;
use look::Candidate;

/// Whose guests are to be revived, and at what price.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    share: &'a str,
    loss: Loss,
    connect: &'a str,
}

/// Whether a guest may go on that may have lost what it had not flushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loss {
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

impl<'a> Wanted<'a> {
    pub(super) fn of(arguments: &'a Arguments) -> Option<Self> {
        let loss = if arguments.accept_unflushed_loss { Loss::Accepted } else { Loss::Refused };
        let share = arguments.revive.as_deref()?;
        Some(Self { share, loss, connect: &arguments.connect })
    }

    pub(super) fn run(&self, settings: &Settings, yes: bool, format: Format) -> Result<ExitStatus> {
        let state = StateDir::create(&settings.state_dir)?;
        let share = super::super::share_named(self.share, settings, &state)?;
        let remount = |mode| {
            let deadline = Deadline::after(settings.deadlines.hook);
            hold::remount(&share, mode, settings, &state, deadline)
        };
        let waiting = render::Waiting::for_(format!("looking at {} and its guests", share.name));
        let found = match remount(Mode::Show) {
            Ok(found) => found,
            Err(cause) => return Ok(render::not_done(&cause)),
        };
        let candidates = look::candidates(self.connect, &share, settings)?;
        let guests = candidates.iter().map(|candidate| {
            let decided = candidate.decide(&share, &found);
            self.guest(candidate, decided)
        });
        let report = report(&share, &found, guests.collect());
        drop(waiting);
        if !(yes && format.json) {
            render::revive(&report, format.into())?;
        }
        let is_possible = |guest: &ReviveGuest| guest.end == ReviveEnd::Possible;
        if !report.guests.iter().any(is_possible) {
            if yes && format.json {
                render::revive(&report, format.into())?;
            }
            return Ok(status(&report));
        }
        if !(yes || super::is_agreed(&share.name, format)?) {
            return Ok(render::not_done(&"nothing was done"));
        }
        host::prefer_to_survive();
        let waiting = render::Waiting::for_(format!("reviving the guests of {}", share.name));
        if let Err(cause) = remount(Mode::Apply) {
            return Ok(render::not_done(&cause));
        }
        let guests = candidates
            .iter()
            .map(|candidate| self.revive(candidate, &share, &state, || remount(Mode::Show)));
        let report = ReviveReport { applied: true, guests: guests.collect(), ..report };
        drop(waiting);
        render::revive(&report, format.into())?;
        Ok(status(&report))
    }

    /// What is decided of a guest, with what it may lose weighed.
    fn guest(&self, candidate: &Candidate, decided: Result<Revival, String>) -> ReviveGuest {
        let (revival, end) = match decided {
            Err(why) => (Revival::default(), ReviveEnd::Refused(why)),
            Ok(revival) if !revival.is_needed() => (revival, ReviveEnd::NotNeeded),
            Ok(revival) if self.loss == Loss::Refused && revival.may_lose() => {
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

    /// Looks at a guest once more, when it is our turn to change its disks, and does what is to be done then.
    fn revive(
        &self,
        candidate: &Candidate,
        share: &Share,
        state: &StateDir,
        look_at_share: impl FnOnce() -> Result<Remounted, Cause>,
    ) -> ReviveGuest {
        let turn = candidate.turn(state);
        let decided = match (&turn, look_at_share()) {
            (Err(busy), _) => Err(busy.clone()),
            (_, Err(cause)) => Err(cause.to_string()),
            (Ok(_), Ok(found)) if found.health != Health::Healthy => {
                Err(format!("the share {}", found.health))
            }
            (Ok(_), Ok(found)) => candidate.decide(share, &found),
        };
        let steps = decided.as_ref().map(|revival| revival.steps.clone()).unwrap_or_default();
        let mut guest = self.guest(candidate, decided);
        if guest.end == ReviveEnd::Possible {
            guest.end = match candidate.walk(&steps) {
                Ok(()) => ReviveEnd::Revived,
                Err(failed) => ReviveEnd::Failed(failed.to_string()),
            };
        }
        guest
    }
}

fn report(share: &Share, found: &Remounted, guests: Vec<ReviveGuest>) -> ReviveReport {
    ReviveReport {
        share: share.name.to_string(),
        mount_point: share.mount_point.to_string(),
        applied: false,
        mount: found.plan.steps.iter().map(ToString::to_string).collect(),
        users: found.users.as_ref().map(Users::lines).unwrap_or_default(),
        guests,
    }
}

fn status(report: &ReviveReport) -> ExitStatus {
    let is_well =
        |guest: &ReviveGuest| matches!(guest.end, ReviveEnd::NotNeeded | ReviveEnd::Revived);
    if report.guests.iter().all(is_well) { ExitStatus::Well } else { ExitStatus::NotWell }
}
