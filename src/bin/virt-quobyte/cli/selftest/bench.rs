//! All that a trial has of its own, and how it is put away again.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};
use serde::de::DeserializeOwned;
use virt_quobyte::config::Settings;
use virt_quobyte::host::deadline::Deadline;
use virt_quobyte::host::trial::{self, Ground, Trial};
use virt_quobyte::host::{client, program, told_to_end};
use virt_quobyte::lease::StateDir;
use virt_quobyte::selftest::{Answer, Second, Start, Usable, Why};
use virt_quobyte::share::{ClientOptions, Export, MountPoint, Share};

use super::spot::Spot;

/// A directory below the state directory, and what is in it.
#[derive(Debug)]
pub(super) struct Bench<'a> {
    pub(super) settings: &'a Settings,
    pub(super) client: PathBuf,
    export: &'a Export,
    options: &'a ClientOptions,
    directory: MountPoint,
    /// The name of our directory on the volume.
    pub(super) scratch: String,
    /// Whether it was made, or may have been.
    pub(super) has_scratch: bool,
    spots: Vec<Spot>,
    is_silent: bool,
}

/// Which of the bench's spots.
pub(super) type At = usize;

impl<'a> Bench<'a> {
    pub(super) fn new(
        settings: &'a Settings,
        export: &'a Export,
        options: &'a ClientOptions,
    ) -> Result<Self> {
        let configured = settings.client.program.as_ref().map(MountPoint::as_path);
        let client = client::program(configured).ok_or_else(|| {
            anyhow!("the Quobyte client mount.quobyte is not in {}", program::searched())
        })?;
        if !client.is_file() {
            bail!("the Quobyte client {} is not there; see client.program", client.display());
        }
        // Its mode is seen to there: nobody but root gets to what is below.
        StateDir::create(&settings.state_dir)?;
        let pid = std::process::id();
        let directory = format!("{}/selftest-{pid}", settings.state_dir).parse()?;
        let host = fs::read_to_string("/proc/sys/kernel/hostname")
            .context("cannot read this host's name")?;
        let is_plain = |c: &char| c.is_ascii_alphanumeric() || "-.".contains(*c);
        let host: String = host.chars().filter(is_plain).collect();
        Ok(Self {
            settings,
            client,
            export,
            options,
            directory,
            scratch: format!(".virt-quobyte-selftest-{host}-{pid}"),
            has_scratch: false,
            spots: Vec::new(),
            is_silent: false,
        })
    }

    /// Makes a spot for the volume.
    pub(super) fn add(&mut self, name: &str) -> Result<At> {
        self.add_for(name, self.export.clone())
    }

    /// Makes a spot for a volume that nobody has.
    pub(super) fn add_nowhere(&mut self, name: &str) -> Result<At> {
        let volume = self.scratch.trim_start_matches('.');
        let export = format!("{}/{volume}", self.export.registries()).parse()?;
        self.add_for(name, export)
    }

    fn add_for(&mut self, name: &str, export: Export) -> Result<At> {
        let mount_point = format!("{}/{name}", self.directory).parse()?;
        let mut share = Share::of_record("selftest".parse()?, export, mount_point);
        share.options = self.options.clone();
        self.spots.push(Spot::new(share)?);
        Ok(self.spots.len() - 1)
    }

    /// Starts a client, and waits until what it mounts answers.
    pub(super) fn start(&mut self, at: At) -> Result<Start> {
        self.spots[at].start(self.settings)
    }

    /// Starts a client where it should not be able to mount.
    pub(super) fn start_badly(&mut self, at: At) -> Result<Second> {
        self.spots[at].start_badly(self.settings)
    }

    pub(super) fn spot(&mut self, at: At) -> &mut Spot {
        &mut self.spots[at]
    }

    /// A ground on a spot that is mounted.
    pub(super) fn ground(&self, at: At) -> Result<Ground> {
        let ground = self.spots[at].ground(&self.scratch)?;
        ground.ok_or_else(|| {
            anyhow!("{} was unmounted by somebody", self.spots[at].share.mount_point)
        })
    }

    /// Why nothing is to be begun any more.
    pub(super) fn why_not(&self) -> Option<Why> {
        if told_to_end::is_so() {
            Some(Why::Ended)
        } else {
            self.is_silent.then_some(Why::WasSilent)
        }
    }

