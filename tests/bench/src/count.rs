//! What a call asks of the kernel: system calls, and memory at its peak. Seen by ptrace, so it needs no other program.
//!
//! The hook's children count as well where they are the hook again: how it looks at a mount and unmounts. The client does not.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, ensure};
use nix::libc;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use crate::call::Call;

/// The option that makes this program have itself traced and become another one.
pub(crate) const OPTION: &str = "--traced";

/// What a call asks of the kernel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cost {
    /// System calls, as `strace -f -c` counts them.
    pub(crate) calls: usize,
    /// The most memory that one of its processes had, in KiB.
    pub(crate) peak_kib: u64,
}

/// Asks to be traced and becomes another program.
pub(crate) fn become_traced(line: &[OsString]) -> Result<ExitCode> {
    ptrace::traceme().context("asking to be traced")?;
    let (program, arguments) = line.split_first().context("an empty command line")?;
    Err(Command::new(program).args(arguments).exec())
        .with_context(|| format!("cannot run {}", program.display()))
}

/// Makes a call once and counts.
pub(crate) fn cost(call: &Call) -> Result<Cost> {
    let this = std::env::current_exe().context("the path of this program")?;
    let mut line = vec![this.into_os_string(), OPTION.into()];
    line.extend_from_slice(&call.line);
    let child = call.command(&line)?.spawn().context("cannot start a traced program")?;
    let main = Pid::from_raw(child.id().cast_signed());
    // It stops when it has become the program.
    let stopped = waitpid(main, None).context("waiting for a traced program")?;
    ensure!(matches!(stopped, WaitStatus::Stopped(..)), "{:?}: {stopped:?}", call.line);
    let options = Options::PTRACE_O_TRACESYSGOOD
        | Options::PTRACE_O_TRACEEXEC
        | Options::PTRACE_O_TRACEEXIT
        | Options::PTRACE_O_TRACEFORK
        | Options::PTRACE_O_TRACEVFORK
        | Options::PTRACE_O_TRACECLONE
        | Options::PTRACE_O_EXITKILL;
    ptrace::setoptions(main, options).context("tracing")?;
    ptrace::syscall(main, None).context("tracing")?;
    let program = call.line.first().context("an empty command line")?;
    // The execve by which it became the program is behind it.
    let mut cost = Cost { calls: 1, peak_kib: 0 };
    follow(main, Path::new(program), call, &mut cost)?;
    Ok(cost)
}

/// Follows a program and what it starts until all of it has ended.
fn follow(main: Pid, program: &Path, call: &Call, cost: &mut Cost) -> Result<()> {
    let mut alive = BTreeSet::from([main]);
    let mut known = alive.clone();
    while !alive.is_empty() {
        let status = waitpid(Pid::from_raw(-1), Some(WaitPidFlag::__WALL));
        let (process, signal) = match status.context("waiting for traced programs")? {
            WaitStatus::Exited(process, status) => {
                ensure!(
                    process != main || call.ends_well_with(status),
                    "{} failed: {status}",
                    program.display()
                );
                alive.remove(&process);
                continue;
            }
            WaitStatus::Signaled(process, ..) => {
                alive.remove(&process);
                continue;
            }
            WaitStatus::PtraceSyscall(process) => {
                let seen = ptrace::syscall_info(process).context("a system call")?;
                cost.calls += usize::from(seen.op == libc::PTRACE_SYSCALL_INFO_ENTRY);
                (process, None)
            }
            WaitStatus::PtraceEvent(process, _, libc::PTRACE_EVENT_EXEC)
                if !is(process, program)? =>
            {
                ptrace::detach(process, None).context("letting a program go")?;
                alive.remove(&process);
                continue;
            }
            WaitStatus::PtraceEvent(process, _, libc::PTRACE_EVENT_EXIT) => {
                cost.peak_kib = cost.peak_kib.max(peak_kib(process)?);
                (process, None)
            }
            WaitStatus::PtraceEvent(process, ..) => (process, None),
            // How a new process or thread begins.
            WaitStatus::Stopped(process, Signal::SIGSTOP) if known.insert(process) => {
                alive.insert(process);
                (process, None)
            }
            WaitStatus::Stopped(process, signal) => (process, Some(signal)),
            _ => continue,
        };
        match ptrace::syscall(process, signal) {
            // Killed meanwhile, by the end of its whole process.
            Ok(()) | Err(nix::errno::Errno::ESRCH) => {}
            Err(errno) => return Err(errno).context("going on with a traced program"),
        }
    }
    Ok(())
}

fn is(process: Pid, program: &Path) -> Result<bool> {
    let running = fs::read_link(format!("/proc/{process}/exe")).context("a traced program")?;
    Ok(running == program)
}

fn peak_kib(process: Pid) -> Result<u64> {
    let status =
        fs::read_to_string(format!("/proc/{process}/status")).context("a traced program")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    // A process that shares its starter's memory until it becomes a program of its own has none to show.
    let Some(peak) = peak else { return Ok(0) };
    peak.trim().trim_end_matches(" kB").parse().context("VmHWM of a traced program")
}
