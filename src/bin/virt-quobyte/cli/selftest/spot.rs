//! A place of our own where a client is tried, and what is mounted there.

use std::fs::File;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use virt_quobyte::apply::{self, AFTER_RETURN};
use virt_quobyte::config::Settings;
use virt_quobyte::health::{Health, Sighting};
use virt_quobyte::host::client::{self, Place};
use virt_quobyte::host::deadline::Deadline;
use virt_quobyte::host::processes::Ending;
use virt_quobyte::host::trial::{self, Ground};
use virt_quobyte::host::trusted_path::{self, Missing};
use virt_quobyte::host::unmount::{self, How, Unmounted};
use virt_quobyte::host::{clock, mount_table, probe};
use virt_quobyte::mounts::{MountId, MountTable};
use virt_quobyte::selftest::{Home, Line, Second, Start, Usable};
use virt_quobyte::share::{MountPoint, Share};

/// Between two looks at what is on its way.
pub(super) const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// How long a mount in use is tried again: processes that waited for a client that was killed end a little later.
const PASSERS_BY: Duration = Duration::from_millis(500);

/// How long the processes of a client are looked for and waited for.
const CLIENT_END: Duration = Duration::from_secs(5);

/// A mount point that nobody else has, for a share that nobody else knows.
#[derive(Debug)]
pub(super) struct Spot {
    pub(super) share: Share,
    started: Vec<Started>,
}

/// A start of a client.
#[derive(Debug)]
struct Started {
    unit: Option<String>,
    /// In clock ticks since boot.
    begun: u64,
}

/// What is mounted on a spot.
#[derive(Debug)]
pub(super) struct Stack {
    /// How many there are.
    pub(super) mounts: usize,
    /// The topmost one.
    pub(super) top: Option<(MountId, Line)>,
}

impl Spot {
    /// Makes the directory. It is empty, and root's alone: it lies in one of mode 0700.
    pub(super) fn new(share: Share) -> Result<Self> {
        trusted_path::walk(&share.mount_point, Missing::IsMade { mode: 0o555 })?;
        Ok(Self { share, started: Vec::new() })
    }

    /// Starts the client, and waits until what it mounts answers.
    pub(super) fn start(&mut self, settings: &Settings) -> Result<Start> {
        let begun = Instant::now();
        let before = self.stack()?.mounts;
        let returned = self.start_client(settings);
        let returned_at = Instant::now();
        let took = returned_at - begun;
        let mut is_first_look = true;
        let usable = loop {
            if self.stack()?.mounts > before {
                let deadline = Deadline::after(settings.deadlines.probe);
                let looked = returned_at.elapsed();
                break match probe::probe(&self.share.mount_point, deadline)?.sighting {
                    Sighting::Answered { .. } if is_first_look => Usable::AtOnce,
                    Sighting::Answered { .. } => Usable::After(looked),
                    other => Usable::Not(Health::of_sighting(other).to_string()),
                };
            }
            if returned.is_err() || returned_at.elapsed() > AFTER_RETURN {
                break Usable::NotMounted;
            }
            is_first_look = false;
            std::thread::sleep(LOOK_AGAIN);
        };
        Ok(Start { took, returned, usable })
    }

    /// Starts the client where it should not be able to mount.
    pub(super) fn start_badly(&mut self, settings: &Settings) -> Result<Second> {
        let before = self.stack()?.mounts;
        let returned = self.start_client(settings);
        Ok(Second { returned, more: self.stack()?.mounts.saturating_sub(before) })
    }

    fn start_client(&mut self, settings: &Settings) -> Result<(), String> {
        let unit = apply::is_isolated(settings)
            .then(|| format!("virt-quobyte-selftest-{}.scope", clock::unique()));
        let place = unit.clone().map_or(Place::Here, Place::Scope);
        self.started.push(Started { unit, begun: clock::ticks() });
        let program = settings.client.program.as_ref().map(MountPoint::as_path);
        let config = settings.client.config.as_ref().map(MountPoint::as_path);
        let deadline = Deadline::after(settings.deadlines.mount);
        client::mount(&self.share, program, config, &place, deadline)
            .map_err(|error| error.to_string())
    }

    /// Where the client that was started last was to run.
    pub(super) fn home(&self) -> Home {
        match self.started.last().and_then(|started| started.unit.clone()) {
            Some(unit) => Home::Scope(unit),
            None => Home::Here(trial::own_cgroup().unwrap_or_default()),
        }
    }

    pub(super) fn stack(&self) -> Result<Stack> {
        let text = mount_table::text().context("cannot read the mount table")?;
        let table = MountTable::parse(&text)?;
        let entries = table.at(&self.share.mount_point);
        let top = entries.last().map(|entry| (MountId::of(entry, None), Line::of(entry)));
        Ok(Stack { mounts: entries.len(), top })
    }

    /// The topmost mount, to try something on.
    pub(super) fn ground(&self, scratch: &str) -> Result<Option<Ground>> {
        let mount_point = self.share.mount_point.to_string();
        let ground = |(id, _): (MountId, Line)| Ground {
            mount_point,
            mount: id.id,
            scratch: scratch.to_owned(),
        };
        Ok(self.stack()?.top.map(ground))
    }

    /// Takes the topmost mount down, plainly; or says why not.
    pub(super) fn unmount(&self, deadline: Deadline) -> Result<Result<(), String>> {
        let Some((id, _)) = self.stack()?.top else { return Ok(Ok(())) };
        // A spot has no lock that the child could keep: nobody else decides about it.
        let nothing = || File::open("/dev/null").context("cannot open /dev/null");
        let busy_until = deadline.at_most(PASSERS_BY);
        let gone = loop {
            let at = &self.share.mount_point;
            match unmount::unmount(at, id, How::Plain, nothing()?, deadline) {
                Ok(Unmounted::Busy) if !busy_until.is_over() => std::thread::sleep(LOOK_AGAIN),
                other => break other,
            }
        };
        Ok(match gone {
            Ok(Unmounted::Done) => Ok(()),
            Ok(Unmounted::Busy) => Err("it is in use".to_owned()),
            Ok(Unmounted::Another) => Err("something else was mounted meanwhile".to_owned()),
            Ok(Unmounted::NoAnswer) => Err("it did not end in time".to_owned()),
            Err(error) => Err(error.to_string()),
        })
    }

    /// Kills every client that was started here; or says what is left of them.
    pub(super) fn kill(&self) -> Result<(), String> {
        self.started.iter().try_for_each(|started| self.end(started))
    }

    fn end(&self, started: &Started) -> Result<(), String> {
        let unit = started.unit.as_deref();
        match client::end(&self.share, unit, started.begun, Deadline::after(CLIENT_END)) {
            Ok(Ending::Done) => Ok(()),
            Ok(Ending::Live) => Err("it lives on and cannot be killed".to_owned()),
            Ok(Ending::Unknown { waited }) => {
                Err(format!("whether it lives was not found out in {waited:?}"))
            }
            Ok(Ending::Unseen(unseen)) => {
                Err(format!("whether it lives cannot be seen: not to be looked at were {unseen}"))
            }
            Err(error) => Err(error.to_string()),
        }
    }
}
