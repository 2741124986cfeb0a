//! One booted host: a systemd of its own in mount, PID, UTS, IPC, network and cgroup namespaces of
//! its own. Boots it, runs commands in it and reads and writes its files. Knows nothing of guests,
//! shares or the product.

mod capture;
mod command;
mod devices;
mod files;
mod init;
mod namespaces;
mod network;
mod output;
mod units;

use std::ffi::{OsStr, OsString};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use nix::unistd::Pid;

use crate::cgroup::Cgroup;
use crate::image::Image;
use crate::lab::Lab;
use crate::stage::Stage;
use capture::Capture;
pub(crate) use command::{HostCommand, Running};
pub(crate) use init::init;
pub(crate) use namespaces::{Namespaces, supervise, unshared as namespaces};
pub(crate) use network::{LINK, join};
pub(crate) use output::{Ended, Output};

/// From the first process to `running`. Two loaded cores need a third of it.
const BOOT: Duration = Duration::from_secs(60);

/// How long the kernel may take to end all of a host's processes.
const END: Duration = Duration::from_secs(30);

/// The host's PATH: nothing of this machine's environment gets in.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Where what a host writes is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disk {
    /// In memory of its own: the next boot knows nothing of it.
    OfOneBoot,
    /// In the store that this process keeps: it outlives a boot, and the volumes are another host's too.
    InStore(Pid),
}

impl Disk {
    pub(crate) fn word(self) -> OsString {
        match self {
            Self::OfOneBoot => "none".into(),
            Self::InStore(keeper) => keeper.to_string().into(),
        }
    }

    pub(crate) fn parse(word: &OsStr) -> Result<Self, String> {
        match word.to_str() {
            Some("none") => Ok(Self::OfOneBoot),
            number => number
                .and_then(|number| number.parse().ok())
                .map(|pid| Self::InStore(Pid::from_raw(pid)))
                .ok_or_else(|| format!("no store: {}", word.display())),
        }
    }
}

/// A booted host. It ends with the lab.
#[derive(Debug)]
pub(crate) struct Host {
    name: String,
    init: Pid,
    namespaces: Namespaces,
    tree: Cgroup,
    commands: Cgroup,
    supervisor: Child,
    /// What the first steps said before systemd took over.
    told: Capture,
}

impl Host {
    /// Boots a host and waits until systemd says that it is running.
    pub(crate) fn boot(lab: &Lab, image: &Image, name: &str) -> Result<Self> {
        Self::boot_from(lab.tree(), image.dir(), name, Disk::OfOneBoot)
    }

    /// Boots a host whose own files are where `disk` says, below a lab's `tree`.
    pub(crate) fn boot_from(tree: &Cgroup, image: &Path, name: &str, disk: Disk) -> Result<Self> {
        let tree = tree.child(name)?;
        let told = Capture::new("boot")?;
        let supervise = Stage::Supervise { image: image.to_owned(), name: name.to_owned(), disk };
        let system = tree.child("system")?;
        let mut supervisor =
            Command::from(Stage::Within { cgroup: system, command: supervise.words() })
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(told.stdio()?)
                .spawn()
                .context("cannot start a host's supervisor")?;
        let mut answer = String::new();
        let pipe = supervisor.stdout.take().context("the supervisor has no pipe")?;
        BufReader::new(pipe).read_line(&mut answer).context("the supervisor's pipe")?;
        let Ok(pid) = answer.trim().parse() else {
            bail!("host {name} does not start: {}", told.text()?);
        };
        let init = Pid::from_raw(pid);
        let commands = tree.child("commands")?;
        let mut host = Self {
            name: name.to_owned(),
            init,
            namespaces: Namespaces::of(init)?,
            tree,
            commands,
            supervisor,
            told,
        };
        host.wait_until_running()?;
        Ok(host)
    }

    /// Ends the host at once, as a power cut would.
    pub(crate) fn end(mut self) -> Result<()> {
        self.cut_power()
    }

    /// The same for one that is to boot again in its place.
    pub(crate) fn cut_power(&mut self) -> Result<()> {
        self.tree.kill(END)?;
        self.supervisor.wait().context("the host's supervisor")?;
        self.tree.remove().with_context(|| format!("cannot remove {}", self.tree.path().display()))
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The host's namespaces: whatever lives in one of them is the host's.
    pub(crate) fn namespaces(&self) -> &Namespaces {
        &self.namespaces
    }

    /// Prepares a command in this host.
    pub(crate) fn command(&self, program: &str) -> command::HostCommand<'_> {
        command::HostCommand::new(self, program)
    }

    /// Runs `command`, or a shell, with the lab's own standard streams.
    pub(crate) fn interactive(&self, command: &[OsString]) -> Result<ExitStatus> {
        let shell = [OsString::from("/bin/bash"), "-l".into()];
        let command = if command.is_empty() { &shell } else { command };
        let term = std::env::var_os("TERM").unwrap_or_else(|| "dumb".into());
        let cgroup = self.commands.child("interactive")?;
        Command::from(Stage::Within { cgroup, command: self.enter(command) })
            .env_clear()
            .env("PATH", PATH)
            .env("HOME", "/root")
            .env("TERM", term)
            .status()
            .context("cannot enter the host")
    }

    /// The words that run `command` in all of the host's namespaces.
    fn enter(&self, command: &[OsString]) -> Vec<OsString> {
        let target = self.init.to_string();
        let mut words: Vec<OsString> =
            ["nsenter", "--all", "--target", &target, "--"].map(OsString::from).into();
        words.extend_from_slice(command);
        words
    }

    fn wait_until_running(&mut self) -> Result<()> {
        let until = Instant::now() + BOOT;
        loop {
            if let Some(status) = self.supervisor.try_wait()? {
                bail!("host {} ended while it booted: {status}: {}", self.name, self.told.text()?);
            }
            let asked = self.command("systemctl").arg("is-system-running").run()?;
            match asked.stdout_text().trim() {
                "running" => return Ok(()),
                "degraded" => {
                    let failed = self
                        .command("systemctl")
                        .args(["--failed", "--plain", "--no-legend"])
                        .run()?;
                    bail!("host {} boots with failed units:\n{}", self.name, failed.stdout_text());
                }
                _ if Instant::now() > until => {
                    let jobs = self.command("systemctl").arg("list-jobs").run()?;
                    bail!(
                        "host {} does not come up: {asked}\njobs: {}",
                        self.name,
                        jobs.stdout_text()
                    );
                }
                _ => thread::sleep(Duration::from_millis(50)),
            }
        }
    }
}
