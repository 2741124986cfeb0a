//! `virt-quobyte watch`

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use virt_quobyte::config::{self, Settings, load};
use virt_quobyte::host::told_to_end;
use virt_quobyte::lease::StateDir;
use virt_quobyte::share::{Share, ShareKey, ShareMode};
use virt_quobyte::watch::{Course, Deed, End, News, Seen};

use super::recover::{Loss, Way, glance};
use super::{ReviveEnd, ReviveGuest};
use crate::exit::ExitStatus;
use crate::render;

/// Watch the shares that guests hold, and revive guests whose client died, where they lose nothing by it
///
/// For a service that nobody enables but you: 'systemctl enable --now virt-quobyte-watch'. It goes on until it is ended, and looks
/// at every managed share of the configuration that a guest holds. When the client of one is found dead, or its mount gone, it does
/// what 'virt-quobyte recover --revive SHARE --yes' does: guests that may have lost what they had not flushed stay paused, and so do
/// all that are refused for another reason. Who was revived and who was not, and why, is a line each in its log. A share that hangs
/// is only told of, when that begins and when it ends.
///
/// A death is seen within --every and the probe's deadline. The share is mounted anew within the deadlines for an unmount and a
/// mount after that, and then its guests go on one after the other, within seconds each. Where guests were refused or a step failed, it
/// is tried again after a minute, and after twice as long each time.
///
/// More than --at-most revivals of a share do not begin within an hour, failed ones included: after that it is left to you until the
/// hour has passed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The configuration is read again at every look. SIGTERM ends it when the guest under way is
done with.

Examples:
  virt-quobyte watch --every 2s --at-most 5
  systemctl enable --now virt-quobyte-watch
  journalctl -u virt-quobyte-watch")]
pub(super) struct Arguments {
    /// How often to look
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = config::duration)]
    every: Duration,
    /// How many revivals of one share may begin within an hour
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    at_most: u16,
    /// Ask this libvirt
    #[arg(long, value_name = "URI", default_value = "qemu:///system")]
    connect: String,
}

/// How often it is asked whether to come to an end.
const END: Duration = Duration::from_millis(250);

impl Arguments {
    pub(super) fn run(&self, config: Option<&Path>) -> Result<ExitStatus> {
        super::only_root("revive guests")?;
        let mut settings = Arc::new(load::settings(config)?);
        told_to_end::listen().context("cannot listen to signals")?;
        render::events_on_stderr();
        tracing::info!(
            "watching every {:?}; revivals of a share within an hour: at most {}",
            self.every,
            self.at_most
        );
        let mut unread = None;
        let mut watched = BTreeMap::<ShareKey, Watched>::new();
        while !told_to_end::is_so() {
            let next = Instant::now() + self.every;
            match load::settings(config) {
                Ok(read) => {
                    settings = Arc::new(read);
                    unread = None;
                }
                Err(error) => {
                    let why = error.to_string();
                    if unread.as_ref() != Some(&why) {
                        tracing::error!("what was configured before is watched: {why}");
                    }
                    unread = Some(why);
                }
            }
            let is_configured = |key: &ShareKey| managed(&settings).any(|share| share.key == *key);
            watched.retain(|key, watched| watched.is_busy() || is_configured(key));
            for share in managed(&settings) {
                let new = || Watched::Idle(Course::new(Instant::now(), self.at_most.into()));
                let turn = Turn {
                    share: share.clone(),
                    settings: Arc::clone(&settings),
                    connect: self.connect.clone(),
                };
                watched.entry(share.key.clone()).or_insert_with(new).look(turn);
            }
            while Instant::now() < next && !told_to_end::is_so() {
                std::thread::sleep(END.min(next.saturating_duration_since(Instant::now())));
            }
        }
        for watched in watched.into_values() {
            watched.finish();
        }
        tracing::info!("told to end: nothing is watched any more");
        Ok(ExitStatus::Well)
    }
}

fn managed(settings: &Settings) -> impl Iterator<Item = &Share> {
    settings.shares.iter().filter(|share| share.mode == ShareMode::Managed)
}

/// A share, and the thread that looks at it just now: each has its own, so none waits for another that hangs.
enum Watched {
    Idle(Course),
    Busy(JoinHandle<Course>),
    /// Between the two.
    Moving,
}

impl Watched {
    fn is_busy(&self) -> bool {
        matches!(self, Self::Busy(thread) if !thread.is_finished())
    }

    /// Has it looked at, unless the look before is not over.
    fn look(&mut self, turn: Turn) {
        if self.is_busy() {
            return;
        }
        if let Some(mut course) = std::mem::replace(self, Self::Moving).finish() {
            *self = Self::Busy(std::thread::spawn(move || {
                turn.take(&mut course);
                course
            }));
        }
    }

