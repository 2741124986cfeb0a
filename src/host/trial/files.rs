//! What QEMU and libvirt do with an image.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};

use nix::fcntl::{FallocateFlags, OFlag, fallocate};
use nix::unistd::{Gid, Uid, fchown};

use super::{Ground, errno};
use crate::host::sys;
use crate::selftest::{DirectIo, Space};

/// As much as any device or page wants its I/O aligned to.
const BLOCK: usize = 4096;

pub(super) fn direct_io(ground: &Ground) -> DirectIo {
    let file = ground.file("direct-io", OFlag::O_DIRECT);
    let with = |write: fn(&File, &[u8]) -> io::Result<usize>, filling: u8| {
        let file = file.as_ref().map_err(again)?;
        let mut written = Aligned::of(filling);
        if write(file, written.bytes())? != BLOCK {
            return Ok(false);
        }
        let mut read = Aligned::of(0);
        file.read_exact_at(read.bytes(), 0)?;
        Ok(read.bytes() == written.bytes())
    };
    DirectIo {
        plain: with(|file, bytes| file.write_at(bytes, 0), 0x51).map_err(errno),
        aio: with(|file, bytes| sys::write_by_aio(file, bytes, 0), 0x52).map_err(errno),
    }
}

/// An error for the second time.
fn again(error: &io::Error) -> io::Error {
    error.raw_os_error().map_or_else(|| error.kind().into(), io::Error::from_raw_os_error)
}

/// A block that begins where `O_DIRECT` wants it to.
struct Aligned {
    room: Vec<u8>,
}

impl Aligned {
    fn of(filling: u8) -> Self {
        Self { room: vec![filling; 2 * BLOCK] }
    }

    fn bytes(&mut self) -> &mut [u8] {
        let begin = self.room.as_ptr().align_offset(BLOCK);
        &mut self.room[begin..begin + BLOCK]
    }
}

/// Room for a few blocks, and a hole in the middle of what is written there.
pub(super) fn space(ground: &Ground) -> Space {
    const LENGTH: i64 = 1 << 20;
    // It begins behind the first block, and is as long.
    const HOLE: i64 = BLOCK.cast_signed() as i64;
    let file = ground.file("space", OFlag::empty());
    let reserve = || -> io::Result<()> {
        let file = file.as_ref().map_err(again)?;
        Ok(fallocate(file, FallocateFlags::empty(), 0, LENGTH)?)
    };
    let punch = || -> io::Result<bool> {
        let file = file.as_ref().map_err(again)?;
        file.write_all_at(&[0x51; 3 * BLOCK], 0)?;
        let hole = FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_KEEP_SIZE;
        fallocate(file, hole, HOLE, HOLE)?;
        let mut read = [0xff; 3 * BLOCK];
        file.read_exact_at(&mut read, 0)?;
        let is_all = |part: &[u8], byte| part.iter().all(|&b| b == byte);
        Ok(is_all(&read[..BLOCK], 0x51)
            && is_all(&read[BLOCK..2 * BLOCK], 0)
            && is_all(&read[2 * BLOCK..], 0x51))
    };
    Space { reserve: reserve().map_err(errno), punch: punch().map_err(errno) }
}

/// Gives a file to a user whom nothing belongs to, and takes it back.
pub(super) fn owner(ground: &Ground) -> io::Result<bool> {
    const NOBODY: u32 = 65534;
    let file = ground.file("owner", OFlag::empty())?;
    let before = file.metadata()?;
    fchown(&file, Some(Uid::from_raw(NOBODY)), Some(Gid::from_raw(NOBODY)))?;
    let given = file.metadata()?;
    fchown(&file, Some(Uid::from_raw(before.uid())), Some(Gid::from_raw(before.gid())))?;
    let back = file.metadata()?;
    Ok((given.uid(), given.gid()) == (NOBODY, NOBODY) && back.uid() == before.uid())
}

/// Sets an attribute like those in which libvirt remembers an image's owner.
pub(super) fn attribute(ground: &Ground) -> io::Result<bool> {
    const NAME: &std::ffi::CStr = c"trusted.virt-quobyte.selftest";
    const VALUE: &[u8] = b"+0:+0";
    let file = ground.file("attribute", OFlag::empty())?;
    sys::set_xattr(&file, NAME, VALUE)?;
    let is_there = sys::xattr(&file, NAME).is_ok_and(|value| value == VALUE);
    sys::remove_xattr(&file, NAME)?;
    Ok(is_there)
}
