//! What a command in a host did, and how it ended: the material of every judgement, and of every
//! failure's report.

use std::fmt::{self, Display};
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};

use crate::visible;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Exit(i32),
    Signal(i32),
    /// Killed at its deadline.
    Late(Duration),
}

impl From<ExitStatus> for Ended {
    fn from(status: ExitStatus) -> Self {
        status.code().map_or_else(|| Self::Signal(status.signal().unwrap_or_default()), Self::Exit)
    }
}

impl Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit(code) => write!(f, "exit status {code}"),
            Self::Signal(number) => write!(f, "ended by signal {number}"),
            Self::Late(deadline) => write!(f, "killed at its deadline of {deadline:?}"),
        }
    }
}

/// What a command did. Its `Display` is the whole story.
#[must_use = "what a command did is the point of running it"]
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) command: String,
    pub(crate) ended: Ended,
    pub(crate) elapsed: Duration,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

impl Output {
    pub(crate) fn stdout_text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub(crate) fn stderr_text(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    pub(crate) fn succeeded(&self) -> bool {
        self.ended == Ended::Exit(0)
    }

    /// Insists on exit status 0.
    pub(crate) fn success(self) -> Result<Self> {
        if self.succeeded() { Ok(self) } else { Err(anyhow!("{self}")) }
    }

    /// Insists on exit status 0; what it said does not matter.
    pub(crate) fn done(self) -> Result<()> {
        self.success().map(drop)
    }

    /// Insists on an exit status other than 0: neither a success, nor a death, nor a deadline.
    pub(crate) fn failure(self) -> Result<Self> {
        ensure!(
            matches!(self.ended, Ended::Exit(code) if code != 0),
            "should have failed, but: {self}"
        );
        Ok(self)
    }
}

impl Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "`{}`: {} after {:.2?}", self.command, self.ended, self.elapsed)?;
        for (name, bytes) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            // Escaped: a test may well be about what must not reach a terminal.
            for line in String::from_utf8_lossy(bytes).lines() {
                writeln!(f, "  {name}: {}", visible::line(line))?;
            }
        }
        Ok(())
    }
}
