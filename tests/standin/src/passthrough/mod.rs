//! A volume: the FUSE requests of the kernel, done to a backing directory. Decides nothing but which function of this module does
//! which request; all of them pass `misbehaviour` first, except the two that only let go of something.
//!
//! Nothing is cached for longer than a request: another host's change shows at once, and a client that hangs shows at once.
//! Locks are the kernel's own and hold on this host only, unless the control file has this file system take part in them, or get
//! them wrong.

mod attr;
mod dir;
mod handles;
mod inodes;
mod io;
mod locks;
mod names;
mod reply;
mod xattr;

use std::ffi::OsStr;
use std::fs::File;
use std::path::Path;
use std::time::SystemTime;

use fuser::{
    AccessFlags, BsdFileFlags, CopyFileRangeFlags, Errno, FileHandle, Filesystem, FopenFlags,
    INodeNo, InitFlags, KernelConfig, LockOwner, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate,
    ReplyData, ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyLock, ReplyLseek, ReplyOpen,
    ReplyStatfs, ReplyWrite, ReplyXattr, Request, TimeOrNow, WriteFlags,
};
use nix::fcntl::{OFlag, open};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::stat::Mode;

use crate::cmdline::{Wish, Xattrs};
use crate::control::{Locks, Refusals, Settings};
use crate::misbehaviour::Conduct;
use attr::Change;
use dir::OpenDir;
use handles::Handles;
use inodes::Inodes;
use locks::{Patience, SharedLocks, Wanted};

#[derive(Debug)]
pub(crate) struct Volume {
    inodes: Inodes,
    files: Handles<File>,
    dirs: Handles<OpenDir>,
    conduct: Conduct,
    locks: Option<SharedLocks>,
    xattrs: Xattrs,
    status_port: u16,
    refusals: Refusals,
}

/// Whom a new file belongs to.
#[derive(Debug, Clone, Copy)]
struct Owner {
    uid: u32,
    gid: u32,
}

impl From<&Request> for Owner {
    fn from(request: &Request) -> Self {
        Self { uid: request.uid(), gid: request.gid() }
    }
}

impl Volume {
    pub(crate) fn open(
        directory: &Path,
        conduct: Conduct,
        wish: &Wish,
        settings: &Settings,
    ) -> std::io::Result<Self> {
        // Each inode that the kernel knows holds a descriptor.
        let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
        setrlimit(Resource::RLIMIT_NOFILE, most, most)?;
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let root = File::from(open(directory, flags, Mode::empty())?);
        Ok(Self {
            inodes: Inodes::new(root)?,
            files: Handles::default(),
            dirs: Handles::default(),
            conduct,
            locks: (settings.locks == Locks::Shared).then(SharedLocks::default),
            xattrs: wish.xattrs,
            status_port: wish.status_port,
            refusals: settings.refusals,
        })
    }

    /// Every request that wants an answer comes through here.
    fn admitted<T>(&self, work: impl FnOnce() -> std::io::Result<T>) -> Result<T, Errno> {
        self.conduct.admit().and_then(|()| work()).map_err(Errno::from)
    }
}

/// What a request comes to that is to be refused with this errno.
fn refuse(errno: Option<i32>) -> std::io::Result<()> {
    match errno {
        None | Some(0) => Ok(()),
        Some(errno) => Err(std::io::Error::from_raw_os_error(errno)),
    }
}

