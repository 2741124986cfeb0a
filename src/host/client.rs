//! Starts the Quobyte client, `mount.quobyte`.
//!
//! Its exit status proves nothing: it is said to be 0 without a mount at times, and 4 with the reason on stdout. What happened
//! is seen in the mount table and by a probe; this file only reports what the program did.

use std::ffi::OsString;
#[cfg(feature = "admin")]
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

#[cfg(feature = "admin")]
use nix::fcntl::{OFlag, open};
#[cfg(feature = "admin")]
use nix::sys::stat::Mode;

use super::deadline::Deadline;
#[cfg(feature = "admin")]
use super::process;
#[cfg(feature = "admin")]
use super::processes::clients::{self, Client};
use super::processes::{self, Ending, LookError};
use super::program::{self, End, Run, StartError};
use super::systemd;
use crate::share::Share;

/// The client's name, where the configuration names no program.
const NAME: &str = "mount.quobyte";

/// Where the client runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In a systemd scope of this name.
    Scope(String),
    /// In the caller's control group.
    Here,
}

/// A client that did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// It is not installed.
    #[error("the Quobyte client {NAME} is not in {searched}; install it or set client.program", searched = program::searched())]
    NotFound,
    /// systemd-run is not installed.
    #[error("systemd-run is not in {searched}; install it or set client.isolation = \"none\"", searched = program::searched())]
    NoSystemdRun,
    /// It could not be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// It failed, or did not return.
    #[error("the client {} {end}{}", program.display(), said.as_deref().map(|said| format!(" and said: {said}")).unwrap_or_default())]
    Failed {
        /// The client.
        program: PathBuf,
        /// How it ended.
        end: End,
        /// The end of what it wrote, escaped.
        said: Option<String>,
    },
}

/// The first of the client's arguments, which no other mount's client has.
///
/// The export and the mount point cannot be taken for options: the one does not begin with '-', the other begins with '/'.
pub(super) fn own_arguments(share: &Share) -> [&str; 3] {
    ["--disable-xattrs", share.export.as_str(), share.mount_point.as_str()]
}

fn arguments(share: &Share, config: Option<&Path>) -> Vec<OsString> {
    let mut all: Vec<OsString> = own_arguments(share).map(OsString::from).into();
    if let Some(config) = config {
        all.push("-c".into());
        all.push(config.into());
    }
    all.extend(share.options.iter().map(OsString::from));
    all
}

/// The client's program: the configured one, or the one in the fixed list of directories.
pub fn program(configured: Option<&Path>) -> Option<PathBuf> {
    configured.map(Path::to_owned).or_else(|| program::find(NAME))
}

/// Has the client say its version. That it calls this an error proves nothing: it does so at times.
#[cfg(feature = "admin")]
pub fn version(client: &Path, deadline: Deadline) -> Result<Run, StartError> {
    program::run(client, &["--version"], deadline)
}

/// The clients that run for these shares, each as far as it can be found: one that was started by us, that is.
#[cfg(feature = "admin")]
pub fn running(shares: &[&Share], deadline: Deadline) -> Result<Vec<Option<Client>>, LookError> {
    let wanted = shares.iter().map(|share| own_arguments(share).map(str::to_owned).to_vec());
    let wanted: Vec<Vec<String>> = wanted.collect();
    clients::started_with(&wanted, deadline)
}

/// Has a client that runs say its version: by its own program, also if that was replaced meanwhile. `None` if it has ended.
///
/// The program is held before the process is looked at once more: if it is still the same, then so is what is run here, whoever
/// gets its number meanwhile.
#[cfg(feature = "admin")]
pub fn version_of(running: &Client, deadline: Deadline) -> Option<Result<Run, StartError>> {
    let held = open(
        format!("/proc/{}/exe", running.pid).as_str(),
        OFlag::O_PATH | OFlag::O_CLOEXEC,
        Mode::empty(),
    )
    .ok()?;
    (process::start_time(running.pid) == Some(running.started)).then(|| {
        let own = format!("/proc/{}/fd/{}", std::process::id(), held.as_raw_fd());
        version(Path::new(&own), deadline)
    })
}

/// Runs the client for a share and waits until it has gone to the background.
pub fn mount(
    share: &Share,
    client: Option<&Path>,
    config: Option<&Path>,
    place: &Place,
    deadline: Deadline,
) -> Result<(), ClientError> {
    let client = self::program(client).ok_or(ClientError::NotFound)?;
    let arguments = arguments(share, config);
    let (program, arguments) = match place {
        Place::Here => (client.clone(), arguments),
        Place::Scope(unit) => {
            let description =
                format!("Quobyte client of the share {} on {}", share.name, share.mount_point);
            systemd::in_scope(unit, &description, &client, &arguments)
                .ok_or(ClientError::NoSystemdRun)?
        }
    };
    let run = program::run(&program, &arguments, deadline)?;
    if run.succeeded() { Ok(()) } else { Err(failed(client, &run)) }
}

/// Ends whatever a start of the client that went wrong has left running; it began then, in clock ticks since boot.
///
/// What started the client may have died, been killed or given up; the client went on. It must not mount anything later.
pub fn end(
    share: &Share,
    unit: Option<&str>,
    begun: u64,
    deadline: Deadline,
) -> Result<Ending, LookError> {
    if let Some(unit) = unit {
        // That it fails is the usual case: a scope goes with the last of its processes.
        let _usually_gone = systemd::kill(unit, deadline.at_most(deadline.left() / 2));
    }
    let ended = processes::end_all_with(&own_arguments(share), begun, deadline);
    if let Some(unit) = unit {
        let _usually_gone = systemd::stop(unit, deadline);
    }
    ended
}

fn failed(program: PathBuf, run: &Run) -> ClientError {
    ClientError::Failed { program, end: run.end, said: run.tail() }
}
