//! One start of a program, with a file on its standard input, from before the start until its end was seen.
//!
//! The standard library starts it by `posix_spawn`, which does not copy this process: neither way of a pair pays for the
//! bench's own size.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

/// A program to be started again and again.
#[derive(Debug)]
pub(crate) struct Call {
    /// The program and its arguments.
    pub(crate) line: Vec<OsString>,
    environment: Vec<(&'static str, PathBuf)>,
    stdin: PathBuf,
    well: &'static [i32],
    complaints: Complaints,
}

/// Whether what a program writes on its standard error is seen.
#[derive(Debug, Clone, Copy)]
enum Complaints {
    Shown,
    Dropped,
}

impl Call {
    pub(crate) fn new(program: &Path, arguments: &[&str], stdin: &Path) -> Self {
        let arguments = arguments.iter().map(OsString::from);
        Self {
            line: std::iter::once(program.into()).chain(arguments).collect(),
            // What libvirt gives a hook, and no more.
            environment: vec![
                ("LC_ALL", "C".into()),
                ("PATH", "/usr/sbin:/usr/bin:/sbin:/bin".into()),
            ],
            stdin: stdin.to_owned(),
            well: &[0],
            complaints: Complaints::Shown,
        }
    }

    #[must_use]
    pub(crate) fn with(mut self, variable: &'static str, value: PathBuf) -> Self {
        self.environment.push((variable, value));
        self
    }

    /// One that writes there whatever it does.
    #[must_use]
    pub(crate) fn unheard(mut self) -> Self {
        self.complaints = Complaints::Dropped;
        self
    }

    /// One whose exit status tells what it found.
    #[must_use]
    pub(crate) fn ending_well_with(mut self, well: &'static [i32]) -> Self {
        self.well = well;
        self
    }

    pub(crate) fn ends_well_with(&self, status: i32) -> bool {
        self.well.contains(&status)
    }

    /// A command line with this call's environment and input.
    pub(crate) fn command(&self, line: &[OsString]) -> Result<Command> {
        let stdin = File::open(&self.stdin)
            .with_context(|| format!("cannot read {}", self.stdin.display()))?;
        let (program, arguments) = line.split_first().context("an empty command line")?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(stdin)
            .stdout(Stdio::null());
        if let Complaints::Dropped = self.complaints {
            command.stderr(Stdio::null());
        }
        Ok(command)
    }

    /// Starts it.
    pub(crate) fn start(&self) -> Result<Child> {
        let mut command = self.command(&self.line)?;
        command.spawn().with_context(|| format!("cannot run {:?}", self.line))
    }

    /// Waits for the end of one that was started.
    pub(crate) fn finish(&self, mut started: Child) -> Result<()> {
        let status = started.wait().with_context(|| format!("cannot wait for {:?}", self.line))?;
        ensure!(
            status.code().is_some_and(|code| self.ends_well_with(code)),
            "{:?}: {status}",
            self.line
        );
        Ok(())
    }

    /// Runs it to its end.
    pub(crate) fn time(&self) -> Result<Duration> {
        let mut command = self.command(&self.line)?;
        let begun = Instant::now();
        let status = command.spawn().and_then(|mut child| child.wait());
        let took = begun.elapsed();
        let status = status.with_context(|| format!("cannot run {:?}", self.line))?;
        ensure!(
            status.code().is_some_and(|code| self.ends_well_with(code)),
            "{:?}: {status}",
            self.line
        );
        Ok(took)
    }
}
