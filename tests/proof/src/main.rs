//! Publishes what the tests have counted: the README's tables of what the whole was put through are texts with a name in braces
//! for each number, and the numbers are read from what the tests printed.
//!
//! ```text
//! asked   wanted      each number: the log that has it, the lines, and what becomes of several
//! read    logs        what passing tests printed, below `target`
//! kept    counts      the numbers of the last run of each
//! told    published   the texts, with the numbers in them
//!         marked      where they stand in the README
//! ```
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command that talks to whoever runs it"
)]

mod counts;
mod logs;
mod marked;
mod published;
mod wanted;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;

use counts::Counts;
use wanted::Wanted;

const USAGE: &str = "\
usage: proof check     whether the logs below target have every number that they should
       proof tables    take the numbers from them, and write the README's tables";

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    let done = match words.as_slice() {
        [word] if word == "check" => check(),
        [word] if word == "tables" => tables(),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("proof: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// A test that prints something else than before would leave an old number in the tables for ever.
fn check() -> Result<()> {
    let read = logs::read(&Wanted::read()?, &target())?;
    println!("{} numbers are in the logs of {}", read.numbers.len(), read.names());
    Ok(())
}

/// Of a log that is not there the numbers stay as they were.
fn tables() -> Result<()> {
    let read = logs::read(&Wanted::read()?, &target())?;
    let mut counts = Counts::read()?;
    counts.take(&read.numbers)?;
    counts.write()?;
    published::write(&counts)?;
    println!("{} numbers are those of the logs of {}", read.numbers.len(), read.names());
    Ok(())
}

/// A file of this package.
fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn target() -> PathBuf {
    here("../../target")
}
