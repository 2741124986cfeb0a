//! Names: looked up, made, moved and removed relative to a held directory. Decides whom new files belong to: the caller, because this
//! daemon makes them as root.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use fuser::{FileAttr, INodeNo, RenameFlags};
use nix::fcntl::{AtFlags, OFlag, openat, readlinkat, renameat2};
use nix::sys::stat::{Mode, SFlag, mkdirat, mknodat};
use nix::unistd::{UnlinkatFlags, linkat, symlinkat, unlinkat};

use super::attr::{set_mode, set_owner};
use super::{Owner, Volume, refuse};

const SET_ID: u32 = 0o6000;
const SET_GROUP_ID: u32 = 0o2000;

impl Volume {
    pub(super) fn look_up(&self, parent: INodeNo, name: &OsStr) -> io::Result<FileAttr> {
        self.inodes.remember(self.name(parent, name)?)
    }

    pub(super) fn read_link(&self, ino: INodeNo) -> io::Result<Vec<u8>> {
        Ok(readlinkat(&*self.inodes.get(ino)?, "")?.into_vec())
    }

    pub(super) fn make_node(
        &self,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        device: u32,
        owner: Owner,
    ) -> io::Result<FileAttr> {
        let dir = self.inodes.get(parent)?;
        let kind = SFlag::from_bits_truncate(mode & SFlag::S_IFMT.bits());
        mknodat(&*dir, name, kind, permissions(mode), device.into())?;
        self.adopt(parent, name, mode, owner)
    }

    pub(super) fn make_directory(
        &self,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        owner: Owner,
    ) -> io::Result<FileAttr> {
        refuse(self.refusals.mkdir)?;
        mkdirat(&*self.inodes.get(parent)?, name, permissions(mode))?;
        self.adopt(parent, name, mode, owner)
    }

    pub(super) fn make_symlink(
        &self,
        parent: INodeNo,
        name: &OsStr,
        target: &Path,
        owner: Owner,
    ) -> io::Result<FileAttr> {
        symlinkat(target, &*self.inodes.get(parent)?, name)?;
        self.adopt(parent, name, 0, owner)
    }

    pub(super) fn make_link(
        &self,
        ino: INodeNo,
        new_parent: INodeNo,
        new_name: &OsStr,
    ) -> io::Result<FileAttr> {
        let (file, dir) = (self.inodes.get(ino)?, self.inodes.get(new_parent)?);
        linkat(&*file, "", &*dir, new_name, AtFlags::AT_EMPTY_PATH)?;
        self.look_up(new_parent, new_name)
    }

    pub(super) fn remove_file(&self, parent: INodeNo, name: &OsStr) -> io::Result<()> {
        Ok(unlinkat(&*self.inodes.get(parent)?, name, UnlinkatFlags::NoRemoveDir)?)
    }

    pub(super) fn remove_directory(&self, parent: INodeNo, name: &OsStr) -> io::Result<()> {
        Ok(unlinkat(&*self.inodes.get(parent)?, name, UnlinkatFlags::RemoveDir)?)
    }

    pub(super) fn move_name(
        &self,
        (parent, name): (INodeNo, &OsStr),
        (new_parent, new_name): (INodeNo, &OsStr),
        flags: RenameFlags,
    ) -> io::Result<()> {
        let (from, to) = (self.inodes.get(parent)?, self.inodes.get(new_parent)?);
        let flags = nix::fcntl::RenameFlags::from_bits_retain(flags.bits());
        Ok(renameat2(&*from, name, &*to, new_name, flags)?)
    }

    /// Gives what was just made to who had it made. A directory with the set-group-id bit gives its own group.
    pub(super) fn adopt(
        &self,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        owner: Owner,
    ) -> io::Result<FileAttr> {
        let group_is_inherited = self.inodes.get(parent)?.metadata()?.mode() & SET_GROUP_ID != 0;
        let new = self.name(parent, name)?;
        set_owner(&new, Some(owner.uid), Some(owner.gid).filter(|_| !group_is_inherited))?;
        // A change of owner takes these bits away.
        if mode & SET_ID != 0 {
            let inherited = new.metadata()?.mode() & SET_GROUP_ID;
            set_mode(&new, mode | inherited)?;
        }
        self.inodes.remember(new)
    }

    fn name(&self, parent: INodeNo, name: &OsStr) -> io::Result<File> {
        let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let fd = openat(&*self.inodes.get(parent)?, name, flags, Mode::empty())?;
        Ok(File::from(fd))
    }
}

fn permissions(mode: u32) -> Mode {
    Mode::from_bits_truncate(mode & 0o7777)
}
