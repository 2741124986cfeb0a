//! What this machine lacks to run the lab, in one line. Only looks and tries; installs nothing.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, Result};
use nix::mount::{MsFlags, mount};
use nix::sched::unshare;
use nix::unistd::geteuid;

use crate::cgroup;
use crate::host;
use crate::image;
use crate::libvirt::Daemon;
use crate::stage::Stage;

/// Prints what is missing; the exit status is 2 when something is.
pub(crate) fn report() -> ExitCode {
    let missing = look();
    if missing.is_empty() {
        return ExitCode::SUCCESS;
    }
    println!("lab: this machine lacks: {}", missing.join("; "));
    ExitCode::from(2)
}

fn look() -> Vec<String> {
    if !geteuid().is_root() {
        return vec!["root rights".to_owned()];
    }
    let mut missing = Vec::new();
    if !cfg!(target_arch = "x86_64") {
        missing.push(
            "an x86_64 processor (the guests' kernel and machine type are for it)".to_owned(),
        );
    }
    if !Path::new("/dev/fuse").exists() {
        missing.push("/dev/fuse".to_owned());
    }
    missing.extend(Daemon::chosen().err().map(|error| format!("{error:#}")));
    let mut programs = vec!["nsenter", "make", "ip"];
    if !image::is_built() {
        programs.extend(["mmdebstrap", "apt-get", "apt-config", "dpkg-deb"]);
        if let Err(error) = image::suite() {
            missing.push(format!("{error:#}"));
        }
    }
    missing.extend(
        programs
            .into_iter()
            .filter(|name| !in_path(name))
            .map(|name| format!("the program {name}")),
    );
    match cgroup::own() {
        Err(error) => missing.push(format!("a usable cgroup tree ({error:#})")),
        Ok(own) => missing.extend(try_cgroup(&own).err().map(|error| format!("{error:#}"))),
    }
    missing.extend(try_kernel().err().map(|error| format!("a kernel feature ({error:#})")));
    missing
}

fn in_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

fn try_cgroup(own: &cgroup::Cgroup) -> Result<()> {
    let trial = own.child(&cgroup::mark(nix::unistd::Pid::this())?)?;
    let kills = trial.path().join("cgroup.kill").exists();
    trial.remove().with_context(|| format!("cannot remove {}", trial.path().display()))?;
    anyhow::ensure!(kills, "cgroup.kill (Linux 5.14)");
    Ok(())
}

/// Tries the real thing in a process of its own, so that nothing of it stays.
fn try_kernel() -> Result<()> {
    let trial =
        Command::from(Stage::Probe).stdin(Stdio::null()).output().context("cannot try it")?;
    anyhow::ensure!(trial.status.success(), "{}", String::from_utf8_lossy(&trial.stderr).trim());
    Ok(())
}

/// The trial's own main: all of a host's namespaces, and an overlay over a tmpfs.
pub(crate) fn probe() -> Result<()> {
    unshare(host::namespaces()).context("new namespaces")?;
    let none = None::<&str>;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)
        .context("private mounts")?;
    mount(Some("lab"), "/tmp", Some("tmpfs"), MsFlags::empty(), none).context("tmpfs")?;
    std::env::set_current_dir("/tmp").context("/tmp")?;
    for dir in ["lower", "upper", "work", "root"] {
        fs::create_dir(dir).with_context(|| format!("cannot make /tmp/{dir} on a tmpfs"))?;
    }
    let options = "lowerdir=lower,upperdir=upper,workdir=work";
    mount(Some("lab"), "root", Some("overlay"), MsFlags::empty(), Some(options)).context("overlay")
}
