//! The hosts' root tree, built once from Debian's or Ubuntu's packages below the clone's `target`,
//! and the guests' kernel beside it. The suite is this machine's own, so that programs built here
//! run there, unless another one was asked for. Which packages, and when a tree is complete, is
//! decided here; where packages come from is `sources`.

mod sources;

use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::checksum::md5;
use crate::cmdline::clone_dir;
use crate::lab::Lab;
use crate::libvirt::Daemon;
use crate::stage::Stage;
pub(crate) use sources::suite;

/// What a host consists of. Recommended packages are not installed, so the drivers are named.
const PACKAGES: &str = "systemd-sysv,dbus,libvirt-daemon-system,libvirt-daemon-driver-qemu,libvirt-clients,\
    qemu-system-x86,qemu-utils,iproute2,procps,kmod,util-linux,e2fsprogs,busybox-static,xz-utils,zstd";

/// What else newer distributions have as packages.
const ADD_SPLIT: &str = include_str!("image/add-split-packages.sh");

/// What a daemon is built with that no package has, and how.
const BUILD_PACKAGES: &str = "gcc,libc6-dev,dpkg-dev,meson,ninja-build,pkgconf,python3,python3-docutils,xsltproc,libxml2-utils,\
    rpcsvc-proto,libtirpc-dev,libglib2.0-dev,libgnutls28-dev,libxml2-dev,libyajl-dev,libjson-c-dev,libnl-3-dev,libvirt0,\
    libtasn1-6-dev,libpciaccess-dev,libudev-dev,perl";
const BUILD_DAEMON: &str = include_str!("image/build-virtqemud.sh");

/// Fetches the guests' kernel with the new tree's own apt: one view of the archive for both.
const FETCH_KERNEL: &str = include_str!("image/fetch-guest-kernel.sh");

/// Whether a tree that was built earlier will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Age {
    Any,
    Fresh,
}

/// A complete image. While this value lives, nobody replaces it.
#[derive(Debug)]
pub(crate) struct Image {
    dir: PathBuf,
    _in_use: File,
}

impl Image {
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The root tree, a host's lower directory.
    pub(crate) fn root(&self) -> PathBuf {
        self.dir.join("root")
    }

    /// The unpacked kernel package: `boot` and `lib/modules`.
    pub(crate) fn guest(&self) -> PathBuf {
        self.dir.join("guest")
    }
}

/// Whether the image is there already, so that nothing is needed to build it.
pub(crate) fn is_built() -> bool {
    place().is_ok_and(|place| place.is_dir())
}

/// The image, built if it is not there.
pub(crate) fn ready(lab: &Lab) -> Result<Image> {
    build(lab, Age::Any)
}

/// Builds the image, unless one is there and may be of any age.
pub(crate) fn build(lab: &Lab, age: Age) -> Result<Image> {
    let place = place()?;
    let parent = place.parent().context("the image has no parent directory")?;
    fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
    // The tree holds device nodes and set-user-id programs, none of them this machine's users'
    // business.
    fs::set_permissions(parent, Permissions::from_mode(0o700))
        .with_context(|| format!("cannot close {}", parent.display()))?;
    let lock_path = parent.join("lock");
    let lock =
        File::create(&lock_path).with_context(|| format!("cannot make {}", lock_path.display()))?;

    let building = parent.join("building");
    if lock.try_lock().is_ok() {
        // Nobody builds, so this is what an interrupted build left.
        remove(&building)?;
    }
    lock.lock_shared().context("the image's lock")?;
    if age == Age::Fresh || !place.is_dir() {
        lock.lock().context("the image's lock")?;
        // Another run may have built it while this one waited.
        if age == Age::Fresh || !place.is_dir() {
            replace(lab, &place, &building)?;
        }
        lock.lock_shared().context("the image's lock")?;
    }
    Ok(Image { dir: place, _in_use: lock })
}

/// Where the image of this suite, these packages and this daemon lies, built or not.
fn place() -> Result<PathBuf> {
    let recipe = format!("{PACKAGES}\n{ADD_SPLIT}\n{FETCH_KERNEL}");
    let (name, recipe) = match Daemon::chosen()? {
        Daemon::Libvirtd => (suite()?.codename, recipe),
        daemon @ Daemon::Virtqemud => {
            let recipe = format!("{recipe}\n{BUILD_PACKAGES}\n{BUILD_DAEMON}");
            (format!("{}-{}", suite()?.codename, daemon.name()), recipe)
        }
    };
    let clone = clone_dir();
    let clone =
        clone.canonicalize().with_context(|| format!("the clone {} is gone", clone.display()))?;
    Ok(clone.join("target/lab").join(format!("{name}-{}", &md5(recipe)[..12])))
}