    /// Puts a question to a client, if the ones before were answered.
    pub(super) fn ask<T: DeserializeOwned>(&mut self, trial: &Trial) -> Result<Answer<T>> {
        if let Some(why) = self.why_not() {
            return Ok(Answer::Unasked(why));
        }
        let waited = self.settings.deadlines.probe;
        let seen = trial::ask(trial, Deadline::after(waited))?;
        self.is_silent = seen.is_none();
        Ok(seen.map_or(Answer::Silent { waited }, Answer::Saw))
    }

    /// Removes our directory from the volume, through a mount of it; says whether it is gone.
    pub(super) fn remove_scratch(&mut self, at: At) -> Result<(), String> {
        let ground = self.spots[at].ground(&self.scratch).map_err(|error| error.to_string())?;
        let ground = ground.ok_or("the volume is not mounted")?;
        let deadline = Deadline::after(self.settings.deadlines.probe);
        let removed: Option<Result<(), String>> =
            trial::ask(&Trial::RemoveScratch(ground), deadline)
                .map_err(|error| error.to_string())?;
        removed.ok_or("the client did not answer")??;
        self.has_scratch = false;
        Ok(())
    }

    /// Puts everything away, and names what could not be.
    ///
    /// A client that is hung or dead is killed before its mount goes, and another one removes our directory.
    pub(super) fn clear(mut self) -> Vec<String> {
        let mut left = Vec::new();
        if self.has_scratch && !self.spots.is_empty() {
            let _once_more_below = self.remove_scratch(0);
        }
        for at in 0..self.spots.len() {
            left.extend(self.take_down(at));
        }
        if self.has_scratch && left.is_empty() {
            let removed = self.remove_scratch_anew();
            left.extend(self.take_down(0));
            if let Err(why) = removed {
                let (scratch, export) = (&self.scratch, self.export);
                left.push(format!("the directory {scratch} is left on {export}: {why}"));
            }
        } else if self.has_scratch {
            left.push(format!("the directory {} is left on {}", self.scratch, self.export));
        }
        left.extend(self.remove_directories());
        left
    }

    fn remove_scratch_anew(&mut self) -> Result<(), String> {
        let start = self.start(0).map_err(|error| error.to_string())?;
        start.returned?;
        match start.usable {
            Usable::AtOnce | Usable::After(_) => self.remove_scratch(0),
            Usable::NotMounted => Err("the client mounted nothing".to_owned()),
            Usable::Not(clause) => Err(format!("the volume {clause}")),
        }
    }

    /// Unmounts a spot until nothing is left on it, and sees to it that no client of it lives.
    pub(super) fn take_down(&self, at: At) -> Option<String> {
        let spot = &self.spots[at];
        let unmount_all = || -> Result<(), String> {
            let failed = |error: anyhow::Error| error.to_string();
            for _ in 0..spot.stack().map_err(failed)?.mounts {
                spot.unmount(Deadline::after(self.settings.deadlines.unmount))
                    .map_err(failed)??;
            }
            Ok(())
        };
        // Plainly first: a client that is well writes out what it holds. Then it has had its chance.
        let plainly = unmount_all();
        let killed = spot.kill();
        let unmounted = plainly.or_else(|_| unmount_all());
        let mount_point = &spot.share.mount_point;
        match (unmounted, killed) {
            (Ok(()), Ok(())) => None,
            (Err(why), _) => Some(format!("{mount_point} is left mounted: {why}")),
            (Ok(()), Err(why)) => Some(format!("the client of {mount_point} is left: {why}")),
        }
    }

    /// Where something is left mounted, that was said, and nothing of it is touched.
    fn remove_directories(&self) -> Option<String> {
        let is_bare = |spot: &Spot| spot.stack().is_ok_and(|stack| stack.mounts == 0);
        if self.spots.is_empty() || !self.spots.iter().all(is_bare) {
            return None;
        }
        let remove = || -> std::io::Result<()> {
            for spot in &self.spots {
                let bare = spot.share.mount_point.as_path();
                let _only_one_has_it = fs::remove_file(bare.join(FILE));
                fs::remove_dir(bare)?;
            }
            fs::remove_dir(self.directory.as_path())
        };
        let failed = remove().err();
        failed.map(|error| format!("the directory {} is left: {error}", self.directory))
    }

    /// Puts a file into a spot's bare directory.
    pub(super) fn put_file(&self, at: At) -> Result<()> {
        let path = self.spots[at].share.mount_point.as_path().join(FILE);
        fs::write(&path, b"").with_context(|| format!("cannot write {}", path.display()))
    }
}

/// What makes a mount point one that is not empty.
const FILE: &str = "in-the-way";
