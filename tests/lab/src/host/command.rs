//! One command in a host: started in all of its namespaces, in a cgroup of its own, with a
//! deadline, its output in memory rather than in pipes (a daemon that keeps them open must not
//! stall the lab).

use std::ffi::{OsStr, OsString};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::capture::Capture;
use super::output::{Ended, Output};
use super::{Host, PATH};
use crate::cgroup::Cgroup;
use crate::stage::Stage;

/// For what answers at once on an idle machine.
const DEADLINE: Duration = Duration::from_secs(60);

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A command that is not started yet.
#[derive(Debug)]
pub(crate) struct HostCommand<'h> {
    host: &'h Host,
    words: Vec<OsString>,
    stdin: Vec<u8>,
    environment: Vec<(OsString, OsString)>,
    deadline: Duration,
}

impl<'h> HostCommand<'h> {
    pub(super) fn new(host: &'h Host, program: &str) -> Self {
        let words = vec![program.into()];
        Self { host, words, stdin: Vec::new(), environment: Vec::new(), deadline: DEADLINE }
    }

    pub(crate) fn arg(mut self, word: impl AsRef<OsStr>) -> Self {
        self.words.push(word.as_ref().to_owned());
        self
    }

    pub(crate) fn args(mut self, words: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.words.extend(words.into_iter().map(|word| word.as_ref().to_owned()));
        self
    }

    pub(crate) fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    pub(crate) fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Starts it and waits for its end, or kills it at its deadline.
    pub(crate) fn run(self) -> Result<Output> {
        self.start()?.wait()
    }

    /// Runs it and insists on exit status 0.
    pub(crate) fn succeeds(self) -> Result<Output> {
        self.run()?.success()
    }

    /// Runs it for what it does: insists on exit status 0 and drops what it says.
    pub(crate) fn done(self) -> Result<()> {
        self.run()?.done()
    }

    pub(crate) fn start(self) -> Result<Running> {
        let stdin = Capture::holding("stdin", &self.stdin)?;
        let (stdout, stderr) = (Capture::new("stdout")?, Capture::new("stderr")?);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let cgroup = self.host.commands.child(&number.to_string())?;
        let words = self.host.enter(&self.words);
        let child = Command::from(Stage::Within { cgroup: cgroup.clone(), command: words })
            .env_clear()
            .env("PATH", PATH)
            .env("HOME", "/root")
            .env("LC_ALL", "C.UTF-8")
            .envs(self.environment)
            .stdin(stdin.stdio()?)
            .stdout(stdout.stdio()?)
            .stderr(stderr.stdio()?)
            .spawn()
            .with_context(|| format!("cannot start {}", shown(&self.words)))?;
        let started = Instant::now();
        Ok(Running {
            words: self.words,
            child,
            cgroup,
            stdout,
            stderr,
            started,
            deadline: self.deadline,
        })
    }
}

/// A command that runs. Dropped, it is killed with all that it started in its cgroup.
#[must_use = "a command that nobody waits for is killed"]
#[derive(Debug)]
pub(crate) struct Running {
    words: Vec<OsString>,
    child: Child,
    cgroup: Cgroup,
    stdout: Capture,
    stderr: Capture,
    started: Instant,
    deadline: Duration,
}

impl Running {
    /// Whether it has ended by now.
    pub(crate) fn has_ended(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    pub(crate) fn wait(mut self) -> Result<Output> {
        let mut pause = Duration::from_millis(1);
        let ended = loop {
            if let Some(status) = self.child.try_wait()? {
                break Ended::from(status);
            }
            if self.started.elapsed() > self.deadline {
                self.cgroup.kill(Duration::from_secs(10))?;
                self.child.wait()?;
                break Ended::Late(self.deadline);
            }
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        };
        Ok(Output {
            command: shown(&self.words),
            ended,
            elapsed: self.started.elapsed(),
            stdout: self.stdout.bytes()?,
            stderr: self.stderr.bytes()?,
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            if let Err(error) = self.cgroup.kill(Duration::from_secs(10)) {
                eprintln!("lab: {}: {error:#}", shown(&self.words));
            }
            if let Err(error) = self.child.wait() {
                eprintln!("lab: {}: {error}", shown(&self.words));
            }
        }
        // Not empty where the command left a daemon behind: then it goes with the host.
        let _still_used = self.cgroup.remove();
    }
}

fn shown(words: &[OsString]) -> String {
    words.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
