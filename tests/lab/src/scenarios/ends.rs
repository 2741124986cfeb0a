//! However a lab ends, nothing of it is left on the machine. Each scenario runs a second lab beside
//! this one and ends it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::scenarios;
use crate::cgroup::{self, Cgroup};
use crate::keeper;
use crate::runner::Verdict;
use crate::stage::Stage;

scenarios!("ends", OnMachine:
    an_interrupted_lab_leaves_nothing,
    a_terminated_lab_leaves_nothing,
    a_killed_lab_leaves_nothing,
    a_lab_killed_at_any_moment_of_its_boot_leaves_nothing,
    a_lab_killed_with_its_keeper_leaves_no_process_and_the_next_lab_sweeps_the_rest,
);

/// From a lab's end to the end of all that was its own.
const SOON: Duration = Duration::from_secs(20);

fn an_interrupted_lab_leaves_nothing() -> Result<Verdict> {
    let second = SecondLab::booted()?;
    second.signal(Signal::SIGINT)?;
    second.leaves_nothing()
}

fn a_terminated_lab_leaves_nothing() -> Result<Verdict> {
    let second = SecondLab::booted()?;
    second.signal(Signal::SIGTERM)?;
    second.leaves_nothing()
}

fn a_killed_lab_leaves_nothing() -> Result<Verdict> {
    let second = SecondLab::booted()?;
    second.signal(Signal::SIGKILL)?;
    second.leaves_nothing()
}

fn a_lab_killed_at_any_moment_of_its_boot_leaves_nothing() -> Result<Verdict> {
    for milliseconds in [0, 2, 5, 10, 15, 20, 30, 50, 100, 300] {
        let second = SecondLab::start()?;
        thread::sleep(Duration::from_millis(milliseconds));
        second.signal(Signal::SIGKILL)?;
        second.leaves_nothing().with_context(|| format!("killed after {milliseconds} ms"))?;
    }
    Ok(Verdict::Passed)
}

fn a_lab_killed_with_its_keeper_leaves_no_process_and_the_next_lab_sweeps_the_rest()
-> Result<Verdict> {
    let second = SecondLab::booted()?;
    let tree = second.tree.clone();
    kill(second.keeper()?, Signal::SIGKILL).context("killing the keeper")?;
    second.signal(Signal::SIGKILL)?;
    second.has_no_process()?;
    ensure!(
        tree.path().exists(),
        "nobody was left to remove {}, but it is gone",
        tree.path().display()
    );
    let own = cgroup::own()?;
    let leftovers = cgroup::leftovers(&own);
    ensure!(
        leftovers.iter().any(|left| left.path() == tree.path()),
        "the next lab would not find {tree:?}"
    );
    for left in leftovers {
        keeper::sweep(&left)?;
    }
    ensure!(!tree.path().exists(), "{} is swept and still there", tree.path().display());
    Ok(Verdict::Passed)
}

/// Another lab, that boots a host and waits.
struct SecondLab {
    process: Child,
    tree: Cgroup,
}

impl SecondLab {
    fn start() -> Result<Self> {
        let mut command = Command::from(Stage::Hold);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let process = command.spawn().context("cannot start a second lab")?;
        let pid = Pid::from_raw(i32::try_from(process.id())?);
        let tree = Cgroup::at(cgroup::own()?.path().join(cgroup::mark(pid)?));
        Ok(Self { process, tree })
    }

    fn booted() -> Result<Self> {
        let mut second = Self::start()?;
        let stdout = second.process.stdout.take().context("the second lab has no pipe")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).context("the second lab's pipe")?;
        ensure!(line == "booted\n", "the second lab did not boot: {line:?}");
        // systemd, libvirtd and what they need: else the claim would be about nothing.
        ensure!(
            second.tree.members().len() > 4,
            "the second lab has only {:?}",
            second.tree.members()
        );
        Ok(second)
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        kill(Pid::from_raw(i32::try_from(self.process.id())?), signal)
            .context("the second lab's signal")
    }

    fn keeper(&self) -> Result<Pid> {
        let lab = self.process.id();
        let children = fs::read_to_string(format!("/proc/{lab}/task/{lab}/children"))
            .context("its children")?;
        let keeper = children.split_whitespace().find(|pid| {
            fs::read(format!("/proc/{pid}/cmdline"))
                .is_ok_and(|line| line.windows(7).any(|word| word == b"\0keeper"))
        });
        Ok(Pid::from_raw(keeper.context("the second lab has no keeper")?.parse()?))
    }

    fn has_no_process(mut self) -> Result<()> {
        self.process.wait().context("the second lab")?;
        let tree = &self.tree;
        soon(
            || !tree.populated(),
            || format!("processes in {}: {:?}", tree.path().display(), tree.members()),
        )
    }

    fn leaves_nothing(self) -> Result<Verdict> {
        let tree = self.tree.clone();
        self.has_no_process()?;
        soon(|| !tree.path().exists(), || format!("{} is still there", tree.path().display()))?;
        Ok(Verdict::Passed)
    }
}

impl Drop for SecondLab {
    fn drop(&mut self) {
        // Only a scenario that failed leaves it running; it is gone otherwise.
        let _gone = self.process.kill();
        let _gone = self.process.wait();
    }
}

fn soon(reached: impl Fn() -> bool, otherwise: impl Fn() -> String) -> Result<()> {
    let until = Instant::now() + SOON;
    while !reached() {
        ensure!(Instant::now() < until, "{SOON:?} later: {}", otherwise());
        thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}
