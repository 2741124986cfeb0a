//! `virt-quobyte renew`

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use virt_quobyte::config::{Settings, load};
use virt_quobyte::health::Health;
use virt_quobyte::hold::{self, Mode, Old, Renewed};
use virt_quobyte::host::deadline::Deadline;
use virt_quobyte::host::{self, process};
use virt_quobyte::lease::StateDir;
use virt_quobyte::mounts::MountId;
use virt_quobyte::observe::{self, AskClient};
use virt_quobyte::revive::{Disk, Purpose, Revival};
use virt_quobyte::share::Share;

use super::Format;
use super::recover::is_agreed;
use super::recover::revive::look::{self, Candidate};
use crate::exit::ExitStatus;
use crate::render;

/// How long the old client is waited for, once the last guest has left it.
const OLD_CLIENT: Duration = Duration::from_secs(10);

/// How often it is looked for meanwhile.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Give a share another client while its guests run: after an upgrade, or with other options
///
/// The share's mount makes room for that of a new client, at the same place; guests that start from then on are on that. Each guest
/// that runs is paused, QEMU writes out what it keeps in memory, to the old client, which lives; its disks are opened anew on the new
/// mount, under the same names, and the guest goes on. Nothing is lost, and no guest is rebooted. The old client ends when the last of
/// them has left it.
///
/// If the new client cannot mount, the old one is put back into its place and nothing has changed. A guest whose disks cannot be
/// opened anew, for a reason that is said, stays on the old client until it ends. A renewal that was cut off is gone on with by the
/// next one.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit status 1 says that nothing was done, or that a guest is still on the old client.

Examples:
  virt-quobyte renew gold              # says what will be done, and asks
  virt-quobyte renew gold --yes --json")]
pub(super) struct Arguments {
    /// The share
    #[arg(value_name = "SHARE")]
    share: String,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Ask this libvirt for the guests
    #[arg(long, value_name = "URI", default_value = "qemu:///system")]
    connect: String,
    #[command(flatten)]
    format: Format,
}

/// What a renewal would do, or did.
#[derive(Debug)]
pub(crate) struct RenewReport {
    pub(crate) share: String,
    pub(crate) mount_point: String,
    pub(crate) applied: bool,
    /// What is to be done about the mount, or was done, in words. Nothing, if the new client is there already.
    pub(crate) mount: Vec<String>,
    /// Who has files open on the old client.
    pub(crate) users: Vec<String>,
    pub(crate) guests: Vec<RenewGuest>,
    pub(crate) old: OldClient,
}

/// One guest of the share.
#[derive(Debug)]
pub(crate) struct RenewGuest {
    pub(crate) domain: String,
    /// Its disks on the share that are to be opened anew, and what that means for them.
    pub(crate) disks: Vec<String>,
    /// In words, in their order.
    pub(crate) steps: Vec<String>,
    pub(crate) end: RenewEnd,
}

/// What is to become of a guest, or has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RenewEnd {
    /// It is on the new client.
    NotNeeded,
    /// It can be moved.
    Possible,
    /// It was, and was paused so long for it; not at all, if somebody else had paused it.
    Renewed { paused: Option<Duration> },
    /// It is not to be moved, and why.
    Refused(String),
    /// It could not be, and what that leaves.
    Failed(String),
}

/// What has become of the client that made room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OldClient {
    /// None had to, or none has yet.
    None,
    /// It has ended.
    Ended,
    /// Somebody still has files open on it.
    Lives,
    /// That cannot be seen.
    Unknown,
}

impl Arguments {
    pub(super) fn run(&self, config: Option<&Path>) -> Result<ExitStatus> {
        super::only_root("give a share another client")?;
        let settings = load::settings(config)?;
        let state = StateDir::create(&settings.state_dir)?;
        let share = super::share_named(&self.share, &settings, &state)?;
        // Before it starts a client: that is to outlive its guests when memory runs out.
        host::prefer_to_survive();
        let renewal = Renewal { share: &share, settings: &settings, state: &state };
        let waiting = render::Waiting::for_(format!("looking at {} and its guests", share.name));
        let candidates = look::candidates(&self.connect, &share, &settings)?;
        let (course, guests) = match renewal.course(&candidates) {
            Ok(found) => found,
            Err(why) => return Ok(render::not_done(&why)),
        };
        let report = renewal.report(&course, guests);
        drop(waiting);
        if !(self.yes && self.format.json) {
            render::renew(&report, self.format.into())?;
        }
        if !(self.yes || is_agreed(&share.name, self.format)?) {
            return Ok(render::not_done(&"nothing was done"));
        }
        let waiting = render::Waiting::for_(format!("renewing {}", share.name));
        if let Course::Begin(_) = course
            && let Err(failure) = renewal.exchange(Mode::Apply)
        {
            return Ok(render::not_done(&format!("{failure}; its guests go on as before")));
        }
        let guests: Vec<_> = candidates.iter().map(|guest| renewal.moved(guest)).collect();
        let old = course.old().map_or(OldClient::None, end_of);
        let report = RenewReport { applied: true, guests, old, ..report };
        drop(waiting);
        render::renew(&report, self.format.into())?;
        Ok(status(&report))
    }
}

