//! `mount.quobyte` for tests: a FUSE file system over a directory that looks like a Quobyte volume to the kernel, to libvirt and to
//! QEMU, and that goes wrong on request. See `control` for how to ask.
//!
//! A start runs through the modules in this order: `startlog`, `cmdline`, `control`, `mount` (may it be made?), `daemon`, `mount`
//! (make it), `serve` with `passthrough` behind `misbehaviour`.

use std::env;
use std::fmt::Display;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use nix::sys::stat::{Mode, umask};
use thiserror::Error;

use crate::cmdline::{Asked, Wish};
use crate::control::{ControlError, Mount, Settings};
use crate::daemon::Role;
use crate::misbehaviour::Conduct;
use crate::mount::{MountError, MountPoint};
use crate::passthrough::Volume;
use crate::serve::Service;
use crate::startlog::Start;

mod cmdline;
mod control;
mod daemon;
mod export;
mod misbehaviour;
mod mount;
mod passthrough;
mod serve;
mod startlog;

const FAILED: u8 = 1;
const USAGE: u8 = 2;
/// As `mount.xtreemfs` ends when its daemon could not mount.
const FAILED_ON_STDOUT: u8 = 4;

#[derive(Debug, Error)]
enum Failure {
    #[error("cannot record this start: {0}")]
    Log(io::Error),
    #[error("cannot read the configuration {path}: {source}")]
    Config { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Control(#[from] ControlError),
    #[error(transparent)]
    Mount(#[from] MountError),
    #[error("no registry of {0} answers")]
    NoRegistry(String),
    #[error("unknown volume {volume:?}: {source}")]
    UnknownVolume { volume: String, source: io::Error },
    #[error("the daemon failed: {0}")]
    Daemon(#[from] io::Error),
}

fn main() -> ExitCode {
    // The umask of a daemon that creates files for others; what it was belongs to the record of the start.
    let umask = umask(Mode::empty());
    let home = match record_start(umask) {
        Ok(home) => home,
        Err(error) => return complain(FAILED, &Failure::Log(error)),
    };
    let control = home.join("standin.conf");
    match cmdline::parse(env::args_os().skip(1)) {
        Err(error) => complain(USAGE, &format_args!("{error}\n{}", cmdline::USAGE)),
        // Seen of the real client in 2015: it prints its version and ends as if that were an error.
        Ok(Asked::Version) => {
            let _ = writeln!(io::stdout(), "quobyte 4.0-standin");
            ExitCode::from(FAILED)
        }
        Ok(Asked::Mount(wish)) => match control::read(&control, wish.export.volume()) {
            Err(error) => complain(FAILED, &error),
            Ok(settings) => start(&wish, &settings, &control).unwrap_or_else(|error| {
                chatter(&settings);
                complain(FAILED, &error)
            }),
        },
    }
}

/// Appends to the log; answers the directory of the executable, where a test finds log and control file.
fn record_start(umask: Mode) -> io::Result<PathBuf> {
    let start = Start::look(umask)?;
    let executable = std::fs::read_link("/proc/self/exe")?;
    let home = executable.parent().unwrap_or(Path::new("/")).to_owned();
    start.append_to(&home.join("standin.log"))?;
    Ok(home)
}

/// Whoever reads our stderr may have gone; the failure stays the same.
fn chatter(settings: &Settings) {
    let _ = misbehaviour::chatter(&mut io::stderr(), settings.chatter);
}

fn complain(status: u8, error: &dyn Display) -> ExitCode {
    // As above.
    let _ = writeln!(io::stderr(), "mount.quobyte: {error}");
    ExitCode::from(status)
}

/// What can be refused at once is refused by the process that was called; the rest is the daemon's.
fn start(wish: &Wish, settings: &Settings, control: &Path) -> Result<ExitCode, Failure> {
    if let Some(path) = &wish.config {
        let config = |source| Failure::Config { path: path.clone(), source };
        let file = File::open(path).map_err(config)?;
        io::copy(&mut &file, &mut io::sink()).map_err(config)?;
    }
    let mount_point = MountPoint::check(&wish.mount_point, settings.stacking)?;
    if settings.mount == Mount::NeverReturns {
        loop {
            thread::sleep(Duration::from_secs(3600));
        }
    }
    let caller = match daemon::part(wish.place)? {
        Role::Caller(status) => return Ok(status),
        Role::Server(caller) => caller,
    };
    thread::sleep(settings.mount_delay);
    match settings.mount {
        Mount::Normal | Mount::NeverReturns => {}
        Mount::Fail => return Err(Failure::NoRegistry(wish.export.to_string())),
        Mount::ExitZeroUnmounted => return Ok(ExitCode::SUCCESS),
        Mount::ExitFourOnStdout => {
            let error = Failure::NoRegistry(wish.export.to_string());
            chatter(settings);
            let _ = writeln!(io::stdout(), "mount.quobyte failed: {error}");
            return Ok(ExitCode::from(FAILED_ON_STDOUT));
        }
    }
    let conduct = Conduct::new(control.to_owned(), wish.export.volume(), settings);
    let directory = settings.backing.join(wish.export.directory());
    let volume = Volume::open(&directory, conduct, wish, settings).map_err(|source| {
        Failure::UnknownVolume { volume: wish.export.volume().to_owned(), source }
    })?;
    let device = mount_point.mount(wish, settings.fs_type, settings.others)?;
    let service = Service::begin(mount_point, device, volume)?;
    caller.tell_ready(settings.stdio).or_else(|error| service.abandon().and(Err(error)))?;
    service.run(settings.die_after)?;
    thread::sleep(settings.linger);
    Ok(ExitCode::SUCCESS)
}
