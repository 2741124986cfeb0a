//! One guest of a host: defines it, starts and stops it in every way a guest can stop, and reads
//! what it says on its console. Takes nothing down by itself: after a failure, the state of things
//! is the evidence.

mod blocks;
mod cpio;
mod domain;
mod initramfs;
mod kernel;
mod unflushed;

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

use blocks::Reported;
pub(crate) use domain::{Bus, Cache, OnCrash, Spec};
pub(crate) use initramfs::install;
pub(crate) use unflushed::Found;
use unflushed::Said;

use crate::host::{Host, Output, Running};

/// A boot takes 3 s under emulation on an idle machine.
const BOOT: Duration = Duration::from_secs(90);

/// From the order to the end of the release hook.
const STOP: Duration = Duration::from_secs(60);

/// From what a guest says to when it can be read, and as long again.
const QUIET: Duration = Duration::from_millis(200);

/// A defined guest.
#[derive(Debug)]
pub(crate) struct Guest<'h> {
    host: &'h Host,
    spec: Spec,
}

impl<'h> Guest<'h> {
    pub(crate) fn define(host: &'h Host, spec: Spec) -> Result<Self> {
        let file = format!("/run/lab-{}.xml", spec.name());
        host.write(&file, spec.xml())?;
        host.command("virsh").args(["define", &file]).done()?;
        Ok(Self { host, spec })
    }

    /// One that the host had before it booted.
    pub(crate) fn known(host: &'h Host, spec: Spec) -> Self {
        Self { host, spec }
    }

    /// The same guest under the name that it has got.
    pub(crate) fn called(self, name: &str) -> Self {
        Self { spec: self.spec.called(name), ..self }
    }

