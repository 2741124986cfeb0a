//! Who takes part: a guest with a disk of its own and one on the share, and what must not change under a command that changes nothing.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::table::{PLUG_AGAIN, Row};
use crate::guest::{Cache, Guest, Spec};
use crate::host::{Ended, Host, Output};
use crate::leases::{self, STATE};
use crate::mounts::Mount;
use crate::share::{self, Share};

/// Longer than any deadline of `SETTINGS`, on a loaded machine.
pub(super) const BOUND: Duration = Duration::from_secs(20);

/// How long it may take until something shows.
const SOON: Duration = Duration::from_secs(30);

pub(super) const SETTINGS: &str =
    "[deadlines]\nmount = \"3s\"\nprobe = \"1s\"\nunmount = \"2s\"\nhook = \"10s\"\n";

/// The guest's document, where everybody may read it.
const NEEDED: &str = "/run/commands.xml";

/// What is wrong with what a command did, if anything is.
pub(super) fn complaint(said: &Output, status: i32, parts: &[&str]) -> Option<String> {
    let text = in_one_line(&format!("{} {}", said.stdout_text(), said.stderr_text()));
    let lacks = parts.iter().find(|part| !text.contains(**part));
    if said.ended != Ended::Exit(status) {
        Some(format!("not exit status {status}: {said}"))
    } else if let Some(part) = lacks {
        Some(format!("no {part:?} in {said}"))
    } else if said.elapsed > BOUND {
        Some(format!("it took too long: {said}"))
    } else {
        None
    }
}

/// A page may break its lines anywhere, and has its columns.
fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Who takes part.
pub(super) struct Stage<'h> {
    pub(super) host: &'h Host,
    pub(super) share: Share<'h>,
    pub(super) guest: Guest<'h>,
}

/// What must not change under a command that changes nothing.
type Seen = (Vec<Mount>, String);

/// The file of the share's record, and what is in it when all is well.
pub(super) type Record = (String, String);

impl<'h> Stage<'h> {
    /// A guest that writes on a disk of the host's and on one of the share's.
    pub(super) fn set(host: &'h Host) -> Result<Self> {
        let share = Share::new(host, "commands")?;
        share::configure(host, SETTINGS, &[&share])?;
        share.image("more.img")?;
        let root = "/var/lib/libvirt/images/commands.img";
        host.command("truncate").args(["--size=16M", root]).done()?;
        let spec = Spec::named("commands")?
            .disk(root, Cache::Writeback)
            .disk(&share.image("data.img")?, Cache::None)
            .writes(9000, "0.1")
            .watches_for_disks();
        let guest = Guest::define(host, spec)?;
        guest.start_and_write(1)?;
        Ok(Self { host, share, guest })
    }

    pub(super) fn command(&self, words: &str) -> Result<Output> {
        self.host.command("virt-quobyte").args(words.split(' ')).run()
    }

    /// Its disks by their targets, as libvirt has them.
    fn disks(&self) -> Result<String> {
        Ok(self.guest.virsh("domblklist")?.stdout_text())
    }

    pub(super) fn seen(&self) -> Result<Seen> {
        // A libvirt that is down says nothing, before and after.
        let both = "domstate commands; domblklist commands";
        let told = self.host.command("virsh").arg(both).run()?.stdout_text();
        Ok((self.share.mounts()?, told))
    }

    /// Has all as it should be: the guest has its disk on the share, and writes on both. Gives what is recorded of that.
    pub(super) fn is_well(&self) -> Result<Record> {
        if self.disks()?.contains("vdc") {
            self.command("detach commands vdc")?.done()?;
        }
        if !self.disks()?.contains("vdb") {
            self.command(PLUG_AGAIN)?.done()?;
        }
        let state = self.guest.state()?;
        ensure!(state == "running", "the guest is {state}");
        self.share.is_mounted()?;
        leases::name(self.host, &self.guest)?;
        for disk in ["vda", "vdb"] {
            self.guest.wait_for_blocks_on(disk, self.guest.blocks(disk)? + 1)?;
        }
        self.host.write(NEEDED, self.guest.does_say("dumpxml", &[])?)?;
        let path = self.record()?;
        let text = self.host.read_text(&path)?;
        Ok((path, text))
    }

    /// Where the share's record is, or was before it was put aside. Both that and the mount point are named by the share's key.
    pub(super) fn record(&self) -> Result<String> {
        let mount_point = self.share.mount_point();
        let key = mount_point.rsplit('/').next().context("a mount point has a name")?;
        Ok(format!("{STATE}/{key}.json"))
    }

    /// Puts back what was recorded, and takes away what was put aside meanwhile.
    pub(super) fn remember(&self, (path, text): &Record) -> Result<()> {
        let aside = ["-maxdepth", "1", "-name", "*.damaged-*", "-delete"];
        self.host.command("find").arg(STATE).args(aside).done()?;
        self.host.write(path, text)
    }

    /// `seen` is what was seen last, if it still holds.
    pub(super) fn try_row(
        &self,
        (command, status, parts): Row,
        seen: &mut Option<Seen>,
    ) -> Result<(Duration, Option<String>)> {
        let before = match seen.take() {
            Some(seen) => seen,
            None => self.seen()?,
        };
        let said = self.command(command)?;
        let mut complaint = complaint(&said, status, parts);
        let verbs = ["mount ", "umount ", "attach ", "detach "];
        let is_done = status == 0 || parts.iter().any(|part| part.contains("has let go of"));
        if !(is_done && verbs.iter().any(|verb| command.starts_with(verb))) {
            let after = self.seen()?;
            if before != after {
                complaint.get_or_insert_with(|| format!("it was {before:?} and is {after:?}"));
            }
            *seen = Some(after);
        }
        Ok((said.elapsed, complaint))
    }

    /// What somebody gets who runs this at a terminal and types that.
    pub(super) fn typed_at_a_terminal(&self, command: &str, typed: &str) -> Result<Output> {
        let words = ["--quiet", "--return", "--command", command, "/dev/null"];
        self.host.command("script").args(words).stdin(typed).run()
    }

    pub(super) fn kill_clients(&self) -> Result<()> {
        // None is left where an earlier one was killed.
        let _killed = self.host.command("pkill").args(["-KILL", "-x", "mount.quobyte"]).run()?;
        Ok(())
    }

    /// Moves what was not moved yet.
    pub(super) fn moved(&self, from: &str, to: &str) -> Result<()> {
        let from = self.host.outside(from);
        if !from.exists() {
            return Ok(());
        }
        fs::rename(&from, self.host.outside(to)).with_context(|| from.display().to_string())
    }

    /// How many blocks of the disk on the share the guest could not write.
    pub(super) fn failures(&self) -> Result<usize> {
        let console = self.guest.console()?;
        let is_one = |line: &&str| line.starts_with("guest: vdb ") && line.contains(" failed");
        Ok(console.lines().filter(is_one).count())
    }

    pub(super) fn until(&self, reached: impl Fn() -> Result<bool>, what: &str) -> Result<()> {
        let until = Instant::now() + SOON;
        while !reached()? {
            let state = self.guest.state()?;
            ensure!(Instant::now() < until, "it is not so that {what}; the guest is {state}");
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}
