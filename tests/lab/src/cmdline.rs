//! The command line: what the lab is asked to do. Parses only; whether this machine can do it is
//! `missing`'s question.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::image::Age;
use crate::lab::CtrlC;
use crate::runner::AfterFailure;
use crate::stage::Stage;

pub(crate) const HELP: &str = "\
Boots a host with systemd, libvirtd and QEMU on this machine and tests virt-quobyte in it.
Needs root.

usage: lab test [--filter WORD] [--keep-going]   run the scenarios (whose name holds WORD)
       lab soak [SECONDS [SEED]]                 an hour of chaos on two hosts, or so many seconds
       lab rounds [COUNT [SEED]]                 clients that die under guests, a hundred times or so many
       lab demo                                  show the main job, step by step
       lab shell [COMMAND [ARGUMENT...]]         a shell, or COMMAND, in a booted host
       lab image [--fresh]                       build the hosts' root image (again)
       lab missing                               say what this machine lacks; nothing when fine

The hosts are of this machine's own Debian or Ubuntu, and have its libvirt with its one daemon, libvirtd.
LAB_SUITE=trixie makes them of a later release. LAB_DAEMON=virtqemud gives them the daemon for QEMU alone
instead, which neither distribution has a package of: it is built from the package's source, with the image.
Every scenario can be run in each, and by default each is run in the first only:

       LAB_SUITE=trixie LAB_DAEMON=virtqemud lab test --keep-going
";

/// What the lab was asked to do.
#[derive(Debug)]
pub(crate) enum Task {
    Help,
    Missing,
    Work(Work),
    /// A step that the lab starts itself for, in a process of its own.
    Stage(Stage),
}

/// What a lab has to be opened for.
#[derive(Debug)]
pub(crate) enum Work {
    Test { filter: Option<String>, after_failure: AfterFailure },
    Soak { time: Duration, seed: Option<u64> },
    Rounds { count: usize, seed: Option<u64> },
    Demo,
    Shell(Vec<OsString>),
    Image(Age),
}

impl Work {
    /// In a shell, Ctrl-C is for what runs in the shell.
    pub(crate) fn ctrl_c(&self) -> CtrlC {
        match self {
            Self::Shell(_) => CtrlC::IsForTheShell,
            _ => CtrlC::EndsTheLab,
        }
    }
}

/// Reads the arguments after the program's name. An error is the finished message.
pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Task, String> {
    let mut arguments = arguments.peekable();
    let Some(word) = arguments.next() else { return Err(HELP.to_owned()) };
    let task = match word.to_str() {
        Some("-h" | "--help" | "help") => Task::Help,
        Some("missing") => Task::Missing,
        Some("demo") => Task::Work(Work::Demo),
        Some("soak") => {
            let time = Duration::from_secs(number(&mut arguments)?.unwrap_or(3600));
            Task::Work(Work::Soak { time, seed: number(&mut arguments)? })
        }
        Some("rounds") => {
            let count = number(&mut arguments)?.unwrap_or(100);
            Task::Work(Work::Rounds { count, seed: number(&mut arguments)? })
        }
        Some("shell") => {
            arguments.next_if(|word| word == "--");
            return Ok(Task::Work(Work::Shell(arguments.collect())));
        }
        Some("image") => {
            let fresh = arguments.next_if(|word| word == "--fresh").is_some();
            Task::Work(Work::Image(if fresh { Age::Fresh } else { Age::Any }))
        }
        Some("test") => test(&mut arguments)?,
        Some(Stage::WORD) => return Stage::parse(arguments.collect()).map(Task::Stage),
        _ => return Err(format!("unknown command {}\n\n{HELP}", word.display())),
    };
    match arguments.next() {
        None => Ok(task),
        Some(extra) => Err(format!("unexpected argument {}\n\n{HELP}", extra.display())),
    }
}

/// The next argument, if there is one.
fn number<N: FromStr>(arguments: &mut impl Iterator<Item = OsString>) -> Result<Option<N>, String> {
    let Some(word) = arguments.next() else { return Ok(None) };
    let number = word.to_string_lossy().parse();
    number.map(Some).map_err(|_| format!("{} is no number\n\n{HELP}", word.display()))
}

fn test(arguments: &mut impl Iterator<Item = OsString>) -> Result<Task, String> {
    let mut filter = None;
    let mut after_failure = AfterFailure::Stop;
    while let Some(argument) = arguments.next() {
        let word = argument.to_string_lossy();
        match word.split_once('=') {
            None if word == "--keep-going" => after_failure = AfterFailure::GoOn,
            None if word == "--filter" => {
                let value = arguments.next().ok_or("--filter wants a word of a scenario's name")?;
                filter = Some(value.to_string_lossy().into_owned());
            }
            Some(("--filter", value)) => filter = Some(value.to_owned()),
            _ => return Err(format!("unexpected argument {word}\n\n{HELP}")),
        }
    }
    Ok(Task::Work(Work::Test { filter, after_failure }))
}

/// The clone that this lab was built from: what it builds goes below its `target`, what it installs
/// comes from it.
pub(crate) fn clone_dir() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

#[cfg(test)]
mod tests {
    use super::{Task, Work, parse};
    use crate::runner::AfterFailure;

    fn parsed(line: &str) -> Result<Task, String> {
        parse(line.split_whitespace().map(Into::into))
    }

    #[test]
    fn a_filter_is_one_word_or_two() {
        for line in ["test --filter hung --keep-going", "test --keep-going --filter=hung"] {
            let Ok(Task::Work(Work::Test { filter, after_failure })) = parsed(line) else {
                panic!("{line} is not taken for a test");
            };
            assert_eq!((filter.as_deref(), after_failure), (Some("hung"), AfterFailure::GoOn));
        }
    }

    #[test]
    fn a_shells_command_is_not_looked_at() {
        let Ok(Task::Work(Work::Shell(words))) = parsed("shell -- ls --filter") else {
            panic!("not taken for a shell");
        };
        assert_eq!(words, ["ls", "--filter"]);
    }

    #[test]
    fn what_makes_no_sense_is_an_error() {
        let lines = ["", "tests", "test --filter", "test hung", "demo now", "missing --fresh"];
        for line in lines.into_iter().chain(["soak long", "rounds 3 4 5"]) {
            assert!(parsed(line).is_err(), "{line:?} is taken");
        }
    }
}
