//! `virt-quobyte detach`

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use virt_quobyte::config::{Settings, load};
use virt_quobyte::diskxml::Target;
use virt_quobyte::escape::Escaped;
use virt_quobyte::hold::Released;
use virt_quobyte::host::deadline::Deadline;
use virt_quobyte::observe::{self, AskClient};
use virt_quobyte::share::Share;

use super::Format;
use super::hot_plug::{self, Connection, Hold, Processors, Seen, SeenDisk, Settled};
use crate::exit::ExitStatus;
use crate::libvirt::{Guest, NoAnswer, Reach};
use crate::render;

/// How long the guest may take to let go. One that runs an operating system does it at once, or not at all.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// Take a disk on a share from a running guest, and have the guest let go of the share
///
/// The guest is asked for the disk and has to agree. Once it has, it lets go of every share that the disk was on and that it
/// needs for nothing else, and the last one out unmounts. A guest that is paused, or whose disk waits for a client that hangs, is not
/// asked. One that runs lets go of a disk whose client is dead, too.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit status 1 says that the guest still has the disk, and why. It then goes on holding
its shares, at most until it ends. Exit status 3 can also say that libvirt did not
answer, so that nobody knows.

Examples:
  virt-quobyte detach web1 vdb
  virt-quobyte detach web1 vdb --persistent")]
pub(super) struct Arguments {
    /// The guest, by its name or UUID
    #[arg(value_name = "DOMAIN")]
    domain: String,
    /// The disk, by where the guest has it: vda, sdb, hdc
    #[arg(value_name = "TARGET")]
    target: Target,
    /// At the guest's next starts too
    #[arg(long)]
    persistent: bool,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    format: Format,
}

/// What became of a disk that a guest was to let go of.
#[derive(Debug)]
pub(crate) struct DetachReport {
    pub(crate) domain: String,
    pub(crate) target: String,
    pub(crate) reach: Reach,
    /// The shares that the guest holds no more, and why they stay mounted, if they do.
    pub(crate) shares: Vec<(String, Option<String>)>,
}

impl Arguments {
    pub(super) fn run(&self, config: Option<&Path>) -> Result<ExitStatus> {
        super::only_root("take a disk from a guest")?;
        let settings = load::settings(config)?;
        let guest = Guest::find(&self.connection.connect, &self.domain)?;
        let seen = hot_plug::look(&guest)?.context("the domain ended just now")?;
        let target = self.target.as_str();
        let running = if seen.runs { seen.disk(target, &settings)? } else { None };
        let defined = if self.persistent { hot_plug::definition(&guest)? } else { None };
        let defined = defined.map(|it| it.disk(target, &settings)).transpose()?.flatten();
        let (reach, disk) = match self.whence(&seen, running, defined) {
            Ok(found) => found,
            Err(why) => return Ok(render::not_done(&why)),
        };
        let hold = match reach {
            Reach::Defined => None,
            Reach::Running | Reach::Both => {
                if let Some(why) = why_not_asked(&guest, &seen, &disk, &settings)? {
                    return Ok(render::not_done(&why));
                }
                Some(Hold::of(&guest, &seen, &settings)?)
            }
        };
        let has_let_go = {
            let _waiting = render::Waiting::for_(format!(
                "waiting for {} to let go of {target} (for {PATIENCE:?} at most)",
                seen.shown()
            ));
            self.unplug(&guest, &seen, &disk, reach, hold.as_ref())?
        };
        let settled = match has_let_go {
            Ok(settled) => settled,
            Err(why) => return Ok(render::not_done(&why)),
        };
        let shares = match settled {
            Some(Settled::Runs(dropped)) => dropped,
            // Its end has let go of all.
            Some(Settled::Ended) | None => Vec::new(),
        };
        let why_kept = |released| match released {
            Released::Unmounted => None,
            Released::Kept(why) => Some(why.to_string()),
        };
        let report = DetachReport {
            domain: seen.shown(),
            target: target.to_owned(),
            reach,
            shares: shares
                .into_iter()
                .map(|(share, released)| (share.name.to_string(), why_kept(released)))
                .collect(),
        };
        render::detach(&report, self.format.into())?;
        Ok(ExitStatus::Well)
    }

