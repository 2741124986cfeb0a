//! Who uses a mounted file system: the processes that keep it from being unmounted, found without a look at any file on it.
//!
//! A stat of an open file asks the file system, and one whose client is gone or silent does not answer. So a process's
//! descriptors are judged by the mount id that the kernel keeps of each (`fdinfo`, proc(5)), its memory maps by the device
//! number that stands in them, and its directories by their paths' text. The ids are those of the process's own mount
//! namespace: a QEMU of libvirt has one, in which our mount has another id, and the same device number.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::patience::Lookers;
use super::{Processes, all, arguments, ask};
use crate::host::deadline::Deadline;
use crate::mounts::{DeviceNumber, MountTable};

/// Who uses a mount, as far as that was found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Users {
    /// Every process was asked.
    Found(Found),
    /// There was no answer at all.
    Unknown {
        /// How long it was waited for.
        waited: Duration,
    },
    /// It could not be asked.
    NotAsked {
        /// Why.
        why: String,
    },
}

/// What the processes showed. Those that end meanwhile are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    users: Processes,
    /// Those that may use it or not, because they could not be looked at.
    unseen: Processes,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Question {
    major: u32,
    minor: u32,
}

/// The processes that use a file system. Whatever goes wrong is said instead: a name less is no reason to do anything else.
pub fn of(device: DeviceNumber, deadline: Deadline) -> Users {
    if !deadline.has_time_for_a_look() {
        return Users::NotAsked { why: "the time was over".to_owned() };
    }
    let DeviceNumber { major, minor } = device;
    match ask(super::Question::Users(Question { major, minor }), deadline) {
        Ok(Some(found)) => Users::Found(found),
        Ok(None) => Users::Unknown { waited: deadline.length() },
        Err(error) => Users::NotAsked { why: error.to_string() },
    }
}

/// The arguments are read last, and only of those that are named: a user that cannot be asked for them is still one.
pub(super) fn answer(question: &Question, deadline: Deadline) -> io::Result<Found> {
    let &Question { major, minor } = question;
    let device = DeviceNumber { major, minor };
    let mut lookers = Lookers::new(move |pid| uses(pid, device));
    let shown = lookers.look_at(all()?, deadline);
    let users: BTreeSet<u32> =
        shown.into_iter().filter(|(_, uses)| *uses).map(|(pid, _)| pid).collect();
    let mut users = Processes::of(users.into_iter());
    let named: Vec<u32> = users.first.iter().map(|user| user.pid).collect();
    let mut domains = Lookers::new(|pid| domain_of(&arguments::of(pid)));
    for (pid, domain) in domains.look_at(named, deadline) {
        if let Some(user) = users.first.iter_mut().find(|user| user.pid == pid) {
            user.domain = domain;
        }
    }
    Ok(Found { users, unseen: Processes::of(lookers.into_silent().into_iter()) })
}

fn uses(pid: u32, device: DeviceNumber) -> bool {
    let Ok(mountinfo) = fs::read(format!("/proc/{pid}/mountinfo")) else { return false };
    let Ok(table) = MountTable::parse(&mountinfo) else { return false };
    let mounts: Vec<_> = table.of_device(device).collect();
    if mounts.is_empty() {
        return false;
    }
    let ids: Vec<u32> = mounts.iter().map(|mount| mount.id).collect();
    let within = |link: &str| {
        fs::read_link(format!("/proc/{pid}/{link}")).is_ok_and(|target| {
            mounts.iter().any(|mount| target.starts_with(OsStr::from_bytes(&mount.mount_point)))
        })
    };
    has_descriptor(pid, &ids) || within("cwd") || within("root") || maps(pid, device)
}

fn has_descriptor(pid: u32, mounts: &[u32]) -> bool {
    let descriptors = fs::read_dir(format!("/proc/{pid}/fdinfo")).into_iter().flatten();
    descriptors.filter_map(|descriptor| fs::read_to_string(descriptor.ok()?.path()).ok()).any(
        |text| {
            let id = text.lines().find_map(|line| line.strip_prefix("mnt_id:"));
            id.and_then(|id| id.trim().parse().ok()).is_some_and(|id| mounts.contains(&id))
        },
    )
}

fn maps(pid: u32, device: DeviceNumber) -> bool {
    let maps = fs::read(format!("/proc/{pid}/maps")).unwrap_or_default();
    // The fourth field, in hex of at least two digits each.
    let wanted = format!("{:02x}:{:02x}", device.major, device.minor);
    maps.split(|&b| b == b'\n')
        .any(|line| line.split(|&b| b == b' ').nth(3) == Some(wanted.as_bytes()))
}

/// So much of a domain's name is kept: an answer must fit into what is kept of a child's output.
const LONGEST: usize = 128;

