//! The arguments that a process was started with. Only in a child's own thread: to read them can take for ever.

use std::fs;
use std::time::Duration;

/// A process's arguments, each ended by a zero byte; nothing for one that has ended meanwhile.
pub(super) fn of(pid: u32) -> Vec<u8> {
    fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default()
}

/// The same. One that is just becoming another program has none for a moment, and is waited for.
pub(super) fn once_there(pid: u32) -> Vec<u8> {
    for _ in 0..IN_EXEC {
        let line = of(pid);
        // A kernel thread, and a process that has ended, have no arguments and no program either.
        if !line.is_empty() || fs::read_link(format!("/proc/{pid}/exe")).is_err() {
            return line;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Vec::new()
}

/// How many milliseconds. A program can have emptied its arguments for good.
const IN_EXEC: u32 = 20;