    /// Of what the disk is to be taken away, and the disk; or why not.
    fn whence(
        &self,
        seen: &Seen,
        running: Option<SeenDisk>,
        defined: Option<SeenDisk>,
    ) -> Result<(Reach, SeenDisk), String> {
        let (name, target) = (seen.shown(), &self.target);
        if !seen.runs && !self.persistent {
            return Err(format!(
                "{name} does not run; --persistent takes the disk out of its definition"
            ));
        }
        let (reach, disk) = match (running, defined) {
            (Some(running), Some(defined)) if running.image != defined.image => {
                return Err(format!(
                    "{target} is {} in {name} as it runs, and {} in its definition; without --persistent only the one that runs goes",
                    image(&running),
                    image(&defined)
                ));
            }
            (Some(running), Some(_)) => (Reach::Both, running),
            (Some(running), None) => (Reach::Running, running),
            (None, Some(defined)) => (Reach::Defined, defined),
            (None, None) => return Err(format!("{name} has no disk {target}")),
        };
        if disk.shares.is_empty() {
            return Err(format!(
                "the disk {target} of {name}, {}, lies on no share; 'virsh detach-disk' takes it away",
                image(&disk)
            ));
        }
        Ok((reach, disk))
    }

    /// Has the guest let go of the disk, and then of the shares. Why not, if it still has the disk.
    fn unplug(
        &self,
        guest: &Guest,
        seen: &Seen,
        disk: &SeenDisk,
        reach: Reach,
        hold: Option<&Hold<'_>>,
    ) -> Result<Result<Option<Settled>, String>> {
        let (name, target) = (seen.shown(), &self.target);
        match guest.detach(disk.element.clone(), reach) {
            Ok(()) => {}
            Err(NoAnswer::Refused(why)) => return Ok(Err(NoAnswer::Refused(why).to_string())),
            Err(late) => {
                let what = format!("{name} still has the disk {target}");
                return Err(hot_plug::unknown(&late, &what, seen));
            }
        }
        let Some(hold) = hold else { return Ok(Ok(None)) };
        if !self.is_gone(guest, disk, hold.settings)? {
            return Ok(Err(format!(
                "{name} did not let go of {target} within {PATIENCE:?}, and still has it: a guest whose system does not run, or uses the disk, does not; try again when it does"
            )));
        }
        let settled = hold
            .settle(&disk.shares, &disk.shares)
            .with_context(|| format!("{name} has let go of {target}, but not of its share ('virt-quobyte recover' says what is to be done)"))?;
        Ok(Ok(Some(settled)))
    }

    /// Waits until the guest has let go, or has ended.
    fn is_gone(&self, guest: &Guest, disk: &SeenDisk, settings: &Settings) -> Result<bool> {
        let patience = Deadline::after(PATIENCE);
        loop {
            let Some(seen) = hot_plug::look(guest)?.filter(|seen| seen.runs) else {
                return Ok(true);
            };
            let there = seen.disk(self.target.as_str(), settings)?;
            if there.is_none_or(|there| there.image != disk.image) {
                return Ok(true);
            }
            if patience.is_over() {
                return Ok(false);
            }
            std::thread::sleep(LOOK_AGAIN.min(patience.left()));
        }
    }
}

/// Looks whether the guest can let go of the disk at all: a wait that leads nowhere ends before it begins.
fn why_not_asked(
    guest: &Guest,
    seen: &Seen,
    disk: &SeenDisk,
    settings: &Settings,
) -> Result<Option<String>> {
    let _waiting = render::Waiting::for_("looking at the disk's shares".to_owned());
    let health = |share: &Share| {
        let ask = AskClient::Until(Deadline::after(settings.deadlines.probe));
        observe::mounted(share, ask).map(|seen| (share.name.to_string(), seen.health))
    };
    let shares = disk.shares.iter().map(health).collect::<Result<Vec<_>, _>>()?;
    // One that is gone is found to be gone by whoever looks next.
    let processors = match guest.is_paused().context("cannot ask for its state")? {
        Some(true) => Processors::Paused,
        Some(false) | None => Processors::Run,
    };
    Ok(hot_plug::obstacle(&seen.shown(), processors, &shares))
}

fn image(disk: &SeenDisk) -> String {
    disk.image.as_ref().map_or_else(|| "no file".to_owned(), |path| Escaped(path).to_string())
}
