//! The keeper: a small process of its own session that outlives the lab by a moment and ends all
//! that the lab started, however the lab itself ended: well, in panic, by Ctrl-C, SIGTERM or
//! SIGKILL. It learns that by the end of file on a pipe whose only write end is the lab's. It
//! decides nothing else; every mount of the lab is in a private namespace and goes with its
//! processes.

use std::io::{self, Read as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use nix::sys::signal::SigSet;
use nix::unistd::setsid;

use crate::cgroup::Cgroup;
use crate::stage::Stage;

/// How long the kernel may take to end every process of a lab. A memory-heavy guest takes a second;
/// a loaded machine more.
const ENDING: Duration = Duration::from_secs(30);

/// The lab's hold on its keeper. Dropped, the keeper starts its work; closed, one waits for it.
#[derive(Debug)]
pub(crate) struct Keeper {
    process: Child,
    lifeline: ChildStdin,
}

impl Keeper {
    pub(crate) fn start(tree: &Cgroup) -> Result<Self> {
        let mut process: Child = Command::from(Stage::Keeper { tree: tree.clone() })
            .stdin(Stdio::piped())
            .spawn()
            .context("cannot start the keeper")?;
        let lifeline = process.stdin.take().context("the keeper has no pipe")?;
        Ok(Self { process, lifeline })
    }

    /// Lets the keeper end everything and waits for it.
    pub(crate) fn close(mut self) -> Result<()> {
        drop(self.lifeline);
        let status = self.process.wait().context("the keeper")?;
        if !status.success() {
            bail!("the keeper could not end everything: {status}");
        }
        Ok(())
    }
}

/// The keeper's own main.
pub(crate) fn keep(tree: &Cgroup) -> Result<()> {
    // Away from the terminal's process group, deaf to everything but SIGKILL: what ends the lab
    // must not end its keeper.
    setsid().context("setsid")?;
    SigSet::all().thread_block().context("sigprocmask")?;
    match io::stdin().read_to_end(&mut Vec::new()) {
        Ok(_) => sweep(tree),
        Err(e) => Err(e).context("the lab's pipe"),
    }
}

/// Ends all that lives in a lab's tree and removes the tree.
pub(crate) fn sweep(tree: &Cgroup) -> Result<()> {
    tree.kill(ENDING)?;
    // A lab that was killed while it started a process can still have put it here after the first
    // kill.
    tree.remove().or_else(|_| {
        tree.kill(ENDING)?;
        tree.remove().with_context(|| format!("cannot remove {}", tree.path().display()))
    })
}
