//! One run of the lab, from the moment at which there is something to clean up: its cgroup tree,
//! its keeper and what signals do. Knows nothing of hosts or images.

use std::process;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context as _, Result};
use nix::sys::signal::{SigSet, Signal};
use nix::unistd::Pid;

use crate::cgroup::{self, Cgroup};
use crate::keeper::{self, Keeper};

/// What a Ctrl-C at the terminal means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CtrlC {
    EndsTheLab,
    IsForTheShell,
}

/// A running lab. Everything that it starts is below `tree`.
#[derive(Debug)]
pub(crate) struct Lab {
    tree: Cgroup,
    keeper: Arc<Mutex<Option<Keeper>>>,
}

impl Lab {
    pub(crate) fn open(ctrl_c: CtrlC) -> Result<Self> {
        let own = cgroup::own()?;
        for tree in cgroup::leftovers(&own) {
            keeper::sweep(&tree).context("an earlier lab's leftovers")?;
        }
        let tree = own.child(&cgroup::mark(Pid::this())?)?;
        let keeper = Arc::new(Mutex::new(Some(Keeper::start(&tree)?)));
        let lab = Self { tree, keeper };
        lab.end_on_signals(ctrl_c)?;
        Ok(lab)
    }

    pub(crate) fn tree(&self) -> &Cgroup {
        &self.tree
    }

    /// Ends everything that is left and says whether that worked.
    pub(crate) fn close(self) -> Result<()> {
        close(&self.keeper)
    }

    /// A signal ends the lab in order: the prompt comes back when all is gone, not before.
    fn end_on_signals(&self, ctrl_c: CtrlC) -> Result<()> {
        let mut deadly = SigSet::from_iter([Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP]);
        // Blocked in every thread started from here on; children start with an empty mask (std sees
        // to it).
        deadly.thread_block().context("sigprocmask")?;
        if ctrl_c == CtrlC::IsForTheShell {
            deadly.remove(Signal::SIGINT);
        }
        let keeper = Arc::clone(&self.keeper);
        thread::spawn(move || {
            let Ok(signal) = deadly.wait() else { return };
            eprintln!("lab: {signal}: ending everything");
            if let Err(error) = close(&keeper) {
                eprintln!("lab: {error:#}");
            }
            // The main thread may be waiting for what was just killed.
            process::exit(128 + signal as i32);
        });
        Ok(())
    }
}

impl Drop for Lab {
    /// Where an error leads out of the lab: the prompt comes back when all is gone.
    fn drop(&mut self) {
        if let Err(error) = close(&self.keeper) {
            eprintln!("lab: {error:#}");
        }
    }
}

fn close(keeper: &Mutex<Option<Keeper>>) -> Result<()> {
    // Held to the end: who comes second waits until the first is done.
    let mut keeper = keeper.lock().unwrap_or_else(PoisonError::into_inner);
    keeper.take().map_or(Ok(()), Keeper::close)
}
