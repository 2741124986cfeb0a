//! A little host: a mount namespace, a configuration, guests, and the hook to call.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;

use crate::call::Call;

/// On a file system of the bench's own.
pub(crate) const TOP: &str = "/run/bench";

/// How many shares have a volume; of more, the rest are only configured.
const VOLUMES: usize = 10;

/// Where the hook under measurement is: cargo puts all programs in one directory.
pub(crate) fn hook() -> PathBuf {
    built("virt-quobyte-hook")
}

/// The stand-in client, under the name that cargo gives it.
pub(crate) fn client() -> PathBuf {
    built("mount-quobyte")
}

fn built(name: &str) -> PathBuf {
    std::env::current_exe().map_or_else(|_| name.into(), |this| this.with_file_name(name))
}

/// What all hosts have in common: the client and its volumes, and the namespace that theirs are made from.
#[derive(Debug)]
pub(crate) struct Ground {
    namespace: File,
    hook: PathBuf,
}

impl Ground {
    pub(crate) fn new() -> Result<Self> {
        let bin = Path::new(TOP).join("bin");
        fs::create_dir(&bin).context("a directory for the client")?;
        fs::copy(client(), bin.join("mount.quobyte")).context("the stand-in client")?;
        for volume in (0..VOLUMES).map(share_name) {
            fs::create_dir_all(Path::new(TOP).join("volumes").join(volume)).context("a volume")?;
        }
        fs::write(bin.join("standin.conf"), format!("backing = \"{TOP}/volumes\"\n"))
            .context("the stand-in's conduct")?;
        Ok(Self { namespace: this_namespace()?, hook: hook() })
    }

    /// A host with so many configured shares, of which the first two are `gold` and `silver`.
    pub(crate) fn host(&self, name: &str, shares: usize) -> Result<Host> {
        enter(&self.namespace)?;
        unshare(CloneFlags::CLONE_NEWNS).context("a mount namespace")?;
        let dir = Path::new(TOP).join(name);
        fs::create_dir(&dir).context("a directory for a host")?;
        let host = Host { namespace: this_namespace()?, dir, hook: self.hook.clone() };
        fs::write(host.config(), host.settings(shares)).context("a configuration")?;
        Ok(host)
    }
}

#[derive(Debug)]
pub(crate) struct Host {
    namespace: File,
    dir: PathBuf,
    hook: PathBuf,
}

/// A guest, as far as the hook knows one.
#[derive(Debug)]
pub(crate) struct Guest {
    name: String,
    xml: PathBuf,
}

impl Host {
    /// Whatever is started from now on is started on this host.
    pub(crate) fn enter(&self) -> Result<()> {
        enter(&self.namespace)
    }

    fn config(&self) -> PathBuf {
        self.dir.join("config.toml")
    }

    /// Where Nova mounts on this host.
    pub(crate) fn base(&self) -> PathBuf {
        self.dir.join("base")
    }

    fn settings(&self, shares: usize) -> String {
        let dir = self.dir.display();
        let mut text = format!(
            "mount_base = \"{dir}/base\"\nstate_dir = \"{dir}/state\"\n\
             [client]\nprogram = \"{TOP}/bin/mount.quobyte\"\nisolation = \"none\"\n"
        );
        for number in 0..shares {
            let name = share_name(number);
            writeln!(
                text,
                "[[share]]\nname = \"{name}\"\nexport = \"{}\"\nmount_point = \"{}\"",
                export(&name),
                self.mount_point(&name).display()
            )
            .expect("a String takes everything");
        }
        text
    }

    pub(crate) fn mount_point(&self, share: &str) -> PathBuf {
        self.dir.join("mnt").join(share)
    }

    /// A guest whose image is in this directory. Its number tells it from the others of this host.
    pub(crate) fn guest(&self, number: u32, directory: &Path) -> Result<Guest> {
        let name = format!("guest-{number}");
        let image = directory.join(&name).with_extension("qcow2");
        // The hook looks at the header of every image that is on a share.
        if let Ok(share) = directory.strip_prefix(self.dir.join("mnt")) {
            let file = Path::new(TOP).join("volumes").join(share).join(&name);
            fs::write(file.with_extension("qcow2"), qcow2()).context("an image")?;
        }
        let xml = self.dir.join(&name).with_extension("xml");
        let text = include_str!("../guest.xml")
            .replace("@NAME@", &name)
            .replace("@UUID@", &format!("00000000-0000-4000-8000-{number:012}"))
            .replace("@IMAGE@", &image.display().to_string());
        fs::write(&xml, text).with_context(|| format!("cannot write {}", xml.display()))?;
        Ok(Guest { name, xml })
    }

