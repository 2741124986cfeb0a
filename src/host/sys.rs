//! The system calls that nix has no safe form of.
#![allow(unsafe_code, reason = "the one place for it: each call below carries its argument")]

use std::ffi::CString;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::libc;

/// The unique id of the mount that a path leads to: `None` before Linux 6.8.
///
/// With `AT_STATX_DONT_SYNC` the kernel answers from what it has, also for a FUSE mount whose client is gone.
pub(super) fn unique_mount_id(path: &Path) -> io::Result<Option<u64>> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    let flags = libc::AT_STATX_DONT_SYNC | libc::AT_SYMLINK_NOFOLLOW | libc::AT_NO_AUTOMOUNT;
    let mut seen = MaybeUninit::<libc::statx>::zeroed();
    // SAFETY: `path` is a C string and `seen` has room for one statx; both live until the call returns.
    let status = unsafe {
        libc::statx(
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

/// Ends this process now: no other thread is waited for, nothing is flushed.
pub fn exit_now(status: i32) -> ! {
    // SAFETY: `_exit` takes an integer and does not return; unlike `exit` it runs no handler that another thread could hold up.
    unsafe { libc::_exit(status) }
}
