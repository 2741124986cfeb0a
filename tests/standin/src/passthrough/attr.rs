//! Attributes, as the backing file has them. Decides the one lie: the root of a Quobyte volume has size 0.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fuser::{FileAttr, FileHandle, FileType, INodeNo, TimeOrNow};
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag};
use nix::sys::stat::{FchmodatFlags, Mode, UtimensatFlags, fchmodat, utimensat};
use nix::sys::statvfs::{Statvfs, fstatvfs};
use nix::sys::time::TimeSpec;
use nix::unistd::{Gid, Uid, fchownat};

use super::inodes::{by_descriptor, reopen};
use super::reply::narrow;
use super::{Volume, refuse};

/// What a caller wants changed at once.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) mode: Option<u32>,
    pub(super) uid: Option<u32>,
    pub(super) gid: Option<u32>,
    pub(super) size: Option<u64>,
    pub(super) accessed: Option<TimeOrNow>,
    pub(super) modified: Option<TimeOrNow>,
    pub(super) handle: Option<FileHandle>,
}

impl Volume {
    pub(super) fn attributes(&self, ino: INodeNo) -> io::Result<FileAttr> {
        of(ino, &self.inodes.get(ino)?.metadata()?)
    }

    /// Owner before mode, because a change of owner takes set-user-id bits away; times last, because the rest changes them.
    pub(super) fn change(&self, ino: INodeNo, change: &Change) -> io::Result<FileAttr> {
        let file = self.inodes.get(ino)?;
        if change.uid.is_some() || change.gid.is_some() {
            refuse(self.refusals.chown)?;
            set_owner(&file, change.uid, change.gid)?;
        }
        if let Some(mode) = change.mode {
            set_mode(&file, mode)?;
        }
        if let Some(size) = change.size {
            match change.handle {
                Some(handle) => self.files.get(handle)?.set_len(size)?,
                None => reopen(&file, OFlag::O_WRONLY)?.set_len(size)?,
            }
        }
        if change.accessed.is_some() || change.modified.is_some() {
            let (accessed, modified) = (time_spec(change.accessed), time_spec(change.modified));
            let path = by_descriptor(&file);
            let follow = UtimensatFlags::FollowSymlink;
            utimensat(AT_FDCWD, path.as_str(), &accessed, &modified, follow)?;
        }
        of(ino, &file.metadata()?)
    }

    pub(super) fn space(&self) -> io::Result<Statvfs> {
        Ok(fstatvfs(&*self.inodes.get(INodeNo::ROOT)?)?)
    }
}

pub(super) fn set_owner(file: &File, uid: Option<u32>, gid: Option<u32>) -> io::Result<()> {
    let (uid, gid) = (uid.map(Uid::from_raw), gid.map(Gid::from_raw));
    Ok(fchownat(file, "", uid, gid, AtFlags::AT_EMPTY_PATH)?)
}

pub(super) fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    let path = by_descriptor(file);
    let mode = Mode::from_bits_truncate(mode & 0o7777);
    Ok(fchmodat(AT_FDCWD, path.as_str(), mode, FchmodatFlags::FollowSymlink)?)
}

pub(super) fn of(ino: INodeNo, metadata: &Metadata) -> io::Result<FileAttr> {
    let is_root = ino == INodeNo::ROOT;
    Ok(FileAttr {
        ino,
        size: if is_root { 0 } else { metadata.size() },
        blocks: if is_root { 0 } else { metadata.blocks() },
        atime: metadata.accessed()?,
        mtime: metadata.modified()?,
        ctime: time(metadata.ctime(), metadata.ctime_nsec()),
        crtime: UNIX_EPOCH,
        kind: kind(metadata.file_type())?,
        perm: (metadata.mode() & 0o7777) as u16,
        nlink: narrow(metadata.nlink()),
        uid: metadata.uid(),
        gid: metadata.gid(),
        // The protocol's encoding is the low half of the C library's.
        rdev: narrow(metadata.rdev() & u64::from(u32::MAX)),
        blksize: narrow(metadata.blksize()),
        flags: 0,
    })
}

pub(super) fn kind(kind: std::fs::FileType) -> io::Result<FileType> {
    Ok(match kind {
        kind if kind.is_file() => FileType::RegularFile,
        kind if kind.is_dir() => FileType::Directory,
        kind if kind.is_symlink() => FileType::Symlink,
        kind if kind.is_fifo() => FileType::NamedPipe,
        kind if kind.is_socket() => FileType::Socket,
        kind if kind.is_char_device() => FileType::CharDevice,
        kind if kind.is_block_device() => FileType::BlockDevice,
        _ => return Err(Errno::EIO.into()),
    })
}

fn time(seconds: i64, nanoseconds: i64) -> SystemTime {
    let second = Duration::from_secs(seconds.unsigned_abs());
    let whole = if seconds < 0 { UNIX_EPOCH - second } else { UNIX_EPOCH + second };
    whole + Duration::from_nanos(nanoseconds.unsigned_abs())
}

fn time_spec(time: Option<TimeOrNow>) -> TimeSpec {
    match time {
        None => TimeSpec::UTIME_OMIT,
        Some(TimeOrNow::Now) => TimeSpec::UTIME_NOW,
        Some(TimeOrNow::SpecificTime(time)) => match time.duration_since(UNIX_EPOCH) {
            Ok(after) => TimeSpec::from_duration(after),
            // The kernel counts nanoseconds upwards before 1970, too.
            Err(error) => {
                let before = error.duration();
                let nanoseconds = i64::from(before.subsec_nanos());
                let seconds = -before.as_secs().cast_signed();
                match nanoseconds {
                    0 => TimeSpec::new(seconds, 0),
                    _ => TimeSpec::new(seconds - 1, 1_000_000_000 - nanoseconds),
                }
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_before_1970_survive() {
        for (seconds, nanoseconds) in [(0, 0), (1, 5), (-1, 0), (-1, 5), (-7, 999_999_999)] {
            let spec = time_spec(Some(TimeOrNow::SpecificTime(time(seconds, nanoseconds))));
            assert_eq!((spec.tv_sec(), spec.tv_nsec()), (seconds, nanoseconds));
        }
    }
}