    /// A call of the hook, as libvirt makes it.
    pub(crate) fn hook(&self, operation: &str, guest: &Guest) -> Call {
        self.with_config(Call::new(&self.hook, &arguments(operation, guest), &guest.xml))
    }

    /// A call of another program in the hook's place.
    pub(crate) fn other(&self, program: &Path, guest: &Guest) -> Call {
        self.with_config(Call::new(program, &arguments("prepare", guest), &guest.xml))
    }

    fn with_config(&self, call: Call) -> Call {
        call.with("VIRT_QUOBYTE_CONFIG", self.config())
    }

    /// Mounts by the client itself, until the mount is there to be seen; and unmounts.
    pub(crate) fn client_alone(&self, share: &str) -> Result<[Duration; 2]> {
        let mount_point = self.mount_point(share);
        let at = mount_point.to_str().context("a path that is text")?;
        let client = Path::new(TOP).join("bin/mount.quobyte");
        let options = ["--disable-xattrs", &export(share), at];
        let call = Call::new(&client, &options, Path::new("/dev/null"));
        fs::create_dir_all(&mount_point).context("a mount point")?;
        let device = |path: &Path| fs::metadata(path).map(|seen| seen.dev()).context("a directory");
        let below = device(&mount_point)?;
        let begun = Instant::now();
        call.time()?;
        while device(&mount_point)? == below {
            std::thread::sleep(Duration::from_millis(1));
        }
        let mounted = begun.elapsed();
        let begun = Instant::now();
        umount2(&mount_point, MntFlags::empty()).context("unmount")?;
        let unmounted = begun.elapsed();
        client_ends()?;
        Ok([mounted, unmounted])
    }

    /// Mounts so many other file systems.
    pub(crate) fn mount_others(&self, count: usize) -> Result<()> {
        self.enter()?;
        for number in 0..count {
            let place = self.dir.join("other").join(number.to_string());
            fs::create_dir_all(&place).context("a mount point")?;
            mount(Some("other"), &place, Some("tmpfs"), MsFlags::empty(), None::<&str>)
                .context("another mount")?;
        }
        Ok(())
    }
}

/// Waits for the client whose mount has just gone: it would be in the way of the next measurement.
///
/// A client that went to the background is a child of the bench, the first process of its namespace, and no other ends now.
pub(crate) fn client_ends() -> Result<()> {
    waitpid(Pid::from_raw(-1), None).map(drop).context("waiting for the client's end")
}

fn arguments<'a>(operation: &'a str, guest: &'a Guest) -> [&'a str; 4] {
    let sub_operation = if operation == "release" { "end" } else { "begin" };
    [guest.name.as_str(), operation, sub_operation, "-"]
}

/// The name of a share: the first two are `gold` and `silver`.
pub(crate) fn share_name(number: usize) -> String {
    match number {
        0 => "gold".to_owned(),
        1 => "silver".to_owned(),
        _ => format!("share-{number}"),
    }
}

pub(crate) fn export(share: &str) -> String {
    format!("reg1.example.org,reg2.example.org/{share}")
}

fn this_namespace() -> Result<File> {
    File::open("/proc/thread-self/ns/mnt").context("this mount namespace")
}

fn enter(namespace: &File) -> Result<()> {
    setns(namespace, CloneFlags::CLONE_NEWNS).context("entering a mount namespace")
}

/// Calls that must succeed and whose time is nobody's business.
pub(crate) fn all_succeed(calls: impl IntoIterator<Item = Call>) -> Result<()> {
    for call in calls {
        ensure!(call.time()? < Duration::from_secs(10), "{:?} took more than 10 s", call.line);
    }
    Ok(())
}

/// The header of an image of its own: no backing image, no data file (QEMU's docs/interop/qcow2.txt).
fn qcow2() -> [u8; 104] {
    let mut header = [0; 104];
    header[..8].copy_from_slice(b"QFI\xfb\0\0\0\x03");
    // 64 KiB a cluster, and 16 MiB for the guest.
    header[23] = 16;
    header[28] = 1;
    header[103] = 104;
    header
}
