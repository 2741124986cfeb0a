//! The lab: boots a whole host on this machine (systemd, libvirtd and QEMU in namespaces of their
//! own), installs the product into it as an operator would, and runs scenarios against it. Needs
//! root; leaves nothing behind.
//!
//! ```text
//! asked    cmdline    what to do                     missing    what this machine lacks for it
//! safe     lab        one run, and what signals do   keeper     ends everything, whatever happens
//!          cgroup     the tree by which everything   machine    what could have been left behind
//!                     of a run is found
//!          stage      processes of our own that need a namespace, a session or a cgroup
//! stage    image      the hosts' root tree           host       one booted host: commands, files
//!          guest      one guest: kernel, console,    install    the product, by `make install`
//!                     and the blocks it wrote                   or from its package
//!          pair       two hosts with a cable         store      what they share, and what outlives
//!                                                               a boot
//!          libvirt  the daemon that the guests are under
//! judged   share      volumes, the client's ways,    mounts     a host's FUSE mounts
//!                     the product's configuration    leases     what the product says of a guest
//!          settled    whether a host holds what its guests need, and nothing else
//! told     scenarios  what is claimed                runner     runs them, one line each
//!          evidence   what a failure is told with    demo       the main job, for a human
//!          soak       chaos on two hosts        rounds     clients that die under guests, over and
//!          dice       chance that can be had               over, and what the guests have lost
//!                     again                     deck       chance that leaves nothing out
//! ```
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command that talks to whoever runs it"
)]

mod cgroup;
mod checksum;
mod cmdline;
mod deck;
mod demo;
mod dice;
mod evidence;
mod guest;
mod host;
mod image;
mod install;
mod keeper;
mod lab;
mod leases;
mod libvirt;
mod machine;
mod missing;
mod mounts;
mod pair;
mod rounds;
mod runner;
mod scenarios;
mod settled;
mod share;
mod soak;
mod stage;
mod store;
mod visible;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;

use cmdline::{Task, Work};
use host::Host;
use lab::Lab;

fn main() -> ExitCode {
    let task = match cmdline::parse(std::env::args_os().skip(1)) {
        Ok(task) => task,
        Err(usage) => {
            eprintln!("{usage}");
            return ExitCode::from(2);
        }
    };
    let done = match task {
        Task::Help => {
            print!("{}", cmdline::HELP);
            Ok(ExitCode::SUCCESS)
        }
        Task::Stage(stage) => stage::run(stage),
        Task::Missing => Ok(missing::report()),
        Task::Work(work) => match missing::report() {
            ExitCode::SUCCESS => in_lab(&work),
            lacking => Ok(lacking),
        },
    };
    done.unwrap_or_else(|error| {
        eprintln!("lab: {error:#}");
        ExitCode::FAILURE
    })
}

/// Does what boots or builds something: under the keeper, from the first step to the last.
fn in_lab(work: &Work) -> Result<ExitCode> {
    let lab = Lab::open(work.ctrl_c())?;
    let done = match work {
        Work::Test { filter, after_failure } => {
            let tally = runner::run(lab, filter.as_deref(), *after_failure)?;
            return Ok(if tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        Work::Image(age) => image::build(&lab, *age).map(|image| {
            println!("{}", image.dir().display());
            ExitCode::SUCCESS
        }),
        Work::Soak { time, seed } => soak::run(&lab, *time, *seed).map(|()| ExitCode::SUCCESS),
        Work::Rounds { count, seed } => {
            rounds::run(&lab, *count, *seed).map(|()| ExitCode::SUCCESS)
        }
        Work::Demo if demo::run(&lab) => Ok(ExitCode::SUCCESS),
        Work::Demo => Ok(ExitCode::FAILURE),
        Work::Shell(command) => shell(&lab, command),
    };
    lab.close().and(done)
}

/// A host for a developer. A product that does not build is no reason to have none.
fn shell(lab: &Lab, command: &[OsString]) -> Result<ExitCode> {
    let image = image::ready(lab)?;
    let built = install::build();
    let host = Host::boot(lab, &image, "lab-shell")?;
    guest::install(&host, &image)?;
    if let Err(error) = built.and_then(|()| install::into(&host)) {
        eprintln!("lab: the product is not in this host: {error:#}");
    }
    let status = host.interactive(command)?;
    Ok(status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .map_or(ExitCode::FAILURE, ExitCode::from))
}
