//! A host's `/dev`: a tmpfs with the few nodes that libvirt, QEMU and a FUSE client need, so that
//! nothing in the host can touch this machine's devices. No `kvm`: software emulation is the same
//! everywhere.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::{Context as _, Result};
use nix::mount::MsFlags;
use nix::sys::stat::{Mode, SFlag, makedev, mknod, umask};

use super::init::file_system;

/// Numbers from the kernel's Documentation/admin-guide/devices.txt.
const NODES: [(&str, u64, u64, u32); 8] = [
    ("null", 1, 3, 0o666),
    ("zero", 1, 5, 0o666),
    ("full", 1, 7, 0o666),
    ("random", 1, 8, 0o666),
    ("urandom", 1, 9, 0o666),
    ("tty", 5, 0, 0o666),
    ("fuse", 10, 229, 0o666),
    ("net/tun", 10, 200, 0o666),
];

const LINKS: [(&str, &str); 5] = [
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    ("ptmx", "pts/ptmx"),
];

/// Makes it in the current directory, the host's root to be.
pub(super) fn make() -> Result<()> {
    file_system("tmpfs", "dev", MsFlags::MS_NOSUID, "mode=0755")?;
    let dev = Path::new("dev");
    for dir in ["net", "pts", "shm", "mqueue"] {
        fs::create_dir(dev.join(dir)).with_context(|| format!("cannot make dev/{dir}"))?;
    }
    let before = umask(Mode::empty());
    for (name, major, minor, mode) in NODES {
        let mode = Mode::from_bits_truncate(mode);
        mknod(&dev.join(name), SFlag::S_IFCHR, mode, makedev(major, minor))
            .with_context(|| format!("cannot make dev/{name}"))?;
    }
    umask(before);
    for (name, target) in LINKS {
        symlink(target, dev.join(name)).with_context(|| format!("cannot make dev/{name}"))?;
    }
    let quiet = MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC;
    file_system("devpts", "dev/pts", quiet, "newinstance,ptmxmode=0666,mode=0620,gid=5")?;
    file_system("tmpfs", "dev/shm", MsFlags::MS_NOSUID | MsFlags::MS_NODEV, "mode=1777")?;
    file_system("mqueue", "dev/mqueue", quiet | MsFlags::MS_NODEV, "")
}
