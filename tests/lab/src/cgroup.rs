//! The marked cgroup tree that everything the lab starts lives in. It is how everything is found
//! and ended again: a process cannot leave it by forking, by a new session or by changing its name.
//! Decides nothing about when.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use nix::unistd::Pid;

const PREFIX: &str = "virt-quobyte-lab-";

/// One directory of the tree.
#[derive(Debug, Clone)]
pub(crate) struct Cgroup(PathBuf);

impl Cgroup {
    pub(crate) fn at(path: PathBuf) -> Self {
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Makes (or finds) the child of this name.
    pub(crate) fn child(&self, name: &str) -> Result<Self> {
        let path = self.0.join(name);
        match fs::create_dir(&path) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => {
                Err(e).with_context(|| format!("cannot make the cgroup {}", path.display()))
            }
            _ => Ok(Self(path)),
        }
    }

    /// Moves the calling process here.
    pub(crate) fn join(&self) -> Result<()> {
        fs::write(self.0.join("cgroup.procs"), "0")
            .with_context(|| format!("cannot join the cgroup {}", self.0.display()))
    }

    /// Whether a process lives here or below.
    pub(crate) fn populated(&self) -> bool {
        fs::read_to_string(self.0.join("cgroup.events"))
            .is_ok_and(|events| events.lines().any(|line| line == "populated 1"))
    }

    /// Kills all that lives here and below and waits until it is gone.
    pub(crate) fn kill(&self, deadline: Duration) -> Result<()> {
        let until = Instant::now() + deadline;
        while self.populated() {
            // One write kills the whole tree, whatever forks meanwhile.
            match fs::write(self.0.join("cgroup.kill"), "1") {
                Err(e) if e.kind() == io::ErrorKind::NotFound => break,
                result => result.with_context(|| format!("cannot kill {}", self.0.display()))?,
            }
            if Instant::now() > until {
                bail!("processes in {} outlive SIGKILL: {:?}", self.0.display(), self.members());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Removes this directory and all below. Only works once nothing lives there.
    pub(crate) fn remove(&self) -> io::Result<()> {
        for below in self.children() {
            below.remove()?;
        }
        match fs::remove_dir(&self.0) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }

    /// The processes here and below, as this machine numbers them.
    pub(crate) fn members(&self) -> Vec<Pid> {
        let procs = fs::read_to_string(self.0.join("cgroup.procs")).unwrap_or_default();
        let mut pids: Vec<_> =
            procs.lines().filter_map(|pid| pid.parse().ok()).map(Pid::from_raw).collect();
        pids.extend(self.children().iter().flat_map(Self::members));
        pids
    }

    /// Whether a process lives in such a tree, but not in this one: another lab's, which may run beside ours.
    pub(crate) fn is_not_where(&self, process: Pid) -> bool {
        let told = fs::read_to_string(format!("/proc/{process}/cgroup")).unwrap_or_default();
        let path = told.lines().find_map(|line| line.strip_prefix("0::")).unwrap_or_default();
        let mut trees = path.split('/').filter(|name| name.starts_with(PREFIX));
        trees.any(|name| self.0.file_name().is_none_or(|ours| ours != name))
    }

    fn children(&self) -> Vec<Self> {
        let Ok(entries) = fs::read_dir(&self.0) else { return Vec::new() };
        entries
            .flatten()
            .filter(|e| e.file_type().is_ok_and(|t| t.is_dir()))
            .map(|e| Self(e.path()))
            .collect()
    }
}

/// The cgroup that this process itself lives in, on the unified hierarchy (the only one, or
/// `unified` of a hybrid).
pub(crate) fn own() -> Result<Cgroup> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").context("/proc/self/mountinfo")?;
    let mount = mounts
        .lines()
        .find_map(|line| {
            let (left, right) = line.split_once(" - ")?;
            let mut left = left.split(' ').skip(3);
            let (root, point) = (left.next()?, left.next()?);
            (right.starts_with("cgroup2 ") && root == "/").then_some(point)
        })
        .context("no cgroup2 file system is mounted")?;
    let cgroups = fs::read_to_string("/proc/self/cgroup").context("/proc/self/cgroup")?;
    let path = cgroups
        .lines()
        .find_map(|line| line.strip_prefix("0::/"))
        .context("this process is in no cgroup of the unified hierarchy")?;
    Ok(Cgroup(Path::new(mount).join(path)))
}

/// The name of the tree of the lab whose main process is `pid`: with its start time, since numbers
/// come again.
pub(crate) fn mark(pid: Pid) -> Result<String> {
    let start = start_time(pid).with_context(|| format!("process {pid} has no start time"))?;
    Ok(format!("{PREFIX}{pid}-{start}"))
}

/// Trees beside ours whose lab is no longer there: its keeper was killed too.
pub(crate) fn leftovers(own: &Cgroup) -> Vec<Cgroup> {
    own.children()
        .into_iter()
        .filter(|cgroup| {
            let name = cgroup.0.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let Some((pid, start)) =
                name.strip_prefix(PREFIX).and_then(|rest| rest.split_once('-'))
            else {
                return false;
            };
            let Ok(pid) = pid.parse() else { return false };
            start_time(Pid::from_raw(pid)).as_deref() != Some(start)
        })
        .collect()
}

fn start_time(pid: Pid) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything; the fields after the last one are 3 and on, the
    // start time is 22.
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(22 - 3).map(str::to_owned)
}
