//! Has this program called again after a while, by nobody who waits.
//!
//! Where systemd runs it is a transient timer; elsewhere a child that sleeps in a session of its own. Neither holds anything of
//! the caller's: not its pipes, and not the share's lock.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::deadline::Deadline;
use super::program::{self, StartError};

/// The option that makes this program look at a share again: now, with the share's key.
pub const NOW: &str = "--look-again";

/// The option that makes this program look at a share again: after so many milliseconds, with the share's key.
pub const AFTER: &str = "--look-again-after";

/// The variable that says which configuration to read: the later call is to read the same.
const CONFIG: &str = "VIRT_QUOBYTE_CONFIG";

/// By what means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Means {
    /// A transient systemd timer, of this name.
    Timer {
        /// Without a suffix.
        name: String,
    },
    /// A child that sleeps.
    Child,
}

/// A later call that could not be arranged.
#[derive(Debug, thiserror::Error)]
pub enum LaterError {
    /// systemd-run is not installed.
    #[error("systemd-run is not in {searched}; install it or set client.isolation = \"none\"", searched = program::searched())]
    NoSystemdRun,
    /// Which program this is cannot be found out.
    #[error("cannot read /proc/self/exe: {0}")]
    OwnPath(#[source] std::io::Error),
    /// It could not be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// systemd did not take it.
    #[error("systemd-run {end}{}", said.as_deref().map(|said| format!(" and said: {said}")).unwrap_or_default())]
    Refused {
        /// How it ended.
        end: program::End,
        /// What it said, escaped.
        said: Option<String>,
    },
}

/// How long systemd is waited for.
const TIMER: Duration = Duration::from_secs(5);

/// Arranges that the share of a key is looked at again after so long.
pub fn call(
    key: &str,
    delay: Duration,
    means: &Means,
    deadline: Deadline,
) -> Result<(), LaterError> {
    let this = std::env::current_exe().map_err(LaterError::OwnPath)?;
    let config = std::env::var_os(CONFIG);
    match means {
        Means::Timer { name } => timer(key, delay, name, this, config, deadline.at_most(TIMER)),
        Means::Child => child(key, delay, this, config),
    }
}

fn timer(
    key: &str,
    delay: Duration,
    name: &str,
    this: PathBuf,
    config: Option<OsString>,
    deadline: Deadline,
) -> Result<(), LaterError> {
    let program = program::find("systemd-run").ok_or(LaterError::NoSystemdRun)?;
    let mut arguments = program::arguments([
        OsStr::new("--quiet"),
        OsStr::new("--collect"),
        OsStr::new("--timer-property=AccuracySec=1s"),
        OsStr::new(&format!("--on-active={}ms", delay.as_millis())),
        OsStr::new(&format!("--unit={name}")),
        OsStr::new("--description=Unmounts a Quobyte share that nobody holds"),
    ]);
    if let Some(config) = config {
        let mut setting = OsString::from(format!("--setenv={CONFIG}="));
        setting.push(config);
        arguments.push(setting);
    }
    arguments.extend(["--".into(), this.into(), NOW.into(), key.into()]);
    let run = program::run(&program, &arguments, deadline)?;
    if run.succeeded() {
        return Ok(());
    }
    Err(LaterError::Refused { end: run.end, said: run.tail() })
}

fn child(
    key: &str,
    delay: Duration,
    this: PathBuf,
    config: Option<OsString>,
) -> Result<(), LaterError> {
    let mut command = Command::new(&this);
    command.args([AFTER, &delay.as_millis().to_string(), key]).env_clear();
    if let Some(config) = config {
        command.env(CONFIG, config);
    }
    program::in_root_directory(&mut command);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map(drop)
        .map_err(|source| StartError { program: this, source }.into())
}
