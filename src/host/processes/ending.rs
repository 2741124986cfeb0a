//! Ends the processes that were started with certain arguments.
//!
//! That is how a client that goes to the background is found again when nobody noted its number: it keeps its command line, and
//! so does whatever started it.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::patience::Lookers;
use super::{LookError, Processes, all, arguments, ask};
use crate::host::deadline::Deadline;
use crate::host::{process, program, sys};

/// What became of the processes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// There is none any more.
    Done,
    /// Some were killed and were still there at the deadline.
    Live,
    /// It was not found out until the deadline.
    Unknown {
        /// How long it was waited for.
        waited: Duration,
    },
    /// Those that were found have ended, but these could not be looked at and may be among them.
    Unseen(Processes),
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Question {
    arguments: Vec<String>,
    begun: u64,
}

/// Kills every process that was started with these arguments in this order among its own, and waits until they are gone.
///
/// None of them was started before `begun`, in clock ticks since boot. An older one with the same arguments serves guests: the client
/// that a share is about to get another one for.
pub fn end_all_with(
    arguments: &[&str],
    begun: u64,
    deadline: Deadline,
) -> Result<Ending, LookError> {
    let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
    let ending = ask(super::Question::End(Question { arguments, begun }), deadline)?;
    Ok(ending.unwrap_or(Ending::Unknown { waited: deadline.length() }))
}

pub(super) fn answer(question: &Question, deadline: Deadline) -> io::Result<Ending> {
    let (arguments, begun) = (question.arguments.clone(), question.begun);
    let mut lookers = Lookers::new(move |pid| started_since(pid, begun, &arguments));
    loop {
        let found = living(&mut lookers, deadline)?;
        if deadline.is_over() {
            return Ok(Ending::Unknown { waited: deadline.length() });
        }
        if found.is_empty() {
            break;
        }
        for process in found {
            let _gone_meanwhile = sys::kill_pidfd(&process);
            if !program::readable(&process, deadline)? {
                return Ok(Ending::Live);
            }
        }
    }
    let mut suspects: Vec<u32> = lookers.into_silent().into_iter().collect();
    suspects.retain(|&pid| process::is_started_since(pid, begun));
    if suspects.is_empty() {
        return Ok(Ending::Done);
    }
    Ok(Ending::Unseen(Processes::of(suspects.into_iter())))
}

/// The processes that are looked for; if there is one that can be looked at, at least one is found.
///
/// A client on its way to the background makes a process and ends, so a listing of all processes can miss both: the new one
/// was not there yet when it was made, and the old one is gone when its turn comes. So the numbers that were given out since
/// then are looked at too, until none is: what lives now was made before the last look at its number.
fn living(lookers: &mut Lookers<Option<OwnedFd>>, deadline: Deadline) -> io::Result<Vec<OwnedFd>> {
    let mut newest = newest_pid()?;
    let mut look = |pids: &mut dyn Iterator<Item = u32>| -> Vec<OwnedFd> {
        lookers.look_at(pids, deadline).into_iter().filter_map(|(_, process)| process).collect()
    };
    let mut found = look(&mut all()?);
    while found.is_empty() && !deadline.is_over() {
        let now = newest_pid()?;
        found = if now >= newest {
            look(&mut (newest.saturating_sub(IN_THE_MAKING)..=now))
        } else {
            // The numbers have begun again from below.
            look(&mut all()?)
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

/// The process of this number, if it was started since then and has these arguments.
///
/// The descriptor comes first: what is read then is either that process's, or the descriptor's process is gone. And a number that
/// only a thread has, or nobody, gives none.
fn started_since(pid: u32, begun: u64, arguments: &[String]) -> Option<OwnedFd> {
    let process = sys::pidfd(pid).ok()?;
    if !process::is_started_since(pid, begun) {
        return None;
    }
    names_arguments(&arguments::once_there(pid), arguments).then_some(process)
}

pub(super) fn names_arguments(command_line: &[u8], arguments: &[String]) -> bool {
    let words: Vec<&[u8]> = command_line.split(|&b| b == 0).collect();
    words
        .windows(arguments.len())
        .any(|run| run.iter().zip(arguments).all(|(a, b)| *a == b.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::clock;

    /// Asks as the child is asked.
    fn end(mark: &str, begun: u64, deadline: Deadline) -> Ending {
        let arguments = vec![mark.to_owned(), "y".to_owned()];
        answer(&Question { arguments, begun }, deadline).expect("a readable /proc")
    }

    #[test]
    fn processes_are_ended_by_their_arguments_and_no_others_nor_earlier_ones() {
        use std::process::Command;
        let mark = format!("mark-{}", std::process::id());
        let start = |mark: &str| {
            Command::new("/bin/sh")
                .args(["-c", "read never", "x", mark, "y"])
                .stdin(std::process::Stdio::piped())
                .spawn()
        };
        let mut earlier = start(&mark).expect("there is a sh");
        std::thread::sleep(Duration::from_millis(30));
        let begun = clock::ticks();
        let mut meant = start(&mark).expect("there is a sh");
        let mut other = start(&format!("{mark}-other")).expect("there is a sh");
        let soon = Deadline::after(Duration::from_secs(10));
        assert_eq!(end(&mark, begun, soon), Ending::Done);
        assert!(!meant.wait().expect("it ended").success());
        for (kept, name) in [(&mut other, "another"), (&mut earlier, "an earlier")] {
            assert!(kept.try_wait().expect("asked").is_none(), "{name} process was ended");
            kept.kill().and_then(|()| kept.wait()).expect("it can be killed");
        }
        assert!(!names_arguments(b"a\0b\0c\0", &["a".to_owned(), "c".to_owned()]));
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
            assert_eq!(end(&mark, 0, soon()), Ending::Done);
            first.wait().expect("it ended");
            std::thread::sleep(Duration::from_millis(20));
            let left = all().expect("a readable /proc");
            let left: Vec<u32> = left
                .filter(|&pid| started_since(pid, 0, &[mark.clone(), "y".to_owned()]).is_some())
                .collect();
            assert_eq!(left, Vec::<u32>::new(), "round {round}");
        }
    }
}
