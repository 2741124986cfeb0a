//! Leaves the caller behind. Decides who of two processes goes on and when the caller is told; not what the daemon does.
//!
//! The process that was called waits until the mount is usable, or the daemon has ended, and then ends as the daemon
//! did. Nothing leaves the caller's control group.

use std::fs::OpenOptions;
use std::io;
use std::os::fd::OwnedFd;
use std::process::ExitCode;

use nix::fcntl::OFlag;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{
    ForkResult, Pid, chdir, dup2_stderr, dup2_stdin, dup2_stdout, fork, pipe2, read, setsid, write,
};

use crate::cmdline::Place;
use crate::control::Stdio;

#[derive(Debug)]
pub(crate) enum Role {
    /// The process that was called, with nothing left to do but to end.
    Caller(ExitCode),
    /// The process that mounts and serves.
    Server(Caller),
}

/// Who waits to hear that the mount is usable.
#[derive(Debug)]
pub(crate) enum Caller {
    /// Nobody: we are the process that was called.
    Ourselves,
    Waiting(OwnedFd),
}

/// Must be called while the process has one thread.
#[expect(unsafe_code, reason = "there is no safe fork")]
pub(crate) fn part(place: Place) -> io::Result<Role> {
    if place == Place::Foreground {
        return Ok(Role::Server(Caller::Ourselves));
    }
    let (told, teller) = pipe2(OFlag::O_CLOEXEC)?;
    // SAFETY: main has started no thread, so the child finds every lock free and may do what its parent may.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => {
            drop(teller);
            wait_for(&told, child).map(Role::Caller)
        }
        ForkResult::Child => {
            drop(told);
            setsid()?;
            Ok(Role::Server(Caller::Waiting(teller)))
        }
    }
}

fn wait_for(told: &OwnedFd, daemon: Pid) -> io::Result<ExitCode> {
    let count = loop {
        match read(told, &mut [0]) {
            Err(nix::errno::Errno::EINTR) => {}
            other => break other?,
        }
    };
    if count > 0 {
        return Ok(ExitCode::SUCCESS);
    }
    Ok(match waitpid(daemon, None)? {
        WaitStatus::Exited(_, code) => u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from),
        _ => ExitCode::FAILURE,
    })
}

impl Caller {
    /// Lets go of the caller's terminal, pipes and directory, and only then tells it that all is well.
    pub(crate) fn tell_ready(self, stdio: Stdio) -> io::Result<()> {
        let Self::Waiting(teller) = self else {
            return Ok(());
        };
        let null = OpenOptions::new().read(true).write(true).open("/dev/null")?;
        dup2_stdin(&null)?;
        if stdio == Stdio::Detach {
            dup2_stdout(&null)?;
            dup2_stderr(&null)?;
        }
        chdir("/")?;
        match write(&teller, &[1]) {
            // A caller that was killed meanwhile changes nothing: the real client stays as well.
            Ok(_) | Err(nix::errno::Errno::EPIPE) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }
}
