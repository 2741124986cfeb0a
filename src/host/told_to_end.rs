//! Signals that ask this process to end, for work that must be put in order first.

use std::io;

use super::sys;

/// From now on SIGINT, SIGTERM and SIGHUP end this process no more: whoever works asks [`is_so`] and comes to an end.
pub fn listen() -> io::Result<()> {
    sys::note_signals_to_end()
}

/// Whether one of them has come since.
pub fn is_so() -> bool {
    sys::is_told_to_end()
}
