//! Namespaces of the bench's own: however it ends, its processes, mounts and files end with it.
//!
//! It inherits every client that goes to the background, and all of them end with the first process of its process namespace, which
//! ends with it. All its files are on a file system that only its mount namespace has.

use std::ffi::OsString;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl;
use nix::sys::signal::{SigSet, Signal};

use crate::rows::Effort;

/// The option of the second start, which is the one that measures.
pub(crate) const OPTION: &str = "--inside";

const QUICK: &str = "quick";

/// What the first start was asked for, from what stands behind the option.
pub(crate) fn effort(rest: &[OsString]) -> Effort {
    if rest.iter().any(|word| word == QUICK) { Effort::Quick } else { Effort::Full }
}

/// What the first process does: it waits for the bench. Whom the first process calls, as any orphan, nobody calls, as far as the hook
/// can tell.
const FIRST: &str = r#""$@"; exit $?"#;

/// Becomes the same program in namespaces of its own.
pub(crate) fn begin_again(effort: Effort) -> Result<ExitCode> {
    let program = std::env::current_exe().context("the path of this program")?;
    let failed = Command::new("unshare")
        .args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--"])
        .args(["sh", "-c", FIRST, "sh"])
        .arg(program)
        .arg(OPTION)
        .args((effort == Effort::Quick).then_some(QUICK))
        .exec();
    Err(failed).context("unshare")
}

/// Does what has to be done before the first file is made.
pub(crate) fn close_off() -> Result<()> {
    prctl::set_child_subreaper(true).context("becoming the parent of orphans")?;
    let interrupts = SigSet::from_iter([Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP]);
    interrupts.thread_block().context("blocking signals")?;
    std::thread::spawn(move || {
        let _whichever = interrupts.wait();
        std::process::exit(130);
    });
    // Once more, for this thread alone: one that shares its root with another cannot go from namespace to namespace.
    unshare(CloneFlags::CLONE_NEWNS).context("a mount namespace")?;
    let none = None::<&str>;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)
        .context("private mounts")?;
    // Over /run, where the hook's state is, and where the journal would be that is not to hear of all this.
    mount(Some("bench"), "/run", Some("tmpfs"), MsFlags::empty(), Some("mode=0755"))
        .context("a file system for /run")?;
    fs::create_dir("/run/bench").context("/run/bench")
}
