//! One line for each start, so that a test can see how the client was called. Decides what is worth recording; judges nothing.
//!
//! The line is a JSON object and is written at once, so that clients started together do not mix theirs.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use nix::dir::Dir;
use nix::fcntl::OFlag;
use nix::sys::stat::Mode;
use nix::unistd::{getpgrp, getpid, getppid, getsid, getuid};
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(crate) struct Start {
    /// Seconds since 1970.
    time: f64,
    pid: i32,
    ppid: i32,
    pgid: i32,
    sid: i32,
    uid: u32,
    argv: Vec<String>,
    env: BTreeMap<String, String>,
    cwd: String,
    umask: String,
    fds: BTreeMap<i32, String>,
    cgroup: String,
    oom_score_adj: i32,
}

impl Start {
    /// What this process was given. To be called before anything else is opened.
    pub(crate) fn look(umask: Mode) -> io::Result<Self> {
        let fds = open_files()?;
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Self {
            time: time.as_secs_f64(),
            pid: getpid().as_raw(),
            ppid: getppid().as_raw(),
            pgid: getpgrp().as_raw(),
            sid: getsid(None)?.as_raw(),
            uid: getuid().as_raw(),
            argv: env::args_os().map(|word| text(&word)).collect(),
            env: env::vars_os().map(|(name, value)| (text(&name), text(&value))).collect(),
            cwd: env::current_dir()
                .map_or_else(|error| error.to_string(), |dir| text(dir.as_ref())),
            umask: format!("{:04o}", umask.bits()),
            fds,
            cgroup: cgroup()?,
            oom_score_adj: fs::read_to_string("/proc/self/oom_score_adj")?
                .trim()
                .parse()
                .map_err(io::Error::other)?,
        })
    }

    pub(crate) fn append_to(&self, log: &Path) -> io::Result<()> {
        let mut line = serde_json::to_vec(self)?;
        line.push(b'\n');
        let mut log = OpenOptions::new().append(true).create(true).mode(0o644).open(log)?;
        log.write_all(&line)
    }
}

fn open_files() -> io::Result<BTreeMap<i32, String>> {
    let mut listing =
        Dir::open("/proc/self/fd", OFlag::O_RDONLY | OFlag::O_DIRECTORY, Mode::empty())?;
    let own = listing.as_raw_fd();
    let mut fds = BTreeMap::new();
    for entry in listing.iter() {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if let Ok(number) = name.parse::<i32>()
            && number != own
        {
            let link = PathBuf::from("/proc/self/fd").join(&name);
            fds.insert(number, text(fs::read_link(link)?.as_ref()));
        }
    }
    Ok(fds)
}

/// The path in the unified hierarchy.
fn cgroup() -> io::Result<String> {
    let all = fs::read_to_string("/proc/self/cgroup")?;
    Ok(all.lines().find_map(|line| line.strip_prefix("0::")).unwrap_or_default().to_owned())
}

/// As it is if it is text, else with its bytes escaped.
fn text(word: &OsStr) -> String {
    match word.to_str() {
        Some(text) => text.to_owned(),
        None => word.as_bytes().escape_ascii().to_string(),
    }
}
