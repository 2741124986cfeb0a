//! The security modules, as the kernel shows them: whether there are any, and what they make of a process.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use super::deadline::Deadline;
use super::program;

/// Whether `AppArmor` is on.
pub fn has_apparmor() -> bool {
    // An older kernel has the module in it and switched off.
    fs::read("/sys/module/apparmor/parameters/enabled").is_ok_and(|text| text.starts_with(b"Y"))
}

/// What the security module in charge calls a process: with `AppArmor` "unconfined", or a profile and its mode.
pub fn label(pid: u32) -> io::Result<String> {
    // The file of AppArmor's own, because another module may be in charge of the common one. Not before Linux 5.8.
    let text = fs::read(format!("/proc/{pid}/attr/apparmor/current"))
        .or_else(|_| fs::read(format!("/proc/{pid}/attr/current")))?;
    Ok(String::from_utf8_lossy(&text).trim_end_matches(['\0', '\n']).to_owned())
}

/// Whether `SELinux` is on, and whether it enforces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selinux {
    /// It is not there.
    Off,
    /// It reports.
    Permissive,
    /// It refuses.
    Enforcing,
}

/// Whether `SELinux` is on.
pub fn selinux() -> io::Result<Selinux> {
    match fs::read("/sys/fs/selinux/enforce") {
        Ok(text) if text.starts_with(b"1") => Ok(Selinux::Enforcing),
        Ok(_) => Ok(Selinux::Permissive),
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => Ok(Selinux::Off),
        Err(error) => Err(error),
    }
}

/// A boolean of `SELinux`'s policy as it is in force; `None` if the policy has none of that name.
pub fn selinux_boolean(name: &str) -> io::Result<Option<bool>> {
    // "1 0": in force and pending.
    match fs::read(Path::new("/sys/fs/selinux/booleans").join(name)) {
        Ok(text) => Ok(Some(text.starts_with(b"1"))),
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// What restorecon would change below these paths: nothing is changed. `None` if it cannot be asked.
pub fn wrong_labels(paths: &[&Path]) -> Option<String> {
    let program = program::find("restorecon")?;
    let options = ["-R", "-n", "-v", "--"].map(OsStr::new);
    let words: Vec<_> = options.into_iter().chain(paths.iter().map(|it| it.as_os_str())).collect();
    let run = program::run(&program, &words, Deadline::after(Duration::from_secs(5))).ok()?;
    run.succeeded().then(|| run.tail().unwrap_or_default())
}
