//! What two hosts have in common, and what a host has from one boot to the next: a tmpfs in a mount namespace of its own, kept by
//! a process that does nothing else. All of it goes with that process.

use std::convert::Infallible;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

use anyhow::{Context as _, Result, ensure};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{Pid, chdir};

use crate::cgroup::Cgroup;
use crate::host::Disk;
use crate::stage::Stage;

/// Where the store is seen from within the image's directory, and in it the volumes of all hosts.
const STORE: &str = "store";
pub(crate) const COMMON: &str = "store/common";

/// A host's own part.
pub(crate) fn of_host(name: &str) -> PathBuf {
    Path::new(STORE).join("hosts").join(name)
}

/// A store that is there. It ends with the lab.
#[derive(Debug)]
pub(crate) struct Store {
    keeper: Child,
    tree: Cgroup,
}

impl Store {
    pub(crate) fn open(tree: &Cgroup, image: &Path) -> Result<Self> {
        let tree = tree.child("store")?;
        let keep = Stage::Store { image: image.to_owned() }.words();
        let mut keeper = Command::from(Stage::Within { cgroup: tree.clone(), command: keep })
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the store's keeper")?;
        let mut answer = String::new();
        let pipe = keeper.stdout.take().context("the store's keeper has no pipe")?;
        BufReader::new(pipe).read_line(&mut answer).context("the store's pipe")?;
        ensure!(answer == "ready\n", "the store does not open: {answer:?}");
        Ok(Self { keeper, tree })
    }

    pub(crate) fn disk(&self) -> Result<Disk> {
        Ok(Disk::InStore(Pid::from_raw(i32::try_from(self.keeper.id())?)))
    }

    /// Ends it with all that is in it. The hosts are gone by then.
    pub(crate) fn close(mut self) -> Result<()> {
        self.keeper.kill().and_then(|()| self.keeper.wait()).context("the store's keeper")?;
        self.tree.remove().with_context(|| format!("cannot remove {}", self.tree.path().display()))
    }
}

/// The keeper's own main. Never comes back, unless with an error.
pub(crate) fn keep(image: &Path) -> Result<Infallible> {
    unshare(CloneFlags::CLONE_NEWNS).context("a mount namespace")?;
    let none = None::<&str>;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)
        .context("private mounts")?;
    chdir(image).with_context(|| format!("cannot enter {}", image.display()))?;
    fs::create_dir_all(STORE).with_context(|| format!("cannot make {STORE}"))?;
    mount(Some("lab"), STORE, Some("tmpfs"), MsFlags::empty(), Some("mode=0755"))
        .context("tmpfs")?;
    fs::create_dir(COMMON).with_context(|| format!("cannot make {COMMON}"))?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "ready").and_then(|()| stdout.flush()).context("the lab's pipe")?;
    loop {
        thread::park();
    }
}