impl Filesystem for Volume {
    fn init(&mut self, _: &Request, config: &mut KernelConfig) -> std::io::Result<()> {
        let wanted = InitFlags::FUSE_ASYNC_DIO
            | InitFlags::FUSE_AUTO_INVAL_DATA
            | InitFlags::FUSE_PARALLEL_DIROPS;
        // A kernel that lacks one of them does the same, only slower.
        let _ = config.add_capabilities(wanted & config.capabilities());
        if self.locks.is_some() || self.refusals.lock.is_some() {
            config
                .add_capabilities(InitFlags::FUSE_POSIX_LOCKS)
                .map_err(|lacking| std::io::Error::other(format!("no {lacking:?}")))?;
        }
        // Linux AIO counts as background, and a guest keeps up to 128 requests in flight.
        let _ = config.set_max_background(128);
        Ok(())
    }

    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        reply::entry(reply, self.admitted(|| self.look_up(parent, name)));
    }

    fn forget(&self, _: &Request, ino: INodeNo, count: u64) {
        self.inodes.forget(ino, count);
    }

    fn getattr(&self, _: &Request, ino: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        reply::attr(reply, self.admitted(|| self.attributes(ino)));
    }

    fn setattr(
        &self,
        _: &Request,
        ino: INodeNo,
        mode: Option<u32>,
        uid: Option<u32>,
        gid: Option<u32>,
        size: Option<u64>,
        accessed: Option<TimeOrNow>,
        modified: Option<TimeOrNow>,
        _: Option<SystemTime>,
        handle: Option<FileHandle>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let change = Change { mode, uid, gid, size, accessed, modified, handle };
        reply::attr(reply, self.admitted(|| self.change(ino, &change)));
    }

    fn readlink(&self, _: &Request, ino: INodeNo, reply: ReplyData) {
        reply::data(reply, self.admitted(|| self.read_link(ino)));
    }

    fn mknod(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        _umask: u32,
        device: u32,
        reply: ReplyEntry,
    ) {
        let new = self.admitted(|| self.make_node(parent, name, mode, device, request.into()));
        reply::entry(reply, new);
    }

    fn mkdir(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        _umask: u32,
        reply: ReplyEntry,
    ) {
        let new = self.admitted(|| self.make_directory(parent, name, mode, request.into()));
        reply::entry(reply, new);
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        reply::done(reply, self.admitted(|| self.remove_file(parent, name)));
    }

    fn rmdir(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        reply::done(reply, self.admitted(|| self.remove_directory(parent, name)));
    }

    fn symlink(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        target: &Path,
        reply: ReplyEntry,
    ) {
        let new = self.admitted(|| self.make_symlink(parent, name, target, request.into()));
        reply::entry(reply, new);
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        new_parent: INodeNo,
        new_name: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        let from = (parent, name);
        let to = (new_parent, new_name);
        reply::done(reply, self.admitted(|| self.move_name(from, to, flags)));
    }

    fn link(
        &self,
        _: &Request,
        ino: INodeNo,
        new_parent: INodeNo,
        new_name: &OsStr,
        reply: ReplyEntry,
    ) {
        reply::entry(reply, self.admitted(|| self.make_link(ino, new_parent, new_name)));
    }

    fn open(&self, _: &Request, ino: INodeNo, flags: OpenFlags, reply: ReplyOpen) {
        reply::opened(reply, self.admitted(|| self.open_file(ino, flags)));
    }

    fn create(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        _umask: u32,
        flags: i32,
        reply: ReplyCreate,
    ) {
        match self.admitted(|| self.create_file(parent, name, mode, flags, request.into())) {
            Ok((attr, handle)) => {
                reply.created(&reply::TTL, &attr, reply::GENERATION, handle, FopenFlags::empty());
            }
            Err(errno) => reply.error(errno),
        }
    }

    fn read(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        reply::data(reply, self.admitted(|| self.read_at(handle, offset, size)));
    }

    fn write(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        reply::written(reply, self.admitted(|| self.write_at(handle, offset, data)));
    }

    fn flush(
        &self,
        _: &Request,
        ino: INodeNo,
        handle: FileHandle,
        owner: LockOwner,
        reply: ReplyEmpty,
    ) {
        if let Some(locks) = &self.locks {
            locks.drop_of(ino, owner);
        }
        reply::done(reply, self.admitted(|| self.files.get(handle).map(drop)));
    }

    fn release(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        _: OpenFlags,
        _: Option<LockOwner>,
        _: bool,
        reply: ReplyEmpty,
    ) {
        if let Some(locks) = &self.locks {
            locks.drop_through(handle);
        }
        self.files.remove(handle);
        reply.ok();
    }

    fn getlk(
        &self,
        _: &Request,
        ino: INodeNo,
        handle: FileHandle,
        owner: LockOwner,
        start: u64,
        end: u64,
        kind: i32,
        _pid: u32,
        reply: ReplyLock,
    ) {
        let wanted = Wanted { ino, handle, owner, start, end, kind };
        let found = self.admitted(|| match self.refusals.lock {
            None => self.who_locks(&wanted),
            errno => refuse(errno).map(|()| wanted.unlocked()),
        });
        match found {
            Ok(found) => reply.locked(found.start, found.end, found.kind, found.pid),
            Err(errno) => reply.error(errno),
        }
    }

    fn setlk(
        &self,
        _: &Request,
        ino: INodeNo,
        handle: FileHandle,
        owner: LockOwner,
        start: u64,
        end: u64,
        kind: i32,
        _pid: u32,
        sleep: bool,
        reply: ReplyEmpty,
    ) {
        let wanted = Wanted { ino, handle, owner, start, end, kind };
        let patience = if sleep { Patience::Waits } else { Patience::None };
        let done = self.admitted(|| match self.refusals.lock {
            None => self.lock(&wanted, patience),
            errno => refuse(errno),
        });
        reply::done(reply, done);
    }

    fn fsync(&self, _: &Request, _: INodeNo, handle: FileHandle, data: bool, reply: ReplyEmpty) {
        reply::done(reply, self.admitted(|| self.sync(handle, data)));
    }

    fn fallocate(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        offset: u64,
        length: u64,
        mode: i32,
        reply: ReplyEmpty,
    ) {
        reply::done(reply, self.admitted(|| self.allocate(handle, offset, length, mode)));
    }

    fn lseek(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        offset: i64,
        whence: i32,
        reply: ReplyLseek,
    ) {
        match self.admitted(|| self.seek(handle, offset, whence)) {
            Ok(offset) => reply.offset(offset),
            Err(errno) => reply.error(errno),
        }
    }

    fn copy_file_range(
        &self,
        _: &Request,
        _: INodeNo,
        handle_in: FileHandle,
        offset_in: u64,
        _: INodeNo,
        handle_out: FileHandle,
        offset_out: u64,
        length: u64,
        _: CopyFileRangeFlags,
        reply: ReplyWrite,
    ) {
        let from = (handle_in, offset_in);
        let to = (handle_out, offset_out);
        reply::written(reply, self.admitted(|| self.copy(from, to, length)));
    }

    fn opendir(&self, _: &Request, ino: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        reply::opened(reply, self.admitted(|| self.open_directory(ino)));
    }

    fn readdir(
        &self,
        _: &Request,
        ino: INodeNo,
        handle: FileHandle,
        offset: u64,
        mut reply: ReplyDirectory,
    ) {
        match self.admitted(|| self.list(ino, handle, offset, &mut reply)) {
            Ok(()) => reply.ok(),
            Err(errno) => reply.error(errno),
        }
    }

    fn releasedir(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        _: OpenFlags,
        reply: ReplyEmpty,
    ) {
        self.dirs.remove(handle);
        reply.ok();
    }

    fn fsyncdir(&self, _: &Request, _: INodeNo, handle: FileHandle, _: bool, reply: ReplyEmpty) {
        reply::done(reply, self.admitted(|| self.sync_directory(handle)));
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        match self.admitted(|| self.space()) {
            Ok(space) => reply.statfs(
                space.blocks(),
                space.blocks_free(),
                space.blocks_available(),
                space.files(),
                space.files_free(),
                reply::narrow(space.block_size()),
                reply::narrow(space.name_max()),
                reply::narrow(space.fragment_size()),
            ),
            Err(errno) => reply.error(errno),
        }
    }

    /// Asked only if the kernel does not check permissions, and then nobody does.
    fn access(&self, _: &Request, ino: INodeNo, _: AccessFlags, reply: ReplyEmpty) {
        reply::done(reply, self.admitted(|| self.inodes.get(ino).map(drop)));
    }

    fn getxattr(&self, _: &Request, ino: INodeNo, name: &OsStr, size: u32, reply: ReplyXattr) {
        reply::xattr(reply, size, self.admitted(|| self.xattr(ino, name)));
    }

    fn listxattr(&self, _: &Request, ino: INodeNo, size: u32, reply: ReplyXattr) {
        reply::xattr(reply, size, self.admitted(|| self.xattr_names(ino)));
    }

    fn setxattr(
        &self,
        _: &Request,
        ino: INodeNo,
        name: &OsStr,
        value: &[u8],
        flags: i32,
        _position: u32,
        reply: ReplyEmpty,
    ) {
        reply::done(reply, self.admitted(|| self.set_xattr(ino, name, value, flags)));
    }

    fn removexattr(&self, _: &Request, ino: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        reply::done(reply, self.admitted(|| self.remove_xattr(ino, name)));
    }
}