    /// The same guest, defined on another host as well.
    pub(crate) fn defined_on<'o>(&self, host: &'o Host) -> Result<Guest<'o>> {
        Guest::define(host, self.spec.clone())
    }

    pub(crate) fn xml(&self) -> String {
        self.spec.xml()
    }

    /// The same guest, as another host has it.
    pub(crate) fn on<'o>(&self, host: &'o Host) -> Guest<'o> {
        Guest { host, spec: self.spec.clone() }
    }

    pub(crate) fn host(&self) -> &'h Host {
        self.host
    }

    /// Whether its host's libvirt has heard of it.
    pub(crate) fn is_known(&self) -> Result<bool> {
        let all = self.host.command("virsh").args(["list", "--all", "--name"]).succeeds()?;
        Ok(all.stdout_text().lines().any(|line| line.trim() == self.name()))
    }

    pub(crate) fn name(&self) -> &str {
        self.spec.name()
    }

    /// Its disks, as it knows them.
    pub(crate) fn disk_names(&self) -> Vec<String> {
        self.spec.disk_names()
    }

    pub(crate) fn uuid(&self) -> &str {
        &self.spec.uuid
    }

    /// `virsh VERB NAME`, whatever comes of it.
    pub(crate) fn virsh(&self, verb: &str) -> Result<Output> {
        self.host.command("virsh").args([verb, self.name()]).run()
    }

    /// `virsh VERB NAME WORD...`, which has to succeed.
    pub(crate) fn does(&self, verb: &str, words: &[&str]) -> Result<()> {
        self.does_say(verb, words).map(drop)
    }

    /// What `virsh VERB NAME WORD...` answers.
    pub(crate) fn does_say(&self, verb: &str, words: &[&str]) -> Result<String> {
        let asked = self.host.command("virsh").args([verb, self.name()]).args(words).succeeds()?;
        Ok(asked.stdout_text())
    }

    /// Starts it and insists.
    pub(crate) fn start(&self) -> Result<()> {
        self.virsh("start")?.done()
    }

    /// Starts it and does not wait.
    pub(crate) fn starting(&self) -> Result<Running> {
        self.host.command("virsh").args(["start", self.name()]).start()
    }

    /// Starts it and waits until it has written so many blocks on each of its disks.
    pub(crate) fn start_and_write(&self, blocks: usize) -> Result<()> {
        self.start()?;
        self.wait_for_blocks(blocks)
    }

    pub(crate) fn state(&self) -> Result<String> {
        Ok(self.virsh("domstate")?.success()?.stdout_text().trim().to_owned())
    }

    /// Kills the QEMU process, as the kernel's memory killer would.
    pub(crate) fn kill_qemu(&self) -> Result<()> {
        let pid = self.host.read_text(format!("/run/libvirt/qemu/{}.pid", self.name()))?;
        self.host.command("kill").args(["-KILL", pid.trim()]).done()
    }

    /// Waits until libvirt has seen its end; it answers only after its release hook.
    pub(crate) fn wait_until_off(&self) -> Result<()> {
        self.wait_for_state("shut off")
    }

    pub(crate) fn wait_for_state(&self, wanted: &str) -> Result<()> {
        let until = Instant::now() + STOP;
        loop {
            let state = self.state()?;
            if state == wanted {
                return Ok(());
            }
            ensure!(
                Instant::now() < until,
                "guest {} is still {state} after {STOP:?}",
                self.name()
            );
            thread::sleep(Duration::from_millis(100));
        }
    }

    pub(crate) fn console(&self) -> Result<String> {
        self.host.read_text(&self.spec.console)
    }

    /// How many blocks of a disk it has reported.
    pub(crate) fn blocks(&self, disk: &str) -> Result<usize> {
        Ok(Reported::on(&self.console()?, disk).count())
    }

    /// How long its console is once it says nothing more: somebody else writes it down.
    pub(crate) fn has_said(&self) -> Result<usize> {
        let mut length = self.console()?.len();
        loop {
            thread::sleep(QUIET);
            let now = self.console()?.len();
            if now == length {
                return Ok(length);
            }
            length = now;
        }
    }

    /// Waits until each of its disks has so many blocks more than at `length` of its console, and has flushed since.
    pub(crate) fn writes_and_flushes_after(&self, length: usize, blocks: usize) -> Result<()> {
        let disks = self.spec.disk_names();
        self.wait_until(&format!("to write {blocks} blocks on {disks:?} and flush"), |console| {
            let since = console.get(length..).unwrap_or_default();
            disks.iter().all(|disk| {
                unflushed::written(since, disk) >= blocks && unflushed::flushes(since, disk) > 0
            })
        })
    }

    /// Waits until it has come up for a second time, and written.
    pub(crate) fn wait_for_another_boot(&self) -> Result<()> {
        self.wait_until("to come up again", |console| {
            let ups: Vec<_> = console.match_indices("guest: up").map(|(at, _)| at).collect();
            let last = ups.last().copied().unwrap_or_default();
            ups.len() > 1 && Reported::on(&console[last..], "vda").count() > 2
        })
    }

    /// Waits until the guest says `word` on its console.
    pub(crate) fn wait_for(&self, word: &str) -> Result<()> {
        self.wait_until(&format!("to say {word:?}"), |console| console.contains(word))
    }

    /// Waits until so many blocks are flushed on each of its disks.
    pub(crate) fn wait_for_blocks(&self, blocks: usize) -> Result<()> {
        let disks = self.spec.disk_names();
        self.wait_until(&format!("to write {blocks} blocks on {disks:?}"), |console| {
            disks.iter().all(|disk| Reported::on(console, disk).count() >= blocks)
        })
    }

    /// Waits until so many blocks are flushed on one disk, which it may have got while it ran.
    pub(crate) fn wait_for_blocks_on(&self, disk: &str, blocks: usize) -> Result<()> {
        self.wait_until(&format!("to write {blocks} blocks on {disk}"), |console| {
            Reported::on(console, disk).count() >= blocks
        })
    }

    /// Waits until what it says comes to what a scenario wants.
    pub(crate) fn wait_for_more(&self, reached: impl Fn(&str) -> bool) -> Result<()> {
        self.wait_until("to say what it should", reached)
    }

    /// How many blocks of a disk a console reports.
    pub(crate) fn blocks_in(console: &str, disk: &str) -> usize {
        Reported::on(console, disk).count()
    }

    /// Holds what a console reports of `disk` against an image, a path of this machine.
    pub(crate) fn verify_said(console: &str, disk: &str, image: &Path) -> Result<usize> {
        Reported::on(console, disk).verify(disk, image)
    }

    /// Holds what the guest reported of `disk` against the image, a path of this machine.
    pub(crate) fn verify(&self, disk: &str, image: &Path) -> Result<usize> {
        Reported::on(&self.console()?, disk).verify(disk, image)
    }

    /// Holds what the guest said of `disk`, which lost its client when its console was so long each time, against the image, a path
    /// of this machine.
    pub(crate) fn find(&self, disk: &str, deaths: &[usize], image: &Path) -> Result<Found> {
        Said::on(&self.console()?, disk, deaths).find(disk, image)
    }

    fn wait_until(&self, what: &str, reached: impl Fn(&str) -> bool) -> Result<()> {
        let until = Instant::now() + BOOT;
        loop {
            let console = self.console()?;
            if reached(&console) {
                return Ok(());
            }
            if Instant::now() > until {
                let tail: Vec<_> = console.lines().rev().take(8).collect();
                let tail: Vec<_> = tail.into_iter().rev().collect();
                let state = self.state().unwrap_or_else(|error| format!("{error:#}"));
                bail!(
                    "guest {} ({state}) failed {what} in {BOOT:?}; its console ends:\n{}",
                    self.name(),
                    tail.join("\n")
                );
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
}
