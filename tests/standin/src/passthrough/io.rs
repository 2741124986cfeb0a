//! Files that are open, and their data. Decides that a write is in the backing file before it is answered.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use fuser::{FileAttr, FileHandle, INodeNo, OpenFlags};
use nix::errno::Errno;
use nix::fcntl::{FallocateFlags, OFlag, copy_file_range, fallocate, openat};
use nix::sys::stat::Mode;
use nix::unistd::{Whence, lseek};

use super::inodes::reopen;
use super::{Owner, Volume, refuse};

impl Volume {
    pub(super) fn open_file(&self, ino: INodeNo, flags: OpenFlags) -> io::Result<FileHandle> {
        self.may_pass_the_cache(flags.0)?;
        let file = reopen(&*self.inodes.get(ino)?, backing_flags(flags.0))?;
        Ok(self.files.add(file))
    }

    fn may_pass_the_cache(&self, flags: i32) -> io::Result<()> {
        let direct = OFlag::from_bits_retain(flags).contains(OFlag::O_DIRECT);
        refuse(self.refusals.direct_io.filter(|_| direct))
    }

    /// Another host may have made the file since the kernel looked: then it is opened as it is, if the caller allows that.
    pub(super) fn create_file(
        &self,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        flags: i32,
        owner: Owner,
    ) -> io::Result<(FileAttr, FileHandle)> {
        self.may_pass_the_cache(flags)?;
        let must_be_new = OFlag::from_bits_retain(flags).contains(OFlag::O_EXCL);
        let dir = self.inodes.get(parent)?;
        let create = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let permissions = Mode::from_bits_truncate(mode & 0o7777);
        match openat(&*dir, name, backing_flags(flags) | create, permissions) {
            Ok(new) => {
                let attr = self.adopt(parent, name, mode, owner)?;
                Ok((attr, self.files.add(File::from(new))))
            }
            Err(Errno::EEXIST) if !must_be_new => {
                let attr = self.look_up(parent, name)?;
                let handle = self.open_file(attr.ino, OpenFlags(flags));
                handle.map(|handle| (attr, handle)).inspect_err(|_| self.inodes.forget(attr.ino, 1))
            }
            Err(errno) => Err(errno.into()),
        }
    }

    /// Short only at the end of the file.
    pub(super) fn read_at(
        &self,
        handle: FileHandle,
        offset: u64,
        size: u32,
    ) -> io::Result<Vec<u8>> {
        let file = self.files.get(handle)?;
        let mut data = vec![0; size as usize];
        let mut filled = 0;
        while filled < data.len() {
            match file.read_at(&mut data[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        data.truncate(filled);
        Ok(data)
    }

    pub(super) fn write_at(
        &self,
        handle: FileHandle,
        offset: u64,
        data: &[u8],
    ) -> io::Result<usize> {
        self.files.get(handle)?.write_all_at(data, offset)?;
        Ok(data.len())
    }

    pub(super) fn sync(&self, handle: FileHandle, data_only: bool) -> io::Result<()> {
        let file = self.files.get(handle)?;
        if data_only { file.sync_data() } else { file.sync_all() }
    }

    pub(super) fn allocate(
        &self,
        handle: FileHandle,
        offset: u64,
        length: u64,
        mode: i32,
    ) -> io::Result<()> {
        refuse(self.refusals.fallocate)?;
        let file = self.files.get(handle)?;
        let mode = FallocateFlags::from_bits_retain(mode);
        Ok(fallocate(&*file, mode, signed(offset)?, signed(length)?)?)
    }

    /// The backing file's own position is of no use to anybody: all else is done at an offset.
    pub(super) fn seek(&self, handle: FileHandle, offset: i64, whence: i32) -> io::Result<i64> {
        let whence = match whence {
            data if data == Whence::SeekData as i32 => Whence::SeekData,
            hole if hole == Whence::SeekHole as i32 => Whence::SeekHole,
            _ => return Err(Errno::EINVAL.into()),
        };
        Ok(lseek(&*self.files.get(handle)?, offset, whence)?)
    }

    pub(super) fn copy(
        &self,
        (handle_in, offset_in): (FileHandle, u64),
        (handle_out, offset_out): (FileHandle, u64),
        length: u64,
    ) -> io::Result<usize> {
        let (from, to) = (self.files.get(handle_in)?, self.files.get(handle_out)?);
        // The answer has 32 bits.
        let length = usize::try_from(length).unwrap_or(usize::MAX).min(1 << 30);
        let (mut at_in, mut at_out) = (signed(offset_in)?, signed(offset_out)?);
        Ok(copy_file_range(&*from, Some(&mut at_in), &*to, Some(&mut at_out), length)?)
    }
}

/// Without `O_DIRECT`: the kernel's page cache is passed by, but what fuser hands us is not aligned for the backing file.
fn backing_flags(flags: i32) -> OFlag {
    OFlag::from_bits_retain(flags) - OFlag::O_DIRECT - OFlag::O_TRUNC - OFlag::O_CREAT
}

fn signed(offset: u64) -> io::Result<i64> {
    i64::try_from(offset).map_err(|_| Errno::EFBIG.into())
}