/// Builds beside and renames: an image at its place is complete.
fn replace(lab: &Lab, place: &Path, building: &Path) -> Result<()> {
    for dir in ["", "debs", "tmp", "guest", "mnt"] {
        fs::create_dir(building.join(dir))
            .with_context(|| format!("cannot make {dir} in {}", building.display()))?;
    }
    eprintln!("lab: building the hosts' root image, a minute or two: {}", place.display());
    let root = Tree { name: "root", packages: PACKAGES, hooks: &[ADD_SPLIT, FETCH_KERNEL] };
    root.build(lab, building)?;
    if Daemon::chosen()? == Daemon::Virtqemud {
        let tree = Tree { name: "tmp/builder", packages: BUILD_PACKAGES, hooks: &[BUILD_DAEMON] };
        tree.build(lab, building)?;
    }
    unpack_kernel(building)?;
    for scrap in ["debs", "tmp"] {
        remove(&building.join(scrap))?;
    }
    remove(place)?;
    fs::rename(building, place)
        .with_context(|| format!("cannot put the image to {}", place.display()))
}

/// A tree to be made by mmdebstrap.
struct Tree {
    /// Where, in the directory that is built.
    name: &'static str,
    packages: &'static str,
    /// Scripts that are run on it.
    hooks: &'static [&'static str],
}

impl Tree {
    fn build(&self, lab: &Lab, building: &Path) -> Result<()> {
        let scratch = building.join("tmp");
        let list = scratch.join("sources.list");
        fs::write(&list, sources::list(&scratch)?)?;
        let options = scratch.join("apt.conf");
        fs::write(&options, sources::transport()?)?;
        let mut words: Vec<OsString> = vec!["mmdebstrap".into(), "--mode=root".into()];
        words.push("--variant=apt".into());
        words.push(format!("--include={}", self.packages).into());
        words.push(format!("--aptopt={}", options.display()).into());
        words.push("--dpkgopt=force-unsafe-io".into());
        words.push("--dpkgopt=path-exclude=/usr/share/doc/*".into());
        words.push("--dpkgopt=path-exclude=/usr/share/man/*".into());
        words.push("--dpkgopt=path-exclude=/usr/share/locale/*".into());
        for (number, script) in self.hooks.iter().enumerate() {
            let hook = scratch.join(format!("hook-{number}"));
            fs::write(&hook, script)?;
            fs::set_permissions(&hook, Permissions::from_mode(0o755))?;
            words.push(format!("--customize-hook={}", hook.display()).into());
        }
        words.push(suite()?.codename.into());
        words.push(building.join(self.name).into());
        words.push(list.into());
        mmdebstrap(lab, building, words)
    }
}

fn mmdebstrap(lab: &Lab, building: &Path, words: Vec<OsString>) -> Result<()> {
    let log = building.with_file_name("build.log");
    let output = File::create(&log).with_context(|| format!("cannot make {}", log.display()))?;
    let status =
        Command::from(Stage::Within { cgroup: lab.tree().child("image")?, command: words })
            .env("TMPDIR", building.join("tmp"))
            .env("LAB_DEBS", building.join("debs"))
            .env("LAB_ROOT", building.join("root"))
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .status()
            .context("cannot run mmdebstrap")?;
    if !status.success() {
        let told = fs::read_to_string(&log).unwrap_or_default();
        let tail: Vec<_> = told.lines().rev().take(20).collect();
        let tail: Vec<_> = tail.into_iter().rev().collect();
        bail!("mmdebstrap: {status}; the end of {}:\n{}", log.display(), tail.join("\n"));
    }
    Ok(())
}

fn unpack_kernel(building: &Path) -> Result<()> {
    for deb in fs::read_dir(building.join("debs"))? {
        let deb = deb?.path();
        let status =
            Command::new("dpkg-deb").arg("-x").arg(&deb).arg(building.join("guest")).status();
        let status = status.context("cannot run dpkg-deb")?;
        anyhow::ensure!(status.success(), "dpkg-deb -x {}: {status}", deb.display());
    }
    Ok(())
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => {
            Err(e).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}
