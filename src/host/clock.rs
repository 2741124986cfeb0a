//! What time it is.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::time::{ClockId, clock_gettime};

/// Seconds since 1970. A clock before that counts as 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// How long this boot has lasted, by the clock that systemd stamps its units with. Nobody sets that clock.
#[cfg(feature = "admin")]
pub fn since_boot() -> std::io::Result<Duration> {
    Ok(clock_gettime(ClockId::CLOCK_MONOTONIC)?.into())
}

/// In clock ticks since boot, as /proc counts the start of a process. Nobody sets that clock, and it goes on while the host sleeps.
pub fn ticks() -> u64 {
    let since_boot =
        clock_gettime(ClockId::CLOCK_BOOTTIME).expect("Linux has had this clock since 2.6.39");
    u64::try_from(Duration::from(since_boot).as_millis()).unwrap_or(u64::MAX) / TICK
}

/// In milliseconds: `USER_HZ` is 100 wherever there is libvirt with QEMU.
const TICK: u64 = 10;

/// A text for names that no other process of this host gives, now or later: microseconds since 1970, and the process. Hooks of two
/// shares start at the same moment when a host boots.
pub fn unique() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
    format!("{now:x}-{:x}", std::process::id())
}
