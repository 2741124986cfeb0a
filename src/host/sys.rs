//! The system calls that nix has no safe form of.
#![allow(unsafe_code, reason = "the one place for it: each call below carries its argument")]

#[cfg(feature = "admin")]
use std::ffi::CStr;
use std::ffi::CString;
use std::fs::File;
use std::io;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
#[cfg(feature = "admin")]
use std::sync::atomic::{AtomicBool, Ordering};

use nix::libc;

/// Standard input as a file, without the buffer that the standard library has for it, and the lock.
pub fn standard_input() -> ManuallyDrop<File> {
    // SAFETY: descriptor 0 is open, for Rust's start opens it where the caller has not; and this file, which is never dropped, does
    // not close it.
    ManuallyDrop::new(unsafe { File::from_raw_fd(libc::STDIN_FILENO) })
}

/// The unique id of the mount that a path leads to: `None` before Linux 6.8.
///
/// With `AT_STATX_DONT_SYNC` the kernel answers from what it has, also for a FUSE mount whose client is gone.
pub(super) fn unique_mount_id(path: &Path) -> io::Result<Option<u64>> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    let flags = libc::AT_STATX_DONT_SYNC | libc::AT_SYMLINK_NOFOLLOW | libc::AT_NO_AUTOMOUNT;
    let mut seen = MaybeUninit::<libc::statx>::zeroed();
    // Not libc's function: the standard library asks for that one weakly, and where both are optimised together in a program that
    // is linked statically, nobody else asks for it, and it is missing.
    // SAFETY: `path` is a C string and `seen` has room for one statx; both live until the call returns.
    let status = unsafe {
        libc::syscall(
            libc::SYS_statx,
            libc::AT_FDCWD,
            path.as_ptr(),
            flags,
            libc::STATX_MNT_ID_UNIQUE,
            seen.as_mut_ptr(),
        )
    };
    if status != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: every bit pattern is a valid statx, the zeroes it began with included.
    let seen = unsafe { seen.assume_init() };
    Ok((seen.stx_mask & libc::STATX_MNT_ID_UNIQUE != 0).then_some(seen.stx_mnt_id))
}

/// The unique id of the mount that a descriptor is on, which the kernel says without a word to the file system: from Linux 6.12 on.
pub(super) fn mount_of(fd: impl AsFd) -> io::Result<u64> {
    let mut handle = libc::file_handle { handle_bytes: 0, handle_type: 0, f_handle: [] };
    let mut mount: u64 = 0;
    let flags = libc::AT_EMPTY_PATH | AT_HANDLE_FID | AT_HANDLE_MNT_ID_UNIQUE;
    // SAFETY: the path is a C string, `handle` says itself that it has room for none, and with this flag the kernel writes 64 bits
    // of the mount's id, for which `mount` has room.
    let status = unsafe {
        libc::name_to_handle_at(
            fd.as_fd().as_raw_fd(),
            c"".as_ptr(),
            &raw mut handle,
            (&raw mut mount).cast(),
            flags,
        )
    };
    let error = io::Error::last_os_error();
    // EOVERFLOW: no room for the file's own handle, which nobody wants.
    match (status, error.raw_os_error()) {
        (0, _) | (_, Some(libc::EOVERFLOW)) if mount != 0 => Ok(mount),
        _ => Err(error),
    }
}

/// From `linux/fcntl.h`.
const AT_HANDLE_MNT_ID_UNIQUE: libc::c_int = 0x001;
const AT_HANDLE_FID: libc::c_int = 0x200;

/// What the kernel tells of the mount of a unique id, as far as `wanted` asks for it: a `struct statmount`, from Linux 6.8 on.
pub(super) fn statmount(mount: u64, wanted: u64) -> io::Result<Vec<u8>> {
    // Its size, nothing, the mount and the mask: the first version of `struct mnt_id_req`.
    #[repr(C)]
    struct Request {
        size: u32,
        spare: u32,
        mount: u64,
        wanted: u64,
    }
    let request = Request { size: 24, spare: 0, mount, wanted };
    let ask = |room: usize| {
        let mut told = vec![0; room];
        // SAFETY: `request` has the size that it names, and the kernel writes no more into `told` than its length.
        let status = unsafe {
            libc::syscall(SYS_STATMOUNT, &raw const request, told.as_mut_ptr(), told.len(), 0)
        };
        if status == 0 { Ok(told) } else { Err(io::Error::last_os_error()) }
    };
    match ask(2 * 1024) {
        // Longer texts than any path, source and option list together that is not made to be long; the kernel refuses the rest.
        Err(error) if error.raw_os_error() == Some(libc::EOVERFLOW) => ask(16 * 1024),
        told => told,
    }
}

/// The number on every architecture but Alpha and MIPS, which count from elsewhere and refuse this one.
const SYS_STATMOUNT: libc::c_long = 457;

