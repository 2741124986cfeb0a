//! Stops a hook at each of its system calls, with ptrace(2), and kills it at the one that is wanted.
//!
//! All threads of the hook are followed. Its children are not: the client, the probe and the unmount go on, as they do when a
//! hook is killed. A stop is where the hook enters a system call, where it leaves one, and where the kernel has made a child
//! that has not yet become another program.

use std::collections::BTreeSet;
use std::fs;

use nix::errno::Errno;
use nix::libc;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, gettid};

use crate::daemon::Daemon;

/// A hook that stands at a stop.
pub(crate) struct Traced {
    hook: Pid,
    at: Stop,
    /// Children that the kernel has made and that stand still.
    held: BTreeSet<Pid>,
}

/// Where a hook stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// At the start or the end of a system call of this thread.
    SystemCall(Pid),
    /// This child was made and is still a copy of the hook.
    Child { of: Pid, child: Pid },
}

/// A child of a killed hook that stands still. Let go of, it goes on.
#[must_use]
pub(crate) struct HeldChild(Pid);

const STOPPED: i32 = libc::PTRACE_EVENT_STOP;
const THREAD: i32 = libc::PTRACE_EVENT_CLONE;
const FORK: i32 = libc::PTRACE_EVENT_FORK;
const VFORK: i32 = libc::PTRACE_EVENT_VFORK;
const EXEC: i32 = libc::PTRACE_EVENT_EXEC;

impl Traced {
    /// Has the daemon call the hook, and stops it at its first system call.
    pub(crate) fn call(daemon: &mut Daemon, operation: &str) -> Self {
        let shell = daemon.pid();
        let options = Options::PTRACE_O_TRACESYSGOOD
            | Options::PTRACE_O_TRACECLONE
            | Options::PTRACE_O_TRACEFORK
            | Options::PTRACE_O_TRACEVFORK
            | Options::PTRACE_O_TRACEEXEC
            | Options::PTRACE_O_EXITKILL;
        ptrace::seize(shell, options).expect("root may trace");
        daemon.begin(operation);
        let hook = loop {
            match wait_for(shell) {
                WaitStatus::PtraceEvent(_, _, FORK | VFORK) => break new_process(shell),
                // Its own exec, which may not have been over yet.
                WaitStatus::PtraceEvent(..) => ptrace::cont(shell, None).expect("it stands still"),
                WaitStatus::Stopped(_, signal) => {
                    ptrace::cont(shell, signal).expect("it stands still");
                }
                other => panic!("the daemon did not start the hook: {other:?}"),
            }
        };
        ptrace::detach(shell, None).expect("it stands still");
        until_exec(hook);
        ptrace::syscall(hook, None).expect("it stands still");
        let mut this = Self { hook, at: Stop::SystemCall(hook), held: BTreeSet::new() };
        this.wait().expect("a program makes a system call");
        this
    }

    /// Lets it run to its next stop; `None` if it came to its end.
    pub(crate) fn next(mut self) -> Option<Self> {
        let stopped = match self.at {
            Stop::SystemCall(thread) => thread,
            Stop::Child { of, child } => {
                self.held.remove(&child);
                ptrace::detach(child, None).expect("it stands still");
                of
            }
        };
        ptrace::syscall(stopped, None).expect("it stands still");
        self.wait().map(|()| self)
    }

    /// Waits for the next stop of any thread.
    fn wait(&mut self) -> Option<()> {
        loop {
            match wait_for_any() {
                WaitStatus::PtraceSyscall(thread) => {
                    self.at = Stop::SystemCall(thread);
                    return Some(());
                }
                WaitStatus::PtraceEvent(of, _, FORK | VFORK) => {
                    let child = new_process(of);
                    if self.held.insert(child) {
                        let _stopped = wait_for(child);
                    }
                    self.at = Stop::Child { of, child };
                    return Some(());
                }
                // The child can be heard of before its parent is.
                WaitStatus::PtraceEvent(new, _, STOPPED) if !self.is_thread(new) => {
                    self.held.insert(new);
                }
                WaitStatus::PtraceEvent(thread, _, STOPPED | THREAD) => go_on(thread, None),
                WaitStatus::Stopped(thread, signal) => go_on(thread, Some(signal)),
                WaitStatus::Exited(pid, _) | WaitStatus::Signaled(pid, _, _)
                    if pid == self.hook =>
                {
                    return None;
                }
                // A thread that has ended.
                WaitStatus::Exited(..) | WaitStatus::Signaled(..) => {}
                other => panic!("an unknown stop: {other:?}"),
            }
        }
    }

    fn is_thread(&self, pid: Pid) -> bool {
        fs::exists(format!("/proc/{}/task/{pid}", self.hook)).expect("a /proc")
    }

