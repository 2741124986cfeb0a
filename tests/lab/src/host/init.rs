//! The first process of a host: makes the host's file systems out of the image, and becomes its
//! systemd. What it mounts is seen in the host's own mount namespace only, and what is this
//! machine's (sysctls, devices, the clock) is out of the host's reach.

use std::convert::Infallible;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::unistd::{chdir, pivot_root, sethostname};

use super::{Disk, devices, namespaces, units};
use crate::share::VOLUMES;
use crate::store;

/// What no process of a host may do, root or not: load modules, set the clock, read the kernel's
/// log.
const TAKEN_CAPABILITIES: &str = "-sys_module,-sys_time,-syslog,-wake_alarm";

/// Never comes back, unless with an error.
pub(crate) fn init(image: &Path, name: &str, disk: Disk) -> Result<Infallible> {
    namespaces::end_with_parent()?;
    sethostname(name).context("sethostname")?;
    remount("/", MsFlags::MS_REC | MsFlags::MS_PRIVATE)?;
    // Relative names, so that no character of the clone's path has a meaning in the overlay's
    // options.
    chdir(image).with_context(|| format!("cannot enter {}", image.display()))?;
    let first_boot = match disk {
        Disk::OfOneBoot => {
            file_system("tmpfs", "mnt", MsFlags::empty(), "mode=0755").map(|()| true)?
        }
        Disk::InStore(_) => {
            let kept = store::of_host(name);
            let first_boot = !kept.exists();
            make(&kept)?;
            bind(&kept, "mnt")?;
            first_boot
        }
    };
    for dir in ["upper", "work", "root"] {
        make(&Path::new("mnt").join(dir))?;
    }
    let options = "lowerdir=root,upperdir=mnt/upper,workdir=mnt/work";
    file_system("overlay", "mnt/root", MsFlags::empty(), options)?;
    if let Disk::InStore(_) = disk {
        let volumes = Path::new("mnt/root").join(VOLUMES.trim_start_matches('/'));
        make(&volumes)?;
        bind(store::COMMON, volumes)?;
    }
    chdir("mnt/root").context("cannot enter the host's root")?;

    kernel_file_systems()?;
    devices::make()?;
    if first_boot {
        identity(name)?;
    }
    units::mask()?;
    enter_root()?;

    let error = Command::new("/usr/bin/setpriv")
        .arg(format!("--bounding-set={TAKEN_CAPABILITIES}"))
        .args(["--", "/sbin/init"])
        .env_clear()
        .env("PATH", super::PATH)
        // By this systemd leaves alone what belongs to the machine; see its container interface.
        .env("container", "other")
        .exec();
    Err(error).context("cannot start systemd")
}

fn kernel_file_systems() -> Result<()> {
    let quiet = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    file_system("proc", "proc", quiet, "")?;
    // Sysctls are this machine's, but for the network's, which are the namespace's.
    for (path, access) in [("proc/sys", MsFlags::MS_RDONLY), ("proc/sys/net", MsFlags::empty())] {
        bind(path, path)?;
        remount(path, MsFlags::MS_REMOUNT | MsFlags::MS_BIND | access | quiet)?;
    }
    // There only on kernels that are built with it.
    let sysrq = "proc/sysrq-trigger";
    if Path::new(sysrq).exists() {
        bind(sysrq, sysrq)?;
        remount(sysrq, MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY | quiet)?;
    }
    // Read-only tells systemd (ConditionPathIsReadWrite=/sys) and libvirt that the devices are not
    // theirs.
    file_system("sysfs", "sys", quiet | MsFlags::MS_RDONLY, "")?;
    file_system("cgroup2", "sys/fs/cgroup", quiet, "")?;
    file_system("tmpfs", "run", MsFlags::MS_NOSUID | MsFlags::MS_NODEV, "mode=0755")?;
    file_system("tmpfs", "tmp", MsFlags::MS_NOSUID | MsFlags::MS_NODEV, "mode=1777")
}

/// Makes the machine's own tree unreachable, and mounts in the new one reach QEMU: it runs in a
/// slave of this namespace.
fn enter_root() -> Result<()> {
    pivot_root(".", ".").context("pivot_root")?;
    umount2(".", MntFlags::MNT_DETACH).context("cannot leave the machine's root")?;
    chdir("/").context("/")?;
    remount("/", MsFlags::MS_REC | MsFlags::MS_SHARED)
}

fn identity(name: &str) -> Result<()> {
    // Not empty: systemd would take this for a first boot and preset all units.
    let random = fs::read_to_string("/proc/sys/kernel/random/uuid").context("a random UUID")?;
    write("etc/machine-id", &random.replace('-', ""))?;
    write("etc/hostname", &format!("{name}\n"))?;
    write("etc/hosts", &format!("127.0.0.1 localhost\n127.0.1.1 {name}\n"))
}

pub(super) fn write(path: &str, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {path}"))
}

pub(super) fn file_system(kind: &str, at: &str, flags: MsFlags, options: &str) -> Result<()> {
    mount(Some("lab"), at, Some(kind), flags, Some(options))
        .with_context(|| format!("cannot mount {kind} at {at}"))
}

pub(super) fn bind(from: impl AsRef<Path>, at: impl AsRef<Path>) -> Result<()> {
    let (from, at) = (from.as_ref(), at.as_ref());
    mount(Some(from), at, None::<&str>, MsFlags::MS_BIND, None::<&str>)
        .with_context(|| format!("cannot bind {}", at.display()))
}

fn make(dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))
}

fn remount(at: &str, flags: MsFlags) -> Result<()> {
    mount(None::<&str>, at, None::<&str>, flags, None::<&str>)
        .with_context(|| format!("cannot remount {at}: {flags:?}"))
}
