//! What one client sees of another's work.

use std::io;
use std::time::{Duration, Instant};

use nix::errno::Errno as SystemErrno;
use nix::fcntl::{AtFlags, OFlag};
use nix::sys::stat::fstatat;

use super::Ground;
use crate::host::deadline::Deadline;

/// Between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Looks for a name that is not there, has another client make it, and looks again until it is.
pub(super) fn name(
    made: &Ground,
    seen: &Ground,
    deadline: Deadline,
) -> io::Result<Option<Duration>> {
    const NAME: &str = "apart";
    let directory = seen.directory()?;
    let look = || match fstatat(&directory, NAME, AtFlags::AT_SYMLINK_NOFOLLOW) {
        Ok(_) => Ok(true),
        Err(SystemErrno::ENOENT) => Ok(false),
        Err(errno) => Err(io::Error::from(errno)),
    };
    // It is not there, and whoever keeps that in mind does so from now on.
    look()?;
    made.file(NAME, OFlag::O_EXCL)?;
    let begun = Instant::now();
    loop {
        if look()? {
            return Ok(Some(begun.elapsed()));
        }
        if deadline.is_over() {
            return Ok(None);
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}