    /// If it is about to make this system call, has the kernel not know it: it then fails with ENOSYS.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn hide(&self, call: libc::c_long) -> bool {
        let Stop::SystemCall(thread) = self.at else { return false };
        let mut registers = ptrace::getregs(thread).expect("it stands still");
        // At the call's end as well, when the kernel has looked at the number already; but there it is not this one any more.
        let is_it = registers.orig_rax == call.cast_unsigned();
        if is_it {
            registers.orig_rax = u64::MAX;
            ptrace::setregs(thread, registers).expect("it stands still");
        }
        is_it
    }

    /// What it is doing, for messages.
    pub(crate) fn describe(&self) -> String {
        match self.at {
            Stop::SystemCall(thread) => {
                let call =
                    fs::read_to_string(format!("/proc/{thread}/syscall")).unwrap_or_default();
                format!("at system call {}", call.split(' ').next().unwrap_or_default())
            }
            Stop::Child { .. } => "with a child just made".to_owned(),
        }
    }

    /// Whether a child was just made.
    pub(crate) const fn has_made_a_child(&self) -> bool {
        matches!(self.at, Stop::Child { .. })
    }

    /// Kills it where it stands. Its children live on.
    pub(crate) fn kill(mut self) {
        self.kill_hook();
        self.held.into_iter().map(HeldChild).for_each(drop);
    }

    /// Kills it where it stands, with a child just made, and has the child stand still as it is.
    pub(crate) fn kill_and_hold_child(mut self) -> HeldChild {
        let Stop::Child { child, .. } = self.at else { panic!("no child was made") };
        self.kill_hook();
        self.held.remove(&child);
        self.held.into_iter().map(HeldChild).for_each(drop);
        HeldChild(child)
    }

    /// The same, but the child has become another program and has not done anything yet.
    pub(crate) fn kill_and_hold_childs_program(self) -> HeldChild {
        let Stop::Child { child, .. } = self.at else { panic!("no child was made") };
        ptrace::cont(child, None).expect("it stands still");
        until_exec(child);
        self.kill_and_hold_child()
    }

    fn kill_hook(&mut self) {
        kill(self.hook, Signal::SIGKILL).expect("it lives");
        // The first thread is heard of last, and with it all that the process had is gone.
        loop {
            match wait_for_any() {
                WaitStatus::Exited(pid, _) | WaitStatus::Signaled(pid, _, _)
                    if pid == self.hook =>
                {
                    break;
                }
                WaitStatus::PtraceEvent(new, _, STOPPED) if !self.is_thread(new) => {
                    self.held.insert(new);
                }
                _ => {}
            }
        }
        // Another thread may have made a child in the same instant, and died before it could be heard of.
        for child in traced_by(gettid()) {
            if self.held.insert(child) {
                let _stopped = wait_for(child);
            }
        }
    }
}

impl Drop for HeldChild {
    fn drop(&mut self) {
        // It may have been killed meanwhile.
        match ptrace::detach(self.0, None) {
            Ok(()) | Err(Errno::ESRCH) => {}
            Err(errno) => panic!("{} cannot go on: {errno}", self.0),
        }
    }
}

/// Lets a process that the kernel has just made run until it has become another program.
fn until_exec(process: Pid) {
    loop {
        match wait_for(process) {
            WaitStatus::PtraceEvent(_, _, EXEC) => return,
            WaitStatus::PtraceEvent(..) => ptrace::cont(process, None).expect("it stands still"),
            WaitStatus::Stopped(_, signal) => {
                ptrace::cont(process, signal).expect("it stands still");
            }
            other => panic!("it started no program: {other:?}"),
        }
    }
}

/// The processes that a thread traces.
fn traced_by(tracer: Pid) -> impl Iterator<Item = Pid> {
    let processes = fs::read_dir("/proc").expect("a /proc");
    let pids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let is_traced = move |pid: &i32| {
        fs::read_to_string(format!("/proc/{pid}/status"))
            .is_ok_and(|status| status.contains(&format!("\nTracerPid:\t{tracer}\n")))
    };
    pids.filter(is_traced).map(Pid::from_raw)
}

/// Lets a thread run to its next stop. It may have been killed.
fn go_on(thread: Pid, signal: Option<Signal>) {
    match ptrace::syscall(thread, signal) {
        Ok(()) | Err(Errno::ESRCH) => {}
        Err(errno) => panic!("{thread} cannot go on: {errno}"),
    }
}

fn new_process(of: Pid) -> Pid {
    let pid = ptrace::getevent(of).expect("it stands at an event");
    Pid::from_raw(pid.try_into().expect("a pid"))
}

/// Another thread's children are that thread's business.
fn wait_for_any() -> WaitStatus {
    waitpid(None, Some(WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD)).expect("a tracee")
}

fn wait_for(process: Pid) -> WaitStatus {
    waitpid(process, Some(WaitPidFlag::__WALL)).expect("a tracee")
}
