//! Reads one file, if it can be trusted.

use std::fs::{File, FileType, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use nix::fcntl::OFlag;

use super::super::SourceFile;
use super::super::problem::Position;
use super::trust::Trust;
use super::{FileFault, Unusable};

/// Far beyond any configuration, and read in a moment.
const LARGEST: usize = 1 << 20;

/// Reads a file; `None` if it does not exist.
pub(super) fn read(path: &Path, trust: Trust) -> Result<Option<SourceFile>, Unusable> {
    let Some(resolved) = trust.resolve(path)? else { return Ok(None) };
    let bytes = read_resolved(&resolved, trust).map_err(|fault| Unusable::new(&resolved, fault))?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(SourceFile { path: path.to_owned(), text })),
        Err(error) => {
            let good = error.utf8_error().valid_up_to();
            let good = String::from_utf8_lossy(&error.as_bytes()[..good]);
            let at = Some(Position::of(&good, good.len()));
            Err(Unusable { path: resolved, at, fault: FileFault::NotUtf8 })
        }
    }
}

fn read_resolved(path: &Path, trust: Trust) -> Result<Vec<u8>, FileFault> {
    // O_NONBLOCK: to open a FIFO would otherwise wait for somebody to write into it. It means nothing to a regular file.
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits())
        .open(path)
        .map_err(FileFault::Unreadable)?;
    // Asked of what was opened, and not of its name: only so is it the same file.
    let metadata = file.metadata().map_err(FileFault::Unreadable)?;
    if !metadata.is_file() {
        return Err(FileFault::NotAFile(kind(metadata.file_type())));
    }
    trust.check_file(&metadata)?;
    read_bounded(file, metadata.len()).map_err(FileFault::Unreadable)?.ok_or(FileFault::TooLarge)
}

/// Reads it at once, as far as its length is still the one that was seen.
fn read_bounded(file: File, length: u64) -> io::Result<Option<Vec<u8>>> {
    let room = usize::try_from(length).map_or(LARGEST, |length| length.min(LARGEST));
    let mut bytes = Vec::with_capacity(room + 1);
    file.take(LARGEST as u64 + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() <= LARGEST).then_some(bytes))
}

fn kind(file_type: FileType) -> &'static str {
    match file_type {
        t if t.is_dir() => "a directory",
        t if t.is_fifo() => "a FIFO",
        t if t.is_char_device() => "a character device",
        t if t.is_block_device() => "a block device",
        t if t.is_socket() => "a socket",
        _ => "something else",
    }
}
