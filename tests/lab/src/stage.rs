//! The steps for which the lab starts itself again, in a process of its own: they need a namespace,
//! a session or a cgroup that the lab itself must not enter, and starting ourselves anew needs no
//! `fork` in a process that has threads. Parses and dispatches.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;

use crate::cgroup::Cgroup;
use crate::host::{self, Disk, Host};
use crate::image;
use crate::keeper;
use crate::lab::{CtrlC, Lab};
use crate::missing;
use crate::store;

/// A step, with all that it needs.
#[derive(Debug)]
pub(crate) enum Stage {
    /// Waits for the lab's end and cleans up.
    Keeper { tree: Cgroup },
    /// Joins a cgroup, then becomes another program. Ends with the lab.
    Within { cgroup: Cgroup, command: Vec<OsString> },
    /// Keeps what two hosts share, and what outlives a boot, until the lab ends.
    Store { image: PathBuf },
    /// Makes a host's namespaces and waits for its init.
    Supervise { image: PathBuf, name: String, disk: Disk },
    /// The first process of a host: makes its file systems, then becomes its init.
    Init { image: PathBuf, name: String, disk: Disk },
    /// Tries what a host needs from the kernel.
    Probe,
    /// A lab that boots a host and waits for its end.
    Hold,
}

impl Stage {
    pub(crate) const WORD: &str = "stage";

    pub(crate) fn parse(words: Vec<OsString>) -> Result<Self, String> {
        let mut words = words.into_iter();
        let mut next = || words.next().ok_or("a stage lacks an operand");
        let stage = next()?;
        let stage = match stage.to_str() {
            Some("keeper") => Self::Keeper { tree: Cgroup::at(next()?.into()) },
            Some("within") => {
                Self::Within { cgroup: Cgroup::at(next()?.into()), command: words.collect() }
            }
            Some("store") => Self::Store { image: next()?.into() },
            Some("supervise") => Self::Supervise {
                image: next()?.into(),
                name: next()?.to_string_lossy().into_owned(),
                disk: Disk::parse(&next()?)?,
            },
            Some("init") => Self::Init {
                image: next()?.into(),
                name: next()?.to_string_lossy().into_owned(),
                disk: Disk::parse(&next()?)?,
            },
            Some("probe") => Self::Probe,
            Some("hold") => Self::Hold,
            _ => return Err(format!("unknown stage {}", stage.display())),
        };
        Ok(stage)
    }
}

impl Stage {
    /// The words that start it.
    pub(crate) fn words(self) -> Vec<OsString> {
        let operands: Vec<OsString> = match self {
            Self::Keeper { tree } => vec!["keeper".into(), tree.path().into()],
            Self::Within { cgroup, command } => {
                [vec!["within".into(), cgroup.path().into()], command].concat()
            }
            Self::Store { image } => vec!["store".into(), image.into()],
            Self::Supervise { image, name, disk } => {
                vec!["supervise".into(), image.into(), name.into(), disk.word()]
            }
            Self::Init { image, name, disk } => {
                vec!["init".into(), image.into(), name.into(), disk.word()]
            }
            Self::Probe => vec!["probe".into()],
            Self::Hold => vec!["hold".into()],
        };
        [vec!["/proc/self/exe".into(), Self::WORD.into()], operands].concat()
    }
}

impl From<Stage> for Command {
    fn from(stage: Stage) -> Self {
        let words = stage.words();
        let mut command = Self::new(&words[0]);
        command.args(&words[1..]);
        command
    }
}

pub(crate) fn run(stage: Stage) -> Result<ExitCode> {
    match stage {
        Stage::Keeper { tree } => keeper::keep(&tree)?,
        Stage::Within { cgroup, command } => {
            // The second belt: should the lab die before this process is in the tree that its
            // keeper sweeps.
            set_pdeathsig(Signal::SIGKILL).context("PR_SET_PDEATHSIG")?;
            cgroup.join()?;
            let (program, arguments) = command.split_first().context("no program to run")?;
            let error = Command::new(program).args(arguments).exec();
            return Err(error).with_context(|| format!("cannot run {}", program.display()));
        }
        Stage::Store { image } => {
            return store::keep(&image).map(|never| match never {});
        }
        Stage::Supervise { image, name, disk } => host::supervise(&image, &name, disk)?,
        Stage::Init { image, name, disk } => {
            return host::init(&image, &name, disk).map(|never| match never {});
        }
        Stage::Probe => missing::probe()?,
        Stage::Hold => hold()?,
    }
    Ok(ExitCode::SUCCESS)
}

/// For the scenarios about a lab's end.
fn hold() -> Result<()> {
    let lab = Lab::open(CtrlC::EndsTheLab)?;
    let _host = Host::boot(&lab, &image::ready(&lab)?, "lab-held")?;
    println!("booted");
    loop {
        std::thread::park();
    }
}
