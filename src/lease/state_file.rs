//! Opens the files of the state directory, whatever lies in their place.
//!
//! Only root can put anything there, but the tools of root do: a FIFO under a record's name would hold up whoever opens it for
//! ever, and with it the end of every guest of the host. So nothing is opened here that could wait, and nothing is read
//! without end.
#![allow(clippy::disallowed_methods, reason = "this file opens others")]

use std::fs::{self, File, FileType, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use nix::fcntl::OFlag;

/// Why a file could not be opened or read.
#[derive(Debug)]
pub(super) enum Fault {
    /// It is something else, of this kind.
    NotAFile(&'static str),
    /// The system refused.
    Io(io::Error),
}

/// Opens a file to be read, and tells how long it is; `None` if there is none.
pub(super) fn open_to_read(path: &Path) -> Result<Option<(File, u64)>, Fault> {
    let file = match open(path, OpenOptions::new().read(true)) {
        Err(Fault::Io(error)) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let length = file.metadata().map_err(Fault::Io)?.len();
    Ok(Some((file, length)))
}

/// Opens the file that a lock is taken on, and makes it if there is none.
pub(super) fn open_lock(path: &Path) -> Result<File, Fault> {
    open(path, OpenOptions::new().write(true).create(true).truncate(false).mode(0o600))
}

/// Makes a file in place of whatever has its name.
pub(super) fn replace(path: &Path) -> io::Result<File> {
    match create(path) {
        // A process that died left its half behind; nobody else writes while the lock is held.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            fs::remove_file(path)?;
            create(path)
        }
        made => made,
    }
}

/// Makes a file where nothing has its name: nothing that is there is opened, and no link is followed.
pub(super) fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

fn open(path: &Path, how: &mut OpenOptions) -> Result<File, Fault> {
    // O_NONBLOCK: to open a FIFO would otherwise wait for its other end. It means nothing to a regular file.
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let opened = how.custom_flags(flags.bits()).open(path);
    let looked_at = match &opened {
        Ok(file) => file.metadata().map_err(Fault::Io)?,
        // A symlink, a socket and a FIFO are refused with errors that do not say what they are.
        Err(_) => match fs::symlink_metadata(path) {
            Ok(metadata) => metadata,
            Err(_) => return opened.map_err(Fault::Io),
        },
    };
    if looked_at.is_file() {
        opened.map_err(Fault::Io)
    } else {
        Err(Fault::NotAFile(kind(looked_at.file_type())))
    }
}

fn kind(file_type: FileType) -> &'static str {
    match file_type {
        t if t.is_dir() => "a directory",
        t if t.is_symlink() => "a symlink",
        t if t.is_fifo() => "a FIFO",
        t if t.is_socket() => "a socket",
        _ => "a device",
    }
}