    fn finish(self) -> Option<Course> {
        match self {
            Self::Idle(course) => Some(course),
            Self::Busy(thread) => Some(thread.join().expect("a look does not panic")),
            Self::Moving => None,
        }
    }
}

/// One look at one share, and what comes of it.
struct Turn {
    share: Share,
    settings: Arc<Settings>,
    connect: String,
}

impl Turn {
    fn take(&self, course: &mut Course) {
        let state = match StateDir::open(&self.settings.state_dir) {
            Ok(state) => state,
            Err(error) => return self.heed(course, None, &Seen::Nothing(error.to_string())),
        };
        let seen = state
            .as_ref()
            .map_or(Seen::Unheld, |state| glance(&self.share.key, &self.settings, state));
        self.heed(course, state.as_ref(), &seen);
    }

    fn heed(&self, course: &mut Course, state: Option<&StateDir>, seen: &Seen) {
        for deed in course.at(Instant::now(), seen) {
            match (deed, state) {
                (Deed::Say(news), _) => self.say(&news),
                (Deed::Revive, Some(state)) => {
                    let end = self.revive(course, state);
                    course.ended(Instant::now(), end);
                }
                // Who holds something is kept nowhere else.
                (Deed::Revive, None) => course.ended(Instant::now(), End::NotNeeded),
            }
        }
    }

    fn say(&self, news: &News) {
        let name = &self.share.name;
        match news {
            News::Well | News::LetGo => {
                tracing::info!(share = name.as_str(), "share {name}: {news}");
            }
            News::Lost(_) | News::Ill(_) | News::Unseen(_) | News::Limit { .. } => {
                tracing::warn!(share = name.as_str(), "share {name}: {news}");
            }
        }
    }

    fn revive(&self, course: &mut Course, state: &StateDir) -> End {
        let name = &self.share.name;
        let begun = Instant::now();
        // What is said of a share by others names it.
        let unable = |course: &mut Course, why: String| {
            if course.is_new(&why) {
                tracing::warn!(share = name.as_str(), "nothing was done: {why}");
            }
            End::Refused
        };
        let way = Way {
            settings: &self.settings,
            state,
            connect: &self.connect,
            loss: Loss::Refused,
            only: None,
        };
        let round = match way.begin(self.share.clone()) {
            Ok(Ok(round)) => round,
            Ok(Err(cause)) => return unable(course, cause.to_string()),
            Err(error) => return unable(course, format!("share {name}: {error:#}")),
        };
        if !round.may_be_needed() {
            return End::NotNeeded;
        }
        let report = round.look();
        if !report.has_possible() {
            let mut all_are_well = true;
            for guest in &report.guests {
                all_are_well &= self.tell(course, guest, begun);
            }
            return if all_are_well { End::NotNeeded } else { End::Refused };
        }
        if told_to_end::is_so() {
            return End::Refused;
        }
        if let Err(cause) = round.mount() {
            tracing::error!(share = name.as_str(), "not mounted anew: {cause}");
            return End::NotMounted;
        }
        let mut all_are_well = true;
        let done = |guest: &ReviveGuest| all_are_well &= self.tell(course, guest, begun);
        let guests = round.revive(|| !told_to_end::is_so(), done);
        let is_whole = guests.len() == report.guests.len();
        if is_whole && all_are_well { End::Revived } else { End::Incomplete }
    }

    /// Tells what became of a guest, and whether it is well.
    fn tell(&self, course: &mut Course, guest: &ReviveGuest, begun: Instant) -> bool {
        let name = &self.share.name;
        let domain = guest.domain.as_str();
        match &guest.end {
            ReviveEnd::NotNeeded => true,
            ReviveEnd::Revived => {
                tracing::info!(
                    share = name.as_str(),
                    domain,
                    "share {name}: domain {domain} is revived, {:.1} s after that was begun",
                    begun.elapsed().as_secs_f32()
                );
                true
            }
            ReviveEnd::Failed(why) => {
                tracing::error!(
                    share = name.as_str(),
                    domain,
                    "share {name}: domain {domain} is not revived: {why}"
                );
                false
            }
            // Decided, and left for later.
            ReviveEnd::Possible => false,
            ReviveEnd::Refused(why) => {
                let losses = guest.disks.iter().filter(|disk| disk.may_lose);
                let losses = losses.map(|disk| format!("{}: {}", disk.target, disk.unflushed));
                let whys: Vec<String> = losses.chain([why.clone()]).collect();
                let whys = whys.join("; ");
                if course.is_new(&format!("{domain}: {whys}")) {
                    tracing::warn!(
                        share = name.as_str(),
                        domain,
                        "share {name}: domain {domain} stays as it is: {whys}"
                    );
                }
                false
            }
        }
    }
}