/// A share, and what it takes to give it another client.
struct Renewal<'a> {
    share: &'a Share,
    settings: &'a Settings,
    state: &'a StateDir,
}

/// How a renewal goes.
enum Course {
    /// From its begin: another client comes.
    Begin(Renewed),
    /// An earlier one was cut off when its new client was there: what is left is to move the guests.
    GoOn,
}

impl Course {
    const fn old(&self) -> Option<&Old> {
        match self {
            Self::Begin(renewed) => renewed.old.as_ref(),
            Self::GoOn => None,
        }
    }
}

impl Renewal<'_> {
    fn exchange(&self, mode: Mode) -> Result<Renewed, hold::Failure> {
        let deadline = Deadline::after(self.settings.deadlines.hook);
        hold::renew(self.share, mode, self.settings, self.state, deadline)
    }

    /// The mount that is there now, if it answers.
    fn living(&self) -> Result<Option<MountId>, String> {
        let ask = AskClient::Until(Deadline::after(self.settings.deadlines.probe));
        let seen = observe::mounted(self.share, ask).map_err(|error| error.to_string())?;
        Ok(seen.stack.last().copied().filter(|_| seen.health == Health::Healthy))
    }

    /// What is to be done, and with which guests.
    fn course(&self, candidates: &[Candidate]) -> Result<(Course, Vec<RenewGuest>), String> {
        let decide = |living| {
            let of = |guest: &Candidate| {
                let decided = guest.decide_for(Purpose::Renew, self.share, living);
                RenewGuest::of(guest, decided)
            };
            candidates.iter().map(of).collect::<Vec<_>>()
        };
        if let Some(living) = self.living()? {
            let guests = decide(Some(living));
            if guests.iter().any(|guest| guest.end == RenewEnd::Possible) {
                return Ok((Course::GoOn, guests));
            }
        }
        let renewed = self.exchange(Mode::Show).map_err(|failure| failure.to_string())?;
        // None of its files will be on the new mount.
        Ok((Course::Begin(renewed), decide(None)))
    }

    fn report(&self, course: &Course, guests: Vec<RenewGuest>) -> RenewReport {
        let steps = match course {
            Course::Begin(renewed) => renewed.plan.steps.iter().map(ToString::to_string).collect(),
            Course::GoOn => Vec::new(),
        };
        RenewReport {
            share: self.share.name.to_string(),
            mount_point: self.share.mount_point.to_string(),
            applied: false,
            mount: steps,
            users: course.old().map(|old| old.users.lines()).unwrap_or_default(),
            guests,
            old: OldClient::None,
        }
    }

    /// Looks at a guest once more, when it is our turn to change its disks, and does what is to be done then.
    fn moved(&self, candidate: &Candidate) -> RenewGuest {
        let turn = candidate.turn(self.state);
        let decided = match (&turn, self.living()) {
            (Err(busy), _) => Err(busy.clone()),
            (_, Err(why)) => Err(why),
            (Ok(_), Ok(None)) => Err("the new client does not answer".to_owned()),
            (Ok(_), Ok(living)) => candidate.decide_for(Purpose::Renew, self.share, living),
        };
        let steps = decided.as_ref().map(|revival| revival.steps.clone()).unwrap_or_default();
        let mut guest = RenewGuest::of(candidate, decided);
        if guest.end == RenewEnd::Possible {
            guest.end = match candidate.walk(&steps) {
                Ok(walked) => RenewEnd::Renewed { paused: walked.paused },
                Err(failed) => RenewEnd::Failed(failed.to_string()),
            };
        }
        guest
    }
}

impl RenewGuest {
    fn of(candidate: &Candidate, decided: Result<Revival, String>) -> Self {
        let (revival, end) = match decided {
            Err(why) => (Revival::default(), RenewEnd::Refused(why)),
            Ok(revival) if revival.is_needed() => (revival, RenewEnd::Possible),
            Ok(revival) => (revival, RenewEnd::NotNeeded),
        };
        let disk = |disk: &Disk| format!("{}: {}", disk.target, disk.unflushed);
        Self {
            domain: candidate.name(),
            disks: revival.disks.iter().map(disk).collect(),
            steps: revival.steps.iter().map(ToString::to_string).collect(),
            end,
        }
    }
}

/// Waits for the end of a client that nobody should need any more.
fn end_of(old: &Old) -> OldClient {
    let Some(client) = &old.process else { return OldClient::Unknown };
    let deadline = Deadline::after(OLD_CLIENT);
    while process::start_time(client.pid) == Some(client.started) {
        if deadline.is_over() {
            return OldClient::Lives;
        }
        std::thread::sleep(LOOK_AGAIN);
    }
    OldClient::Ended
}

fn status(report: &RenewReport) -> ExitStatus {
    let is_well =
        |guest: &RenewGuest| matches!(guest.end, RenewEnd::NotNeeded | RenewEnd::Renewed { .. });
    ExitStatus::of(report.guests.iter().all(is_well))
}
