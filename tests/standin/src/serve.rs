//! The daemon's life between mount and end. Decides when it is over: the mount was taken away, a signal asks for it, or the control file
//! has it die.
//!
//! A write is in the backing file before it is answered, so that there is nothing to flush at the end.

use std::fs::File;
use std::io::{self, PipeReader, pipe};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::thread;
use std::time::{Duration, Instant};

use fuser::{Config, Session, SessionACL};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::getpid;

use crate::mount::MountPoint;
use crate::passthrough::Volume;

/// As many requests may be slow at once before the others have to wait for them: as many as libfuse's own loop has unless it is told
/// otherwise (`FUSE_LOOP_MT_DEF_MAX_THREADS`). All of them are started at once, beside whoever waited for the mount.
const THREADS: usize = 10;

/// How late the end of a connection may be noticed while all threads hang.
const TICK: Duration = Duration::from_millis(50);

/// A mounted volume whose connection the kernel has accepted: from here on every call on it is answered, or hangs.
#[derive(Debug)]
pub(crate) struct Service {
    mount_point: MountPoint,
    session: Session<Volume>,
    connection: OwnedFd,
    signals: SignalFd,
}

impl Service {
    /// Must be called before any thread starts: the signals that end the daemon are blocked in all of them.
    pub(crate) fn begin(mount_point: MountPoint, device: File, volume: Volume) -> io::Result<Self> {
        match Self::shake_hands(device, volume) {
            Ok((session, connection, signals)) => {
                Ok(Self { mount_point, session, connection, signals })
            }
            Err(error) => {
                mount_point.leave()?;
                Err(error)
            }
        }
    }

    fn shake_hands(
        device: File,
        volume: Volume,
    ) -> io::Result<(Session<Volume>, OwnedFd, SignalFd)> {
        let ends: SigSet = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP].into_iter().collect();
        ends.thread_block()?;
        let signals = SignalFd::with_flags(&ends, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
        let connection = device.as_fd().try_clone_to_owned()?;
        let mut config = Config::default();
        config.n_threads = Some(THREADS);
        let session = Session::from_fd(volume, device.into(), SessionACL::All, config)?;
        Ok((session, connection, signals))
    }

    /// Ends before it began, and leaves no mount behind.
    pub(crate) fn abandon(&self) -> io::Result<()> {
        Ok(self.mount_point.leave()?)
    }

    /// Serves until the end. The process has to end with it: threads that hang are not waited for.
    pub(crate) fn run(self, die_after: Option<Duration>) -> io::Result<()> {
        let Self { mount_point, session, connection, signals } = self;
        let death = die_after.map(|after| Instant::now() + after);
        let (over, end) = pipe()?;
        thread::Builder::new().name("session".to_owned()).spawn(move || {
            let outcome = session.run();
            drop(end);
            outcome
        })?;
        loop {
            let tick = death
                .map_or(TICK, |death| TICK.min(death.saturating_duration_since(Instant::now())));
            wait(&over, &signals, tick)?;
            if death.is_some_and(|death| death <= Instant::now()) {
                kill(getpid(), Signal::SIGKILL)?;
            }
            if has(over.as_fd(), PollFlags::POLLHUP)?
                || has(connection.as_fd(), PollFlags::POLLERR)?
            {
                return Ok(());
            }
            if signals.read_signal()?.is_some() {
                mount_point.leave()?;
                return Ok(());
            }
        }
    }
}

fn wait(over: &PipeReader, signals: &SignalFd, at_most: Duration) -> io::Result<()> {
    let mut fds = [
        PollFd::new(over.as_fd(), PollFlags::empty()),
        PollFd::new(signals.as_fd(), PollFlags::POLLIN),
    ];
    let at_most = PollTimeout::try_from(at_most).map_err(io::Error::other)?;
    match poll(&mut fds, at_most) {
        Ok(_) | Err(nix::errno::Errno::EINTR) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

/// Asked at every tick instead of being waited for: the kernel wakes everyone who waits on a connection at each request.
fn has(fd: BorrowedFd<'_>, condition: PollFlags) -> io::Result<bool> {
    let mut fds = [PollFd::new(fd, PollFlags::empty())];
    poll(&mut fds, PollTimeout::ZERO)?;
    Ok(fds[0].revents().is_some_and(|seen| seen.contains(condition)))
}
