//! The text of the mount table. Reading it never blocks, whatever the mounts in it do.

use std::io;

/// Reads `/proc/self/mountinfo`.
pub fn text() -> io::Result<Vec<u8>> {
    std::fs::read("/proc/self/mountinfo")
}
