//! Puts the product into a host as an operator would, by `make install`, and the stand-in client to
//! where the product looks for the real one.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result, ensure};

use crate::cmdline::clone_dir;
use crate::host::Host;
use crate::libvirt;

/// What `make` does, in or out.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Make {
    Install,
    Uninstall,
}

/// The stand-in client's binary as cargo calls it: a crate's name holds no dot.
const STAND_IN: &str = "target/release/mount-quobyte";

/// Builds what the hosts get. Once a run, before the first boot, so that no host waits for a
/// compiler.
pub(crate) fn build() -> Result<()> {
    make(&["build"])?;
    run(Command::new("cargo").current_dir(clone_dir()).args([
        "build",
        "--release",
        "--locked",
        "--package",
        "standin",
    ]))
}

/// Makes the Debian package, and returns where it is. Once a run: while one host copies it, nobody writes it anew for another one.
pub(crate) fn package() -> Result<PathBuf> {
    static IS_MADE: Mutex<bool> = Mutex::new(false);
    let mut is_made = IS_MADE.lock().unwrap_or_else(PoisonError::into_inner);
    if !*is_made {
        make(&["deb"])?;
        *is_made = true;
    }
    Ok(clone_dir().join("target/virt-quobyte.deb"))
}

/// Installs product and stand-in into a booted host, and has libvirtd look for its hooks.
pub(crate) fn into(host: &Host) -> Result<()> {
    product(host, Make::Install)?;
    stand_in(host)
}

/// The same from the Debian package.
pub(crate) fn from_package(host: &Host, deb: &Path) -> Result<()> {
    let place = "/root/virt-quobyte.deb";
    fs::copy(deb, host.outside(place)).with_context(|| format!("cannot copy {}", deb.display()))?;
    host.command("dpkg").args(["--install", place]).done()?;
    stand_in(host)
}

fn stand_in(host: &Host) -> Result<()> {
    let client = clone_dir().join(STAND_IN);
    let place = host.outside("/usr/bin/mount.quobyte");
    fs::copy(&client, &place).with_context(|| format!("cannot copy {}", client.display()))?;
    fs::set_permissions(&place, fs::Permissions::from_mode(0o755))
        .context("the stand-in's mode")?;
    // libvirtd asks once, when it starts or reloads, whether there is any hook.
    host.command("systemctl").args(["reload-or-restart", libvirt::unit()]).done()
}

/// `make install` or `make uninstall` with the host's root as destination.
pub(crate) fn product(host: &Host, make_what: Make) -> Result<()> {
    let goal = match make_what {
        Make::Install => "install",
        Make::Uninstall => "uninstall",
    };
    let destination = format!("DESTDIR={}", host.outside("").display());
    make(&[goal, &destination, "PREFIX=/usr"])
}

fn make(words: &[&str]) -> Result<()> {
    run(Command::new("make").arg("-C").arg(clone_dir()).args(words))
}

fn run(command: &mut Command) -> Result<()> {
    let shown = format!("{command:?}");
    let output =
        command.stdin(Stdio::null()).output().with_context(|| format!("cannot run {shown}"))?;
    ensure!(
        output.status.success(),
        "{shown}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
