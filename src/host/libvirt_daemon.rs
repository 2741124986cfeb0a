//! The daemons of libvirt that run hooks for QEMU guests, as systemd knows them.

use std::time::Duration;

use super::deadline::Deadline;
use super::{program, systemd};

/// The one daemon for everything, and the one for QEMU where each driver has its own.
const UNITS: [&str; 2] = ["libvirtd.service", "virtqemud.service"];

/// A daemon that this host has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Daemon {
    /// Its unit.
    pub unit: String,
    /// Whether it runs.
    pub runs: Runs,
    /// Its main process, if it runs.
    pub pid: Option<u32>,
    /// When it was last started or reloaded, which is when it looks for hooks: on the clock of
    /// [`since_boot`](super::clock::since_boot).
    pub looked: Option<Duration>,
}

/// Whether a daemon runs. virtqemud ends when it has nothing to do, and is started again by its socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runs {
    /// Now.
    Now,
    /// When it is needed.
    Later,
}

/// The daemons of this host; `None` if systemd does not say.
pub fn installed() -> Option<Vec<Daemon>> {
    if !systemd::is_running() {
        return None;
    }
    let program = program::find("systemctl")?;
    // The state changes at a reload too: active, reloading, active.
    let properties = "--property=Id,LoadState,ActiveState,MainPID,StateChangeTimestampMonotonic";
    let words = ["show", properties, "--"];
    let words: Vec<_> = words.into_iter().chain(UNITS).collect();
    let run = program::run(&program, &words, Deadline::after(Duration::from_secs(5))).ok()?;
    run.succeeded().then(|| read(&String::from_utf8_lossy(&run.output)))
}

/// One paragraph a unit, one property a line.
fn read(shown: &str) -> Vec<Daemon> {
    let units = shown.split("\n\n").filter_map(|unit| {
        let property =
            |name: &str| unit.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        let runs = match (property("LoadState")?, property("ActiveState")?) {
            ("loaded", "active" | "reloading" | "activating") => Runs::Now,
            ("loaded", _) => Runs::Later,
            _ => return None,
        };
        let number = |name| property(name)?.parse::<u64>().ok().filter(|&number| number > 0);
        let now = runs == Runs::Now;
        Some(Daemon {
            unit: property("Id")?.to_owned(),
            runs,
            pid: number("MainPID").and_then(|pid| u32::try_from(pid).ok()),
            looked: number("StateChangeTimestampMonotonic")
                .filter(|_| now)
                .map(Duration::from_micros),
        })
    });
    units.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daemon_that_is_not_installed_is_no_daemon() {
        let shown = "Id=libvirtd.service\nLoadState=loaded\nActiveState=active\nMainPID=812\n\
                     StateChangeTimestampMonotonic=4200000\n\n\
                     Id=virtqemud.service\nLoadState=not-found\nActiveState=inactive\nMainPID=0\n";
        let running = Daemon {
            unit: "libvirtd.service".to_owned(),
            runs: Runs::Now,
            pid: Some(812),
            looked: Some(Duration::from_millis(4200)),
        };
        assert_eq!(read(shown), [running]);
        let shown = "Id=libvirtd.service\nLoadState=masked\nActiveState=inactive\n\n\
                     ActiveState=inactive\nLoadState=loaded\nId=virtqemud.service\nMainPID=0\n\
                     StateChangeTimestampMonotonic=4200000\n";
        let waiting = Daemon {
            unit: "virtqemud.service".to_owned(),
            runs: Runs::Later,
            pid: None,
            looked: None,
        };
        assert_eq!(read(shown), [waiting]);
        assert_eq!(read(""), []);
    }
}
