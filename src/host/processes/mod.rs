//! Questions about all processes of this host, asked from a child process.
//!
//! To read a process's arguments or its memory maps, the kernel takes the lock of its memory. A process that waits for a storage
//! that hangs can have that lock for as long as it lives (an unmap of a dirty file does, and so a `ps` hangs on such a host), and
//! whoever reads then waits too. So a child of ours asks, until a deadline, and goes past a process that does not let itself be
//! looked at; the answer names those.

mod arguments;
#[cfg(feature = "admin")]
pub mod clients;
mod ending;
#[cfg(feature = "admin")]
mod finding;
mod patience;
mod qemus;
#[cfg(feature = "admin")]
pub mod storage;
pub mod users;

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs;
use std::process::Stdio;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::deadline::Deadline;
use super::own_child;
use super::program::StartError;

pub use ending::{Ending, end_all_with};
#[cfg(feature = "admin")]
pub(super) use finding::with_arguments;
pub use qemus::{Qemu, of_domains};

/// The option that makes this program look at the host's processes: with one operand, the question as JSON. In one, because
/// the arguments that are looked for must not be among the child's own.
pub(super) const OPTION: &str = "--look-at-processes";

/// A process, as far as a look at it that never waits shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its process id.
    pub pid: u32,
    /// Its command's name, of the process's own choice.
    pub command: String,
    /// The domain that it runs, if it is a QEMU of libvirt and its arguments could be read.
    pub domain: Option<String>,
}

/// The first few of some processes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Processes {
    first: Vec<Process>,
    more: usize,
}

/// A question that could not be asked, which says nothing about the processes.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// The child could not be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The child could not read what it had to.
    #[error("{0}")]
    Unreadable(String),
    /// The child died or said what it should not.
    #[error("the process that looked at the host's processes said {said:?}")]
    Answer {
        /// What it said.
        said: String,
    },
}

#[derive(Debug, Serialize, Deserialize)]
struct Asked<Q> {
    question: Q,
    within: Duration,
}

#[derive(Debug, Serialize, Deserialize)]
enum Question {
    Users(users::Question),
    Qemus(qemus::Question),
    End(ending::Question),
}

/// Has a child find an answer until the deadline; `None` if it did not.
///
/// The child has a little less time: what it has found by then is worth more than nothing.
fn ask<T: DeserializeOwned>(
    question: Question,
    deadline: Deadline,
) -> Result<Option<T>, LookError> {
    ask_as(OPTION, question, deadline)
}

fn ask_as<T: DeserializeOwned>(
    option: &str,
    question: impl Serialize,
    deadline: Deadline,
) -> Result<Option<T>, LookError> {
    let left = deadline.left();
    let within = left.saturating_sub((left / 4).min(Duration::from_millis(250)));
    let operand = serde_json::to_string(&Asked { question, within })
        .map_err(|error| LookError::Unreadable(error.to_string()))?;
    let asked = [OsStr::new(option), OsStr::new(&operand)];
    let Some(said) = own_child::ask(&asked, Stdio::null(), deadline)? else { return Ok(None) };
    match serde_json::from_str::<Result<T, String>>(&said) {
        Ok(Ok(answer)) => Ok(Some(answer)),
        Ok(Err(error)) => Err(LookError::Unreadable(error)),
        Err(_) => Err(LookError::Answer { said }),
    }
}

/// Looks, in the process that calls: only a child may. `None` if it was asked something else.
pub(super) fn answer(asked: &OsString) -> Option<String> {
    let Asked { question, within } = serde_json::from_str(asked.to_str()?).ok()?;
    let deadline = Deadline::after(within);
    match question {
        Question::Users(question) => spell(&users::answer(&question, deadline)),
        Question::Qemus(question) => spell(&qemus::answer(&question, deadline)),
        Question::End(question) => spell(&ending::answer(&question, deadline)),
    }
}

fn spell<T: Serialize>(answer: &std::io::Result<T>) -> Option<String> {
    let answer = answer.as_ref().map_err(|error| format!("cannot look at /proc: {error}"));
    serde_json::to_string(&answer).ok()
}

fn all() -> std::io::Result<impl Iterator<Item = u32>> {
    let listing = fs::read_dir("/proc")?;
    Ok(listing.filter_map(|process| process.ok()?.file_name().to_str()?.parse().ok()))
}

impl Process {
    /// Without a look at its arguments. It may have ended meanwhile.
    fn named(pid: u32) -> Self {
        let command = fs::read(format!("/proc/{pid}/comm")).unwrap_or_default();
        let command = String::from_utf8_lossy(&command).trim_end_matches('\n').to_owned();
        Self { pid, command, domain: None }
    }
}

impl Processes {
    /// How many are kept by name: an answer has room for so many, whatever they call themselves.
    const KEPT: usize = 24;

    /// How many are named in a sentence.
    const TOLD: usize = 8;

    fn of(pids: impl ExactSizeIterator<Item = u32>) -> Self {
        let more = pids.len().saturating_sub(Self::KEPT);
        Self { first: pids.take(Self::KEPT).map(Process::named).collect(), more }
    }

    /// One text each, and one for those that are not named.
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.first.iter().map(ToString::to_string).collect();
        if self.more > 0 {
            lines.push(format!("{} more", self.more));
        }
        lines
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.first.is_empty()
    }
}

/// "qemu-system-x86 (pid 7, domain web1)": escaped, because a process may call itself anything.
impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (pid {}", self.command.escape_debug(), self.pid)?;
        match &self.domain {
            Some(domain) => write!(f, ", domain {})", domain.escape_debug()),
            None => f.write_str(")"),
        }
    }
}

/// One after the other, and how many more.
impl fmt::Display for Processes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, process) in self.first.iter().take(Self::TOLD).enumerate() {
            write!(f, "{}{process}", if number == 0 { "" } else { ", " })?;
        }
        match self.more + self.first.len().saturating_sub(Self::TOLD) {
            0 => Ok(()),
            more => write!(f, ", {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_question_is_not_answered() {
        for asked in ["", "{}", "prepare", r#"{"question":"Users","within":{"secs":1,"nanos":0}}"#]
        {
            assert_eq!(answer(&asked.into()), None, "{asked}");
        }
    }

    #[test]
    fn the_first_few_are_named_and_the_rest_is_counted() {
        assert_eq!(Processes::default().to_string(), "");
        let own = std::process::id();
        let many = Processes::of(vec![own; 30].into_iter());
        let sentence = many.to_string();
        assert_eq!(sentence.matches(&format!("(pid {own})")).count(), 8, "{sentence}");
        assert!(sentence.ends_with(", 22 more"), "{sentence}");
        assert_eq!(many.lines().len(), 25);
        assert_eq!(many.lines()[24], "6 more");
        let process = Process { pid: 7, command: "a\u{1b}".into(), domain: Some("w\n".into()) };
        assert_eq!(process.to_string(), "a\\u{1b} (pid 7, domain w\\n)");
    }
}