/// A descriptor of a process: it becomes readable when the process ends, and never means another one.
pub(super) fn pidfd(pid: u32) -> io::Result<OwnedFd> {
    // SAFETY: takes two integers and touches no memory of ours.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, libc::c_long::from(pid), 0) };
    let fd = i32::try_from(fd).map_err(|_| io::Error::from_raw_os_error(libc::EOVERFLOW))?;
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel just gave us this descriptor; nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Kills the process that a descriptor stands for.
pub(super) fn kill_pidfd(process: impl AsFd) -> io::Result<()> {
    let fd = process.as_fd().as_raw_fd();
    let no_info = std::ptr::null::<libc::siginfo_t>();
    // SAFETY: takes integers, and a null pointer that stands for the same information as kill(2) gives.
    let status =
        unsafe { libc::syscall(libc::SYS_pidfd_send_signal, fd, libc::SIGKILL, no_info, 0) };
    if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Whether a directory is immutable now, after an attempt to make it so.
///
/// A file system without such flags (`ENOTTY`, `EOPNOTSUPP`) is no error: the answer is then no.
pub(super) fn make_immutable(directory: impl AsFd) -> io::Result<bool> {
    let fd = directory.as_fd().as_raw_fd();
    let mut flags: libc::c_int = 0;
    // SAFETY: FS_IOC_GETFLAGS writes one int through the pointer (its number says long, the kernel reads and writes int).
    if unsafe { libc::ioctl(fd, libc::FS_IOC_GETFLAGS, &raw mut flags) } != 0 {
        return not_supported(io::Error::last_os_error());
    }
    if flags & FS_IMMUTABLE_FL != 0 {
        return Ok(true);
    }
    flags |= FS_IMMUTABLE_FL;
    // SAFETY: FS_IOC_SETFLAGS reads one int through the pointer.
    if unsafe { libc::ioctl(fd, libc::FS_IOC_SETFLAGS, &raw const flags) } != 0 {
        return not_supported(io::Error::last_os_error());
    }
    Ok(true)
}

/// From `linux/fs.h`.
const FS_IMMUTABLE_FL: libc::c_int = 0x10;

fn not_supported(error: io::Error) -> io::Result<bool> {
    match error.raw_os_error() {
        // EPERM: without CAP_LINUX_IMMUTABLE, in a container say.
        Some(libc::ENOTTY | libc::EOPNOTSUPP | libc::EPERM | libc::ENOSYS) => Ok(false),
        _ => Err(error),
    }
}

/// Marks every descriptor from `first` on close-on-exec, so that no child inherits what our caller left open.
///
/// libvirt leaves none open; a shell or a wrapper script may. Kernels before 5.11 refuse, and then nothing changes.
pub(super) fn close_on_exec_from(first: u32) {
    // SAFETY: closes nothing and touches no memory of ours: it sets a flag on descriptors.
    let _ =
        unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
}

/// A second mount of what is mounted where a path leads, which is in no tree: it goes with its descriptor. From Linux 5.2 on.
///
/// Nothing is asked of the file system (`open_tree(2)`: as if it were opened with `O_PATH`).
#[cfg(feature = "admin")]
pub(super) fn clone_mount(path: &Path) -> io::Result<OwnedFd> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    let flags = libc::OPEN_TREE_CLONE | libc::OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW;
    // SAFETY: `path` is a C string that lives until the call returns, and the kernel writes nothing of ours.
    let fd = unsafe { libc::syscall(libc::SYS_open_tree, libc::AT_FDCWD, path.as_ptr(), flags) };
    let fd = i32::try_from(fd).map_err(|_| io::Error::from_raw_os_error(libc::EOVERFLOW))?;
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel just gave us this descriptor; nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// As [`libc::AT_SYMLINK_NOFOLLOW`], in the type of the flags of `open_tree`.
#[cfg(feature = "admin")]
const AT_SYMLINK_NOFOLLOW: libc::c_uint = 0x100;

/// Puts a mount that is in no tree where a path leads.
#[cfg(feature = "admin")]
pub(super) fn put_mount(mount: impl AsFd, path: &Path) -> io::Result<()> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    let fd = mount.as_fd().as_raw_fd();
    // SAFETY: both paths are C strings that live until the call returns, and the kernel writes nothing of ours.
    let status = unsafe {
        libc::syscall(
            libc::SYS_move_mount,
            fd,
            c"".as_ptr(),
            libc::AT_FDCWD,
            path.as_ptr(),
            libc::MOVE_MOUNT_F_EMPTY_PATH,
        )
    };
    if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Ends this process now: no other thread is waited for, nothing is flushed.
pub fn exit_now(status: i32) -> ! {
    // SAFETY: `_exit` takes an integer and does not return; unlike `exit` it runs no handler that another thread could hold up.
    unsafe { libc::_exit(status) }
}

/// Sets an extended attribute of an open file.
#[cfg(feature = "admin")]
pub(super) fn set_xattr(file: impl AsFd, name: &CStr, value: &[u8]) -> io::Result<()> {
    let fd = file.as_fd().as_raw_fd();
    // SAFETY: `name` is a C string, and the kernel reads as many bytes of `value` as it is told that there are.
    let status =
        unsafe { libc::fsetxattr(fd, name.as_ptr(), value.as_ptr().cast(), value.len(), 0) };
    if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Reads an extended attribute of an open file: as much as has room.
#[cfg(feature = "admin")]
pub(super) fn xattr(file: impl AsFd, name: &CStr) -> io::Result<Vec<u8>> {
    let mut value = vec![0; 256];
    let fd = file.as_fd().as_raw_fd();
    // SAFETY: `name` is a C string, and the kernel writes no more bytes into `value` than it is told that there are.
    let length =
        unsafe { libc::fgetxattr(fd, name.as_ptr(), value.as_mut_ptr().cast(), value.len()) };
    value.truncate(usize::try_from(length).map_err(|_| io::Error::last_os_error())?);
    Ok(value)
}

/// Takes an extended attribute from an open file.
#[cfg(feature = "admin")]
pub(super) fn remove_xattr(file: impl AsFd, name: &CStr) -> io::Result<()> {
    // SAFETY: `name` is a C string.
    let status = unsafe { libc::fremovexattr(file.as_fd().as_raw_fd(), name.as_ptr()) };
    if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Writes with Linux's own asynchronous I/O, as QEMU does for `io='native'`, and waits for the end of it.
#[cfg(feature = "admin")]
pub(super) fn write_by_aio(file: impl AsFd, bytes: &[u8], offset: i64) -> io::Result<usize> {
    // From `linux/aio_abi.h`.
    const IOCB_CMD_PWRITE: u16 = 1;
    #[repr(C)]
    struct IoEvent {
        data: u64,
        object: u64,
        result: i64,
        second: i64,
    }
    let check = |status: libc::c_long| {
        if status < 0 { Err(io::Error::last_os_error()) } else { Ok(status) }
    };
    let mut context: libc::c_ulong = 0;
    // SAFETY: the kernel writes one number, the context's, through the pointer.
    check(unsafe { libc::syscall(libc::SYS_io_setup, 1, &raw mut context) })?;
    // SAFETY: an iocb is made of numbers, and zeroes are its documented beginning.
    let mut block: libc::iocb = unsafe { MaybeUninit::zeroed().assume_init() };
    block.aio_lio_opcode = IOCB_CMD_PWRITE;
    block.aio_fildes = file.as_fd().as_raw_fd().cast_unsigned();
    block.aio_buf = bytes.as_ptr() as u64;
    block.aio_nbytes = bytes.len() as u64;
    block.aio_offset = offset;
    let mut list = [&raw mut block];
    let mut event = IoEvent { data: 0, object: 0, result: 0, second: 0 };
    // SAFETY: the list has one entry, which points to a block whose buffer is `bytes`; all three live until the context is
    // destroyed below, which waits for what is under way.
    let submitted = check(unsafe {
        libc::syscall(libc::SYS_io_submit, context, 1 as libc::c_long, list.as_mut_ptr())
    });
    let written = submitted.and_then(|_| {
        let forever = std::ptr::null_mut::<libc::timespec>();
        // SAFETY: there is room for the one event that is asked for, and it lives until the call returns.
        check(unsafe {
            let one: libc::c_long = 1;
            libc::syscall(libc::SYS_io_getevents, context, one, one, &raw mut event, forever)
        })
    });
    // SAFETY: takes a number that io_setup gave.
    unsafe { libc::syscall(libc::SYS_io_destroy, context) };
    written?;
    usize::try_from(event.result).map_err(|_| {
        io::Error::from_raw_os_error(i32::try_from(-event.result).unwrap_or(libc::EIO))
    })
}

/// Set by a signal that asks this process to end.
#[cfg(feature = "admin")]
static TOLD_TO_END: AtomicBool = AtomicBool::new(false);

/// From now on a signal that asks this process to end is noted, and nothing else. Programs that are started have it as ever.
#[cfg(feature = "admin")]
pub(super) fn note_signals_to_end() -> io::Result<()> {
    use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
    extern "C" fn note(_: libc::c_int) {
        TOLD_TO_END.store(true, Ordering::Relaxed);
    }
    let action = SigAction::new(SigHandler::Handler(note), SaFlags::SA_RESTART, SigSet::empty());
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        // SAFETY: the handler does nothing but store a number, which a signal handler may.
        unsafe { sigaction(signal, &action) }?;
    }
    Ok(())
}

/// Whether such a signal has come.
#[cfg(feature = "admin")]
pub(super) fn is_told_to_end() -> bool {
    TOLD_TO_END.load(Ordering::Relaxed)
}
