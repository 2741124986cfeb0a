//! Single processes, and this boot: what /proc says of them at once, whatever state they are in.

use std::fs;
use std::io;
use std::time::Duration;

/// This boot's id.
pub fn boot_id() -> io::Result<String> {
    Ok(fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim_end().to_owned())
}

/// When a process started, in clock ticks since boot; `None` if there is no such process.
///
/// Together with the number it tells a process apart from a later one that got its number.
pub fn start_time(pid: u32) -> Option<u64> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the command's name in brackets, and may hold anything, brackets and blanks too.
    let after_name = &stat[stat.iter().rposition(|&b| b == b')')? + 1..];
    let field_22 = after_name.split(|&b| b == b' ').nth(20)?;
    std::str::from_utf8(field_22).ok()?.parse().ok()
}

/// Whether a process was started less than so long ago; of one that is gone it is not said.
pub(super) fn is_younger_than(pid: u32, age: Duration) -> bool {
    let uptime = fs::read_to_string("/proc/uptime").ok();
    let uptime = uptime.and_then(|text| text.split(' ').next()?.parse().ok());
    match (start_time(pid), uptime.map(Duration::try_from_secs_f64)) {
        (None, _) => false,
        (Some(started), Some(Ok(uptime))) => {
            uptime.saturating_sub(Duration::from_millis(started * TICK)) < age
        }
        (Some(_), _) => true,
    }
}

/// In milliseconds: `USER_HZ` is 100 wherever there is libvirt with QEMU.
const TICK: u64 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_living_process_has_a_start_time_that_stays_and_a_dead_one_has_none() {
        let mut child =
            std::process::Command::new("sleep").arg("60").spawn().expect("there is a sleep");
        let started = start_time(child.id());
        assert!(started.is_some_and(|ticks| ticks > 0));
        assert_eq!(start_time(child.id()), started);
        child.kill().and_then(|()| child.wait()).expect("it can be killed");
        assert_eq!(start_time(child.id()), None);
        assert_eq!(start_time(u32::MAX), None);
    }

    #[test]
    fn a_process_is_as_old_as_its_start_is_ago() {
        let mut child =
            std::process::Command::new("sleep").arg("60").spawn().expect("there is a sleep");
        let young = |milliseconds| is_younger_than(child.id(), Duration::from_millis(milliseconds));
        std::thread::sleep(Duration::from_millis(60));
        assert!(!young(0) && !young(20) && young(60_000));
        assert!(is_younger_than(child.id(), Duration::MAX));
        child.kill().and_then(|()| child.wait()).expect("it can be killed");
        assert!(!is_younger_than(child.id(), Duration::MAX), "it is gone");
    }
}
