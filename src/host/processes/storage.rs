//! What a guest's QEMU was told to open, and what it has open on which FUSE mount.
//!
//! Only the admin command asks this, with an option of its own. As everywhere here, no file is looked at: a descriptor's path is
//! the text of its link, and its mount the id that the kernel keeps of it.

use std::ffi::OsString;
use std::fs;
use std::io;

use serde::{Deserialize, Serialize};

use super::patience::Lookers;
use super::qemus::names_uuid;
use super::{Asked, LookError, arguments, ask_as, spell};
use crate::host::deadline::Deadline;
use crate::host::program::OUTPUT_ROOM;
use crate::mounts::{DeviceNumber, MountTable};

/// The option that makes the admin command look at a guest's QEMU: with one operand, the question as JSON.
const OPTION: &str = "--look-at-storage";

/// What a QEMU has to do with files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Storage {
    /// Its process id.
    pub pid: u32,
    /// What stands behind each `-blockdev`.
    pub blockdevs: Vec<String>,
    /// Its open files on FUSE mounts that are still in its mount table.
    open: Vec<Open>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Open {
    path: String,
    major: u32,
    minor: u32,
}

#[derive(Debug, Serialize, Deserialize)]
struct Question {
    pid: u32,
    uuid: String,
}

/// What the QEMU of a domain, named by UUID, has to do with files. `None` if this process is no QEMU of it, or cannot be looked at.
///
/// Which process it is comes from libvirt: anybody can start one with the arguments of a QEMU, and what stands in them is opened
/// again for a guest.
pub fn of(pid: u32, uuid: &str, deadline: Deadline) -> Result<Option<Storage>, LookError> {
    let question = Question { pid, uuid: uuid.to_owned() };
    let found: Option<Option<Storage>> = ask_as(OPTION, question, deadline)?;
    Ok(found.flatten())
}

/// Looks, in the process that calls: only a child may. `None` if it was asked something else.
pub(in crate::host) fn answer(asked: &[OsString]) -> Option<String> {
    let [option, operand] = asked else { return None };
    if *option != OPTION {
        return None;
    }
    let Asked::<Question> { question, within } = serde_json::from_str(operand.to_str()?).ok()?;
    let answer = spell(&Ok(look(question, Deadline::after(within))))?;
    // What does not fit would be cut off, and not be understood.
    if u64::try_from(answer.len()).is_ok_and(|length| length < OUTPUT_ROOM) {
        return Some(answer);
    }
    spell::<Option<Storage>>(&Err(io::Error::other("its QEMU has too many disks to be told here")))
}

fn look(question: Question, deadline: Deadline) -> Option<Storage> {
    let Question { pid, uuid } = question;
    let mut lookers = Lookers::new(move |pid| {
        let line = arguments::of(pid);
        names_uuid(&line, &uuid).then(|| storage(pid, &line))
    });
    let shown = lookers.look_at(vec![pid], deadline);
    shown.into_iter().find_map(|(_, storage)| storage)
}

fn storage(pid: u32, command_line: &[u8]) -> Storage {
    Storage { pid, blockdevs: blockdevs(command_line), open: open(pid) }
}

fn blockdevs(command_line: &[u8]) -> Vec<String> {
    let mut arguments = command_line.split(|&b| b == 0);
    let mut found = Vec::new();
    while arguments.any(|argument| argument == b"-blockdev") {
        found.extend(arguments.next().map(|value| String::from_utf8_lossy(value).into_owned()));
    }
    found
}

fn open(pid: u32) -> Vec<Open> {
    let mountinfo = fs::read(format!("/proc/{pid}/mountinfo")).unwrap_or_default();
    let Ok(table) = MountTable::parse(&mountinfo) else { return Vec::new() };
    let descriptors = fs::read_dir(format!("/proc/{pid}/fdinfo")).into_iter().flatten().flatten();
    let on_fuse = descriptors.filter_map(|descriptor| {
        let text = fs::read_to_string(descriptor.path()).ok()?;
        let id = text.lines().find_map(|line| line.strip_prefix("mnt_id:"))?;
        let mount = table.of_id(id.trim().parse().ok()?)?;
        if !mount.fstype.starts_with(b"fuse") {
            return None;
        }
        let link = format!("/proc/{pid}/fd/{}", descriptor.file_name().to_str()?);
        let path = fs::read_link(link).ok()?.into_os_string().into_string().ok()?;
        let DeviceNumber { major, minor } = mount.device;
        Some(Open { path, major, minor })
    });
    on_fuse.collect()
}

impl Storage {
    /// The files that it has open on the mounts of this file system.
    pub fn open_on(&self, device: DeviceNumber) -> impl Iterator<Item = &str> {
        let is_there = move |open: &&Open| (open.major, open.minor) == (device.major, device.minor);
        self.open.iter().filter(is_there).map(|open| open.path.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_stands_behind_each_blockdev_is_told() {
        let line = b"qemu\0-blockdev\0{\"node-name\":\"a\"}\0-device\0x\0-blockdev\0b\0-blockdev\0";
        assert_eq!(blockdevs(line), [r#"{"node-name":"a"}"#, "b", ""]);
        assert!(blockdevs(b"qemu\0-name\0x\0").is_empty());
    }

    #[test]
    fn what_a_qemu_was_told_is_asked_of_the_one_that_libvirt_started_and_of_no_other() {
        let uuid = format!("00000000-0000-4000-9001-{:012}", std::process::id());
        let start = |blockdev: &str| {
            Command::new("/bin/sh")
                .args(["-c", "read never", "qemu", "-uuid", &uuid, "-blockdev", blockdev])
                .stdin(Stdio::piped())
                .spawn()
                .expect("there is a sh")
        };
        let mut processes = [start("a stranger's"), start("its own"), start("another's")];
        let ask = |pid, uuid: &str| {
            let question = Question { pid, uuid: uuid.to_owned() };
            look(question, Deadline::after(Duration::from_secs(20)))
        };
        let qemu = processes[1].id();
        let (found, none) = (ask(qemu, &uuid), ask(qemu, "00000000-0000-4000-9001-x"));
        for process in &mut processes {
            process.kill().and_then(|()| process.wait()).expect("it can be killed");
        }
        let found = found.expect("it is there");
        assert_eq!((found.pid, found.blockdevs), (qemu, vec!["its own".to_owned()]));
        assert_eq!(none, None);
    }
}
