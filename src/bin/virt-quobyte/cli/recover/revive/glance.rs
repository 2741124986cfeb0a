//! How a share is that guests hold: seen without a word to libvirt, and without its lock wherever that will do.

use std::time::Duration;

use anyhow::Result;
use virt_quobyte::config::Settings;
use virt_quobyte::health::Health;
use virt_quobyte::host::deadline::Deadline;
use virt_quobyte::host::process;
use virt_quobyte::lease::{Holder, ShareRecord, StateDir, StateError};
use virt_quobyte::observe::{self, AskClient};
use virt_quobyte::share::ShareKey;
use virt_quobyte::watch::Seen;

/// How long it is waited for a share's lock before it counts as somebody else's turn.
const LOCK: Duration = Duration::from_millis(200);

/// Looks at a share where its record says that it is.
pub(in crate::cli) fn glance(key: &ShareKey, settings: &Settings, state: &StateDir) -> Seen {
    look(key, settings, state).unwrap_or_else(|error| Seen::Nothing(format!("{error:#}")))
}

fn look(key: &ShareKey, settings: &Settings, state: &StateDir) -> Result<Seen> {
    let boot = process::boot_id()?;
    let is_held = |record: &ShareRecord| {
        let mut holders = record.leases.iter().map(|lease| &lease.holder);
        record.boot_id == boot && holders.any(|holder| matches!(holder, Holder::Domain(_)))
    };
    let Some(record) = state.peek(key)?.filter(is_held) else { return Ok(Seen::Unheld) };
    let ask = AskClient::Until(Deadline::after(settings.deadlines.probe));
    let health = observe::mounted(&record.share(), ask)?.health;
    if health != Health::Absent {
        return Ok(Seen::Held(health));
    }
    // A guest that is being started holds its share before that is mounted, and whoever mounts it has the lock.
    let lock = match state.lock_to_look(key, Deadline::after(LOCK)) {
        Ok(lock) => lock,
        Err(StateError::Busy { .. }) => return Ok(Seen::Changing),
        Err(error) => return Err(error.into()),
    };
    let Some(record) = lock.read()?.filter(is_held) else { return Ok(Seen::Unheld) };
    Ok(match observe::mounted(&record.share(), AskClient::No)?.health {
        Health::Absent => Seen::Held(Health::Absent),
        // It has come just now, and the next look will ask it.
        _ => Seen::Changing,
    })
}
