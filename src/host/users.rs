//! Who uses a mounted file system: the processes that keep it from being unmounted, found without a look at any file on it.
//!
//! A stat of an open file asks the file system, and one whose client is gone or silent does not answer. So a process's
//! descriptors are judged by the mount id that the kernel keeps of each (`fdinfo`, proc(5)), its memory maps by the device
//! number that stands in them, and its directories by their paths' text. The ids are those of the process's own mount
//! namespace: a QEMU of libvirt has one, in which our mount has another id, and the same device number.

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use super::process::{command_line, processes};
use crate::mounts::{DeviceNumber, MountTable};

/// A process that uses a mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its process id.
    pub pid: u32,
    /// Its command's name, of the process's own choice.
    pub command: String,
    /// The domain that it runs, if it is a QEMU of libvirt.
    pub domain: Option<String>,
}

/// The processes that use a file system, as far as /proc shows them. Those that end meanwhile are left out.
pub fn of(device: DeviceNumber) -> std::io::Result<Vec<User>> {
    Ok(processes()?.filter(|&pid| uses(pid, device)).map(describe).collect())
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

fn describe(pid: u32) -> User {
    let command = fs::read(format!("/proc/{pid}/comm")).unwrap_or_default();
    let command = String::from_utf8_lossy(&command).trim_end_matches('\n').to_owned();
    User { pid, command, domain: domain_of(&command_line(pid)) }
}

/// The domain's name in `-name guest=NAME,debug-threads=on`, where QEMU has a comma written twice.
fn domain_of(command_line: &[u8]) -> Option<String> {
    let mut arguments = command_line.split(|&b| b == 0);
    arguments.find(|argument| *argument == b"-name")?;
    let value = String::from_utf8_lossy(arguments.next()?.strip_prefix(b"guest=")?).into_owned();
    let mut name = String::new();
    let mut rest = value.chars().peekable();
    while let Some(c) = rest.next() {
        if c == ',' && rest.next_if_eq(&',').is_none() {
            break;
        }
        name.push(c);
    }
    Some(name)
}

/// "qemu-system-x86 (pid 7, domain web1)": escaped, because a process may call itself anything.
impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (pid {}", self.command.escape_debug(), self.pid)?;
        match &self.domain {
            Some(domain) => write!(f, ", domain {})", domain.escape_debug()),
            None => f.write_str(")"),
        }
    }
}

/// Lists users, the first few by name.
pub fn list(users: &[User]) -> String {
    const SHOWN: usize = 8;
    if users.is_empty() {
        return "a process that /proc does not show".to_owned();
    }
    let mut shown: Vec<String> = users.iter().take(SHOWN).map(ToString::to_string).collect();
    if users.len() > SHOWN {
        shown.push(format!("{} more", users.len() - SHOWN));
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let users = of(device).expect("a readable /proc");
        assert!(users.iter().any(|user| user.pid == std::process::id()), "{}", list(&users));
        assert!(of(DeviceNumber { major: 0, minor: 0 }).expect("a readable /proc").is_empty());
    }
}
