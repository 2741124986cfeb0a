//! Single processes, and this boot: what /proc says of them at once, whatever state they are in.

use std::fs;
use std::io::{self, Read};

/// This boot's id.
pub fn boot_id() -> io::Result<String> {
    Ok(fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim_end().to_owned())
}

/// What the kernel says of a process without taking a lock of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Its command's name, of which the kernel keeps fifteen bytes.
    pub command: String,
    /// The process that started it, or who has inherited it.
    pub parent: u32,
    /// When it started, in clock ticks since boot.
    pub start_time: u64,
}

/// Looks at a process; `None` if there is none of this number.
pub fn look(pid: u32) -> Option<Seen> {
    // A file of /proc says that it is empty, and would be read by little pieces.
    let mut stat = Vec::with_capacity(1024);
    fs::File::open(format!("/proc/{pid}/stat")).ok()?.read_to_end(&mut stat).ok()?;
    seen(&stat)
}

/// When a process started, in clock ticks since boot; `None` if there is no such process.
///
/// Together with the number it tells a process apart from a later one that got its number.
pub fn start_time(pid: u32) -> Option<u64> {
    look(pid).map(|seen| seen.start_time)
}

fn seen(stat: &[u8]) -> Option<Seen> {
    // The second field is the command's name in brackets, and may hold anything, brackets and blanks too.
    let opens = stat.iter().position(|&b| b == b'(')?;
    let closes = stat.iter().rposition(|&b| b == b')')?;
    let command = String::from_utf8_lossy(stat.get(opens + 1..closes)?).into_owned();
    // A blank comes before the third field.
    let fields: Vec<&[u8]> = stat[closes + 1..].split(|&b| b == b' ').collect();
    let field = |number: usize| std::str::from_utf8(fields.get(number - 2)?).ok();
    Some(Seen { command, parent: field(4)?.parse().ok()?, start_time: field(22)?.parse().ok()? })
}

/// Whether a process was started at this time or later, in clock ticks since boot; of one that is gone it is not said.
pub(super) fn is_started_since(pid: u32, ticks: u64) -> bool {
    start_time(pid).is_some_and(|started| started >= ticks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::clock;

    #[test]
    fn a_name_with_brackets_and_blanks_does_not_move_the_fields() {
        let rest = "S 7 6 6 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4711 8 9";
        for command in ["libvirtd", "a) S 1 (b", ""] {
            let expected = Seen { command: command.to_owned(), parent: 7, start_time: 4711 };
            assert_eq!(seen(format!("12 ({command}) {rest}\n").as_bytes()), Some(expected));
        }
        assert_eq!(seen(b"12 (cut off) S 7 6"), None);
        assert_eq!(seen(b""), None);
    }

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
    fn a_process_is_told_from_those_before_it_by_the_clock_that_nobody_sets() {
        let start =
            || std::process::Command::new("sleep").arg("60").spawn().expect("there is a sleep");
        let mut earlier = start();
        std::thread::sleep(std::time::Duration::from_millis(30));
        let begun = clock::ticks();
        let mut later = start();
        assert!(!is_started_since(earlier.id(), begun) && is_started_since(later.id(), begun));
        assert!(is_started_since(earlier.id(), 0));
        for child in [&mut earlier, &mut later] {
            child.kill().and_then(|()| child.wait()).expect("it can be killed");
        }
        assert!(!is_started_since(later.id(), 0), "it is gone");
    }
}
