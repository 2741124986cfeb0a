//! What of this machine the lab could have changed, looked at before and after. A reasonable
//! subset: what is left behind by programs of this kind, not a proof. Other users' work goes on
//! meanwhile, so only traces that can be the lab's count.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::cgroup::Cgroup;
use crate::host::Namespaces;

/// Directories that a product like ours, libvirt or systemd writes to. Below them every name and
/// time counts.
const WATCHED: [&str; 7] = [
    "/etc/libvirt",
    "/etc/systemd/system",
    "/etc/virt-quobyte",
    "/run/netns",
    "/run/systemd/transient",
    "/run/virt-quobyte",
    "/var/lib/virt-quobyte",
];

/// Single files: what an installation or a boot that went to the wrong root would have written.
const FILES: [&str; 7] = [
    "/etc/hostname",
    "/etc/hosts",
    "/etc/machine-id",
    "/srv/quobyte-standin",
    "/usr/bin/mount.quobyte",
    "/usr/bin/virt-quobyte",
    "/usr/sbin/virt-quobyte-hook",
];

/// Sysctls that a systemd sets for the whole kernel if it can.
const SYSCTLS: [&str; 8] = [
    "fs/file-max",
    "fs/nr_open",
    "fs/protected_hardlinks",
    "kernel/core_pattern",
    "kernel/hostname",
    "kernel/pid_max",
    "kernel/printk",
    "vm/max_map_count",
];

/// By these words a line of the mount table would be the lab's: paths, the stand-in's source, the
/// hosts' own file systems.
const OURS: [&str; 4] = ["virt-quobyte", "quobyte@", " - overlay lab ", " - tmpfs lab "];

/// What this machine looked like at one moment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Machine {
    files: BTreeMap<PathBuf, (i64, i64)>,
    sysctls: BTreeMap<&'static str, Option<String>>,
    mounts: Vec<String>,
    links: Vec<OsString>,
}

impl Machine {
    pub(crate) fn look() -> Self {
        let mut files = BTreeMap::new();
        for dir in WATCHED {
            walk(Path::new(dir), &mut files);
        }
        for file in FILES {
            note(Path::new(file), &mut files);
        }
        let sysctls =
            SYSCTLS.map(|name| (name, fs::read_to_string(format!("/proc/sys/{name}")).ok()));
        let table = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        let ours = |line: &&str| OURS.iter().any(|word| line.contains(word));
        let mounts = table.lines().filter(ours).map(str::to_owned).collect();
        let mut links = names(Path::new("/sys/class/net"));
        links.sort();
        Self { files, sysctls: sysctls.into(), mounts, links }
    }

    /// Insists that nothing of a lab is left: processes in its hosts' namespaces, its tree, mounts,
    /// links, files.
    pub(crate) fn is_as_it_was(&self, tree: &Cgroup, hosts: &[Namespaces]) -> Result<()> {
        nobody_lives_in(hosts, tree)?;
        ensure!(!tree.path().exists(), "the cgroup {} is left", tree.path().display());
        let now = Self::look();
        let mut changed = Vec::new();
        for path in self.files.keys().chain(now.files.keys()) {
            if self.files.get(path) != now.files.get(path) {
                changed.push(path.display().to_string());
            }
        }
        changed.dedup();
        ensure!(changed.is_empty(), "files changed: {}", changed.join(", "));
        ensure!(
            self.sysctls == now.sysctls,
            "sysctls were {:?} and are {:?}",
            self.sysctls,
            now.sysctls
        );
        ensure!(
            self.mounts == now.mounts,
            "mounts were {:?} and are {:?}",
            self.mounts,
            now.mounts
        );
        ensure!(
            self.links == now.links,
            "network links were {:?} and are {:?}",
            self.links,
            now.links
        );
        Ok(())
    }
}

/// A process that was just killed may be seen for a moment. The numbers of a host that is gone come again: another lab's host may have
/// them by now.
fn nobody_lives_in(hosts: &[Namespaces], tree: &Cgroup) -> Result<()> {
    let until = Instant::now() + Duration::from_secs(5);
    loop {
        let inhabitants = hosts.iter().flat_map(Namespaces::inhabitants);
        let left: Vec<_> = inhabitants.filter(|process| !tree.is_not_where(*process)).collect();
        if left.is_empty() {
            return Ok(());
        }
        ensure!(Instant::now() < until, "processes are left: {left:?}");
        thread::sleep(Duration::from_millis(50));
    }
}

fn walk(path: &Path, files: &mut BTreeMap<PathBuf, (i64, i64)>) {
    note(path, files);
    if path.is_symlink() {
        return;
    }
    for name in names(path) {
        walk(&path.join(name), files);
    }
}

/// A directory's entries; none where there is no directory.
fn names(dir: &Path) -> Vec<OsString> {
    fs::read_dir(dir).map_or_else(
        |_| Vec::new(),
        |entries| entries.flatten().map(|entry| entry.file_name()).collect(),
    )
}

fn note(path: &Path, files: &mut BTreeMap<PathBuf, (i64, i64)>) {
    if let Ok(status) = fs::symlink_metadata(path) {
        files.insert(path.to_owned(), (status.mtime(), status.mtime_nsec()));
    }
}
