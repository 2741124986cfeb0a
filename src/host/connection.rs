//! The kernel's end of a FUSE connection: how many requests wait for an answer, and how to give all of them up.
//!
//! A connection's directory is named by the minor number of its mount's device, so nothing on the mount is looked at. The files
//! are the kernel's own and do not block (Documentation/filesystems/fuse.rst, "Control filesystem").

use std::fs;
use std::io;
use std::path::PathBuf;

use crate::mounts::DeviceNumber;

const CONNECTIONS: &str = "/sys/fs/fuse/connections";

/// Why a connection cannot be given up.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// The kernel's control files are not mounted.
    #[error(
        "{CONNECTIONS} has no connection {minor}; if it is empty, mount it first: mount -t fusectl fusectl {CONNECTIONS}"
    )]
    NotThere {
        /// The connection's number.
        minor: u32,
    },
    /// The kernel refused.
    #[error("cannot write {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Gives up a connection: every request that waits, and every later one, gets an error.
pub fn abort(device: DeviceNumber) -> Result<(), ConnectionError> {
    let path = file(device, "abort");
    match fs::OpenOptions::new().write(true).open(&path) {
        Ok(mut abort) => io::Write::write_all(&mut abort, b"1")
            .map_err(|source| ConnectionError::Io { path, source }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(ConnectionError::NotThere { minor: device.minor })
        }
        Err(source) => Err(ConnectionError::Io { path, source }),
    }
}

/// How many requests wait for the client; `None` if the kernel does not say.
pub fn waiting(device: DeviceNumber) -> Option<u64> {
    fs::read_to_string(file(device, "waiting")).ok()?.trim().parse().ok()
}

fn file(device: DeviceNumber, name: &str) -> PathBuf {
    PathBuf::from(format!("{CONNECTIONS}/{}/{name}", device.minor))
}
