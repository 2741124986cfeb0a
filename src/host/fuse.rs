//! The kernel's FUSE: whether it is there, and how long it waits for a client.

use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt;

/// Where a client opens its connection.
pub const DEVICE: &str = "/dev/fuse";

/// What the kernel shows of FUSE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fuse {
    /// Whether its device is there.
    pub has_device: bool,
    /// Whether the kernel has it at this moment. A module is loaded when the device is opened.
    pub is_loaded: bool,
    /// `fs.fuse.default_request_timeout` in seconds, 0 for none; `None` before Linux 6.15.
    pub default_timeout: Option<u64>,
    /// `fs.fuse.max_request_timeout`, likewise.
    pub max_timeout: Option<u64>,
}

/// Looks at the kernel.
pub fn look() -> io::Result<Fuse> {
    let has_device = match fs::metadata(DEVICE) {
        Ok(device) => device.file_type().is_char_device(),
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(error),
    };
    let file_systems = fs::read_to_string("/proc/filesystems")?;
    Ok(Fuse {
        has_device,
        is_loaded: file_systems.lines().any(|line| line.split('\t').next_back() == Some("fuse")),
        default_timeout: seconds("default_request_timeout")?,
        max_timeout: seconds("max_request_timeout")?,
    })
}

fn seconds(name: &str) -> io::Result<Option<u64>> {
    match fs::read_to_string(format!("/proc/sys/fs/fuse/{name}")) {
        Ok(text) => text.trim().parse().map(Some).map_err(io::Error::other),
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
