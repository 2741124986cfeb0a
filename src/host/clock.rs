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

/// A number that no later call on this host gives again, for names: microseconds since 1970.
pub fn moment() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros())
}
