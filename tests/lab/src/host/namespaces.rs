//! Which namespaces a host has of its own, the process that makes them, and how they are recognised
//! later.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::unistd::Pid;

use super::Disk;
use crate::stage::Stage;

const KINDS: [&str; 6] = ["mnt", "pid", "uts", "ipc", "net", "cgroup"];

/// The kernel's names of a host's namespaces, such as `pid:[4026532201]`.
#[derive(Debug, Clone)]
pub(crate) struct Namespaces(Vec<PathBuf>);

impl Namespaces {
    pub(super) fn of(process: Pid) -> Result<Self> {
        let link = |kind| fs::read_link(format!("/proc/{process}/ns/{kind}"));
        let names = KINDS.map(link).into_iter().collect::<Result<_, _>>();
        Ok(Self(names.with_context(|| format!("the namespaces of process {process}"))?))
    }

    /// The processes of this machine that are in at least one of them.
    pub(crate) fn inhabitants(&self) -> Vec<Pid> {
        let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
        let pids = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        pids.filter(|pid| {
            KINDS.iter().zip(&self.0).any(|(kind, ours)| {
                fs::read_link(format!("/proc/{pid}/ns/{kind}")).is_ok_and(|theirs| theirs == *ours)
            })
        })
        .map(Pid::from_raw)
        .collect()
    }
}

/// What a host does not share with this machine.
pub(crate) fn unshared() -> CloneFlags {
    CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWPID
        | CloneFlags::CLONE_NEWUTS
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWNET
        | CloneFlags::CLONE_NEWCGROUP
}

/// The supervisor's own main: makes the namespaces, starts the host's first process, tells its
/// number and waits for it.
pub(crate) fn supervise(image: &Path, name: &str, disk: Disk) -> Result<()> {
    if let Disk::InStore(store) = disk {
        let mounts = File::open(format!("/proc/{store}/ns/mnt")).context("the store")?;
        setns(mounts, CloneFlags::CLONE_NEWNS).context("entering the store")?;
    }
    unshare(unshared()).context("new namespaces")?;
    // The first child after this is number 1 of the new PID namespace.
    let init = Stage::Init { image: image.to_owned(), name: name.to_owned(), disk };
    let mut init = Command::from(init).spawn().context("cannot start the host's first process")?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{}", init.id()).and_then(|()| stdout.flush()).context("the lab's pipe")?;
    let status = init.wait().context("the host's first process")?;
    ensure!(status.success(), "the host's first process ended: {status}");
    Ok(())
}

/// Has the calling process end with its parent, however the parent ends.
pub(super) fn end_with_parent() -> Result<()> {
    set_pdeathsig(Signal::SIGKILL).context("PR_SET_PDEATHSIG")
}
