//! Which processes live: the daemon that a lease was made under, and a domain's QEMU. Read from /proc, never from libvirt.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use super::deadline::Deadline;
use super::{program, sys};

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

/// The process of a domain's QEMU.
///
/// libvirt starts each with `-uuid UUID`. Every process on the host is looked at, so this is asked only about a lease whose
/// daemon is gone.
pub fn qemu_of(uuid: &str) -> io::Result<Option<u32>> {
    Ok(processes()?.find(|&pid| names_uuid(&command_line(pid), uuid)))
}

/// Kills every process that was started with these arguments in this order among its own, and waits until they are gone; says
/// no if some were not by the deadline.
///
/// That is how a client that goes to the background is found again when nobody noted its number: it keeps its command line,
/// and so does whatever started it.
pub fn end_all_with(arguments: &[&str], deadline: Deadline) -> io::Result<bool> {
    loop {
        let found = living_with(arguments)?;
        if found.is_empty() {
            return Ok(true);
        }
        for process in found {
            let _gone_meanwhile = sys::kill_pidfd(&process);
            if !program::readable(&process, deadline)? {
                return Ok(false);
            }
        }
    }
}

/// The processes that have these arguments; if there is one, at least one is found.
///
/// A client on its way to the background makes a process and ends, so a listing of all processes can miss both: the new one
/// was not there yet when it was made, and the old one is gone when its turn comes. So the numbers that were given out since
/// then are looked at too, until none is: what lives now was made before the last look at its number.
fn living_with(arguments: &[&str]) -> io::Result<Vec<OwnedFd>> {
    let mut newest = newest_pid()?;
    let look = |pids: &mut dyn Iterator<Item = u32>| -> Vec<OwnedFd> {
        pids.filter_map(|pid| has_arguments(pid, arguments)).collect()
    };
    let mut found = look(&mut processes()?);
    while found.is_empty() {
        let now = newest_pid()?;
        found = if now >= newest {
            look(&mut (newest.saturating_sub(IN_THE_MAKING)..=now))
        } else {
            // The numbers have begun again from below.
            look(&mut processes()?)
        };
        if now == newest {
            break;
        }
        newest = now;
    }
    Ok(found)
}

/// A process has its number a little before it can be seen: so many numbers before the newest one are looked at again.
const IN_THE_MAKING: u32 = 512;

/// The last process number that was given out, threads' numbers included.
fn newest_pid() -> io::Result<u32> {
    let loadavg = fs::read_to_string("/proc/loadavg")?;
    let last = loadavg.split_ascii_whitespace().last().and_then(|last| last.parse().ok());
    last.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "/proc/loadavg has another form"))
}

/// The process of this number, if it has these arguments.
fn has_arguments(pid: u32, arguments: &[&str]) -> Option<OwnedFd> {
    let has_them = || names_arguments(&command_line_once_there(pid), arguments);
    // Through a descriptor, and asked again once we have it: the number may belong to another process by now.
    if has_them() { sys::pidfd(pid).ok().filter(|_| has_them()) } else { None }
}

/// A process's arguments. One that is just becoming another program has none for a moment, and is waited for.
fn command_line_once_there(pid: u32) -> Vec<u8> {
    for _ in 0..IN_EXEC {
        let line = command_line(pid);
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

pub(super) fn processes() -> io::Result<impl Iterator<Item = u32>> {
    let listing = fs::read_dir("/proc")?;
    Ok(listing.filter_map(|process| process.ok()?.file_name().to_str()?.parse().ok()))
}

/// A process's arguments, each ended by a zero byte; nothing for one that has ended meanwhile.
pub(super) fn command_line(pid: u32) -> Vec<u8> {
    fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default()
}

fn names_arguments(command_line: &[u8], arguments: &[&str]) -> bool {
    let words: Vec<&[u8]> = command_line.split(|&b| b == 0).collect();
    words
        .windows(arguments.len())
        .any(|run| run.iter().zip(arguments).all(|(a, b)| *a == b.as_bytes()))
}

fn names_uuid(command_line: &[u8], uuid: &str) -> bool {
    let mut arguments = command_line.split(|&b| b == 0);
    arguments.any(|argument| argument == b"-uuid")
        && arguments.next().is_some_and(|value| value.eq_ignore_ascii_case(uuid.as_bytes()))
}

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
    fn processes_are_ended_by_their_arguments_and_no_others() {
        use std::process::Command;
        let mark = format!("mark-{}", std::process::id());
        let start = |mark: &str| {
            Command::new("/bin/sh")
                .args(["-c", "read never", "x", mark, "y"])
                .stdin(std::process::Stdio::piped())
                .spawn()
        };
        let mut meant = start(&mark).expect("there is a sh");
        let mut other = start(&format!("{mark}-other")).expect("there is a sh");
        let soon = Deadline::after(Duration::from_secs(10));
        assert!(end_all_with(&[&mark, "y"], soon).expect("a readable /proc"));
        assert!(!meant.wait().expect("it ended").success());
        assert!(other.try_wait().expect("asked").is_none(), "another process was ended");
        other.kill().and_then(|()| other.wait()).expect("it can be killed");
        assert!(!names_arguments(b"a\0b\0c\0", &["a", "c"]));
    }

    #[test]
    fn processes_that_go_on_in_their_children_are_ended_too() {
        use std::process::{Command, Stdio};
        let soon = || Deadline::after(Duration::from_secs(10));
        for round in 0..20 {
            let mark = format!("chain-{}-{round}", std::process::id());
            // Each process makes the next one and ends, as a client on its way to the background does, but 200 times.
            let script =
                "next() { [ $1 -gt 0 ] && { next $(($1 - 1)) & exit; }; read never; }; next 200";
            let mut first = Command::new("/bin/sh")
                .args(["-c", script, "x", &mark, "y"])
                .stdin(Stdio::piped())
                .spawn()
                .expect("there is a sh");
            std::thread::sleep(Duration::from_millis(round));
            assert!(end_all_with(&[&mark, "y"], soon()).expect("a readable /proc"));
            first.wait().expect("it ended");
            std::thread::sleep(Duration::from_millis(20));
            let left = processes().expect("a readable /proc");
            let left: Vec<u32> =
                left.filter(|&pid| has_arguments(pid, &[&mark, "y"]).is_some()).collect();
            assert_eq!(left, Vec::<u32>::new(), "round {round}");
        }
    }

    #[test]
    fn a_qemu_is_known_by_its_uuid_argument_only() {
        let uuid = "4dea22b3-1d52-d8f3-2516-782e98ab3fa0";
        for (line, is) in [
            ("qemu|-name|x|-uuid|4dea22b3-1d52-d8f3-2516-782e98ab3fa0|-S|", true),
            ("qemu|-uuid|4DEA22B3-1D52-D8F3-2516-782E98AB3FA0|", true),
            ("qemu|-name|4dea22b3-1d52-d8f3-2516-782e98ab3fa0|", false),
            ("qemu|-uuid|", false),
            ("", false),
        ] {
            assert_eq!(names_uuid(line.replace('|', "\0").as_bytes(), uuid), is, "{line:?}");
        }
    }
}
