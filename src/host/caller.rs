//! The daemon that called this program: by itself, or through a script of the administrator's.

use super::process::{self, Seen};

/// How many scripts may be in between.
const FAR: usize = 8;

/// The init of a host or a container, which inherits whatever loses its parent.
const INIT: u32 = 1;

/// The process that started this one, as it was when it was asked for.
///
/// To be asked for first of all: a daemon can die at any time, and this process then has another parent, which will live for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller(u32);

/// Who called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Called {
    /// By this process, which started at this time.
    By {
        /// Its process id.
        pid: u32,
        /// When it started, in clock ticks since boot.
        start_time: u64,
    },
    /// By a process that is not there any more: nobody waits for an answer.
    ByNobody,
    /// By a process that cannot be seen from here.
    FromOutside,
}

impl Caller {
    /// The parent of this process.
    pub fn of_this_process() -> Self {
        Self(std::os::unix::process::parent_id())
    }

    /// Who it is, if it still is.
    pub fn who(self) -> Called {
        let called = daemon(self.0, process::look);
        // Looked at last: what was seen before was seen of this parent.
        if Self::of_this_process() == self { called } else { Called::ByNobody }
    }
}

/// The nearest daemon of libvirt that the call came from; where none is to be seen, the parent.
fn daemon(parent: u32, look: impl Fn(u32) -> Option<Seen>) -> Called {
    if parent == 0 {
        return Called::FromOutside;
    }
    let mut pid = parent;
    for _ in 0..FAR {
        let Some(seen) = look(pid) else { break };
        // What wraps a program may have put something before or behind its name.
        if ["libvirtd", "virtqemud"].iter().any(|name| seen.command.contains(name)) {
            return Called::By { pid, start_time: seen.start_time };
        }
        pid = seen.parent;
    }
    match look(parent) {
        Some(seen) if parent != INIT => Called::By { pid: parent, start_time: seen.start_time },
        _ => Called::ByNobody,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A process tree: number, parent and name; each started at ten times its number.
    fn called(parent: u32, processes: &[(u32, u32, &str)]) -> Called {
        daemon(parent, |pid| {
            let (_, parent, command) = processes.iter().find(|(known, ..)| *known == pid)?;
            let start_time = u64::from(pid) * 10;
            Some(Seen { command: (*command).to_owned(), parent: *parent, start_time })
        })
    }

    #[test]
    fn the_daemon_is_found_through_the_scripts_in_between() {
        let by = |pid: u32| Called::By { pid, start_time: u64::from(pid) * 10 };
        let host = [
            (1, 0, "systemd"),
            (20, 1, "libvirtd"),
            (21, 20, "qemu"),
            (22, 21, "sh"),
            (30, 1, "virtqemud"),
            (40, 1, ".libvirtd-wrapp"),
            (50, 1, "bash"),
        ];
        for (parent, expected) in [(20, 20), (21, 20), (22, 20), (30, 30), (40, 40), (50, 50)] {
            assert_eq!(called(parent, &host), by(expected), "{parent}");
        }
        let container = [(1, 0, "virtqemud"), (7, 1, "sh")];
        assert_eq!(called(1, &container), by(1));
        assert_eq!(called(7, &container), by(1));
    }

    #[test]
    fn whom_init_has_inherited_nobody_calls() {
        assert_eq!(called(1, &[(1, 0, "systemd")]), Called::ByNobody);
        assert_eq!(called(9, &[(1, 0, "systemd")]), Called::ByNobody);
        assert_eq!(called(0, &[(1, 0, "systemd")]), Called::FromOutside);
    }

    #[test]
    fn whoever_runs_this_test_is_its_caller() {
        let Called::By { start_time, .. } = Caller::of_this_process().who() else {
            panic!("this test was started by nobody");
        };
        assert!(start_time > 0);
    }
}