/// The domain's name in `-name guest=NAME,debug-threads=on`, where QEMU has a comma written twice.
fn domain_of(command_line: &[u8]) -> Option<String> {
    let mut arguments = command_line.split(|&b| b == 0);
    arguments.find(|argument| *argument == b"-name")?;
    let value = String::from_utf8_lossy(arguments.next()?.strip_prefix(b"guest=")?).into_owned();
    let mut name = String::new();
    let mut rest = value.chars().take(LONGEST).peekable();
    while let Some(c) = rest.next() {
        if c == ',' && rest.next_if_eq(&',').is_none() {
            break;
        }
        name.push(c);
    }
    Some(name)
}

impl Users {
    /// One text a process, and one for what is not known.
    pub fn lines(&self) -> Vec<String> {
        let Self::Found(Found { users, unseen }) = self else { return vec![self.to_string()] };
        let mut lines = users.lines();
        lines.extend(unseen.lines().into_iter().map(|line| format!("perhaps {line}")));
        lines
    }
}

/// What comes after "is in use by".
impl fmt::Display for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Found(found) => found.fmt(f),
            Self::Unknown { waited } => {
                write!(f, "processes that could not be found out in {:.1} s", waited.as_secs_f64())
            }
            Self::NotAsked { why } => write!(f, "processes that could not be found out: {why}"),
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.users.is_empty(), self.unseen.is_empty()) {
            (true, true) => f.write_str("a process that /proc does not show"),
            (false, true) => self.users.fmt(f),
            (true, false) => {
                write!(f, "a process that was not found; not to be looked at were {}", self.unseen)
            }
            (false, false) => {
                write!(f, "{}; not to be looked at were {}", self.users, self.unseen)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::processes::Process;
    use crate::host::program::OUTPUT_ROOM;

    #[test]
    fn a_domain_is_named_as_libvirt_named_it_to_qemu() {
        for (line, name) in [
            ("qemu|-name|guest=web1,debug-threads=on|-S|", Some("web1")),
            ("qemu|-name|guest=a,,b,debug-threads=on|", Some("a,b")),
            ("qemu|-name|web1|", None),
            ("qemu|-S|", None),
        ] {
            let line = line.replace('|', "\0");
            assert_eq!(domain_of(line.as_bytes()).as_deref(), name, "{line:?}");
        }
    }

    #[test]
    fn this_process_is_among_the_users_of_the_file_system_that_it_runs_from() {
        let mountinfo = fs::read("/proc/self/mountinfo").expect("a mount table");
        let table = MountTable::parse(&mountinfo).expect("a good table");
        let here = std::env::current_exe().expect("a path");
        let here = here.to_str().expect("UTF-8").parse().expect("a normal path");
        let device = table.under(&here).expect("it lies on a mount").device;
        let soon = || Deadline::after(Duration::from_secs(20));
        let DeviceNumber { major, minor } = device;
        let found = answer(&Question { major, minor }, soon()).expect("a readable /proc");
        let users = Users::Found(found.clone()).to_string();
        assert!(
            found.users.first.iter().any(|user| user.pid == std::process::id())
                || found.users.more > 0,
            "{users}"
        );
        let none = answer(&Question { major: 0, minor: 0 }, soon()).expect("a readable /proc");
        assert!(none.users.is_empty() && none.unseen.is_empty(), "{none}");
        assert_eq!(none.to_string(), "a process that /proc does not show");
    }

    #[test]
    fn who_could_not_be_looked_at_is_named_as_well() {
        let processes = |pid| Processes {
            first: vec![Process { pid, command: "x".to_owned(), domain: None }],
            more: 0,
        };
        let (none, one, two) = (Processes::default(), processes(1), processes(2));
        for (users, unseen, text) in [
            (&one, &none, "x (pid 1)"),
            (&one, &two, "x (pid 1); not to be looked at were x (pid 2)"),
            (&none, &two, "a process that was not found; not to be looked at were x (pid 2)"),
        ] {
            let found = Found { users: users.clone(), unseen: unseen.clone() };
            assert_eq!(Users::Found(found).to_string(), text);
        }
    }

    #[test]
    fn the_longest_answer_there_is_fits_into_what_is_kept_of_a_childs_output() {
        let name = "\u{1}".repeat(LONGEST);
        let worst = Process { pid: u32::MAX, command: "\u{1}".repeat(15), domain: Some(name) };
        let processes = Processes { first: vec![worst; Processes::KEPT], more: usize::MAX };
        let found = Found { users: processes.clone(), unseen: processes };
        let said = serde_json::to_string(&found).expect("JSON");
        assert!(u64::try_from(said.len() + 100).expect("small") < OUTPUT_ROOM, "{}", said.len());
    }
}
