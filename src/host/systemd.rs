//! systemd, asked through its own programs.
//!
//! A client that we start stays in libvirtd's control group unless it is moved: it would share the service's limits and be
//! at the mercy of its unit. In a scope of its own it is neither, and `systemctl status` shows it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::deadline::Deadline;
use super::program::{self, Run, StartError};

/// Whether systemd is this host's init: what `sd_booted(3)` looks at.
pub fn is_running() -> bool {
    Path::new("/run/systemd/system").is_dir()
}

/// The program and the arguments that start a command in a scope of its own.
///
/// `systemd-run` moves itself into the scope and then becomes the command, so the command's process id, environment and
/// outputs are those of what we started.
pub fn in_scope(
    unit: &str,
    description: &str,
    command: &Path,
    arguments: &[OsString],
) -> Option<(PathBuf, Vec<OsString>)> {
    let program = program::find("systemd-run")?;
    let mut all = program::arguments([
        OsStr::new("--scope"),
        // Without it a scope whose command failed would stay, and be in the way of the next of its name.
        OsStr::new("--collect"),
        OsStr::new("--quiet"),
        OsStr::new(&format!("--unit={unit}")),
        OsStr::new(&format!("--description={description}")),
        OsStr::new("--"),
        command.as_os_str(),
    ]);
    all.extend_from_slice(arguments);
    Some((program, all))
}

/// Whether at least one of these units is active; `None` if systemd does not say.
#[cfg(feature = "admin")]
pub fn is_any_active(units: &[&str], deadline: Deadline) -> Option<bool> {
    if !is_running() {
        return None;
    }
    let program = program::find("systemctl")?;
    let words: Vec<_> = ["is-active", "--quiet", "--"].iter().chain(units).collect();
    let run = program::run(&program, &words, deadline).ok()?;
    matches!(run.end, program::End::Exited(_)).then(|| run.succeeded())
}

/// Kills everything in a unit. Used on what did not do its work in time, so it is not asked politely.
pub fn kill(unit: &str, deadline: Deadline) -> Result<Run, StartError> {
    systemctl(&["kill", "--signal=SIGKILL", "--", unit], deadline)
}

/// Takes a unit away that has no process. systemd does that itself, but not if the process that asked for a scope was killed
/// before it was put there: seen with systemd 252, such a scope is "running" for good.
pub fn stop(unit: &str, deadline: Deadline) -> Result<Run, StartError> {
    systemctl(&["stop", "--", unit], deadline)
}

fn systemctl(arguments: &[&str], deadline: Deadline) -> Result<Run, StartError> {
    let program = program::find("systemctl").unwrap_or_else(|| PathBuf::from("/usr/bin/systemctl"));
    program::run(&program, arguments, deadline)
}

/// Waits until a unit has no process left; says no when the deadline is over.
///
/// The unit's control group goes when its last process does. Looking for the directory costs nothing, while asking systemd
/// costs a process each time.
pub fn wait_until_gone(unit: &str, deadline: Deadline) -> bool {
    const HIERARCHIES: &[&str] =
        &["/sys/fs/cgroup", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified"];
    let exists =
        || HIERARCHIES.iter().any(|top| Path::new(top).join("system.slice").join(unit).exists());
    while exists() {
        if deadline.is_over() {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5).min(deadline.left()));
    }
    true
}
