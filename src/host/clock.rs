//! What time it is.

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970. A clock before that counts as 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// How long this boot has lasted, by the clock that systemd stamps its units with. Nobody sets that clock.
#[cfg(feature = "admin")]
pub fn since_boot() -> std::io::Result<std::time::Duration> {
    use nix::time::{ClockId, clock_gettime};
    Ok(clock_gettime(ClockId::CLOCK_MONOTONIC)?.into())
}

/// A text for names that no other process of this host gives, now or later: microseconds since 1970, and the process. Hooks of two
/// shares start at the same moment when a host boots.
pub fn unique() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
    format!("{now:x}-{:x}", std::process::id())
}
