//! The later look at a share that was kept mounted for a while: by a timer or a child of ours, not by libvirt.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use crate::config;
use crate::hold::{self, Known, Mode, Reconciled};
use crate::host::deadline::Deadline;
use crate::host::journal::Journal;
use crate::host::later;
use crate::lease::StateDir;
use crate::observe::AskClient;
use crate::share::{Share, ShareKey};

/// Which share to look at, and after how long: if these are the arguments of such a call. libvirt gives four, never these.
pub fn asked(arguments: &[OsString]) -> Option<(Duration, ShareKey)> {
    let texts: Vec<&str> = arguments.iter().map(|a| a.to_str()).collect::<Option<_>>()?;
    match texts.as_slice() {
        [later::NOW, key] => Some((Duration::ZERO, key.parse().ok()?)),
        [later::AFTER, delay, key] => {
            Some((Duration::from_millis(delay.parse().ok()?), key.parse().ok()?))
        }
        _ => None,
    }
}

/// Waits, and then unmounts the share if nobody has wanted it meanwhile. Whatever goes wrong is in the journal.
pub fn look_again(after: Duration, key: &ShareKey, config: Option<&Path>) {
    if !after.is_zero() {
        // Out of the daemon's session, so that a signal to that does not end the wait.
        let _leads_one_already = nix::unistd::setsid();
        std::thread::sleep(after);
    }
    if let Some(journal) = Journal::open("virt-quobyte-hook", &[("OPERATION", &"linger")]) {
        let _once = tracing::subscriber::set_global_default(journal);
    }
    let share = key.as_str();
    let settings = match config::load::settings(config) {
        Ok(settings) => settings,
        Err(error) => return tracing::error!(share, "the configuration is not usable: {error}"),
    };
    let state = match StateDir::open(&settings.state_dir) {
        Ok(Some(state)) => state,
        Ok(None) => return,
        Err(error) => return tracing::error!(share, "{error}"),
    };
    let deadline = Deadline::after(settings.deadlines.hook);
    let known = Known::default();
    match hold::reconcile(key, known, Mode::Apply, AskClient::No, &settings, &state, deadline) {
        Ok(None) => {}
        Ok(Some(Reconciled { failure: Some(cause), .. })) => tracing::warn!(share, "{cause}"),
        Ok(Some(Reconciled { share: Share { name, .. }, plan, .. })) => match plan.kept {
            None => tracing::info!(share, "share {name} has lingered and is not mounted any more"),
            Some(why) => tracing::info!(share, "share {name} stays mounted: {why}"),
        },
        Err(cause) => tracing::warn!(share, "{cause}"),
    }
}
