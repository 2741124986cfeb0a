//! What the administrator configured, as settings that need no second look.
//!
//! A file is read in three steps, each with a type of its own: a `fragment` is one file as it was written, `merge`
//! lays the fragments over each other and keeps where each value came from, and `validate` makes [`Settings`] of the
//! result or lists everything that is wrong with it. All of that is pure; only [`load`] touches files. `plain` reads most shares
//! faster than TOML is read.
//!
//! What is decided here: which texts are right, and which settings fit together. What is not: whether a directory exists
//! or what is mounted on it. That can change after this was read.
#![deny(clippy::disallowed_methods)]

mod duration;
mod fault;
mod fragment;
mod keys;
pub mod load;
mod merge;
mod origin;
mod plain;
mod problem;
mod problems;
mod settings;
#[cfg(test)]
mod tests;
mod validate;

use std::path::PathBuf;
use std::time::Duration;

pub use duration::DurationError;
pub use fault::{Fault, OtherShare};
pub use load::{Account, FileFault, Writers};
pub use problem::{ConfigError, Place, Position, Problem, Subject};
pub use settings::{Client, Deadlines, Isolation, Settings};

/// The file that is read where none is named.
pub const DEFAULT_PATH: &str = "/etc/virt-quobyte/config.toml";

/// The environment variable that names another file.
pub const PATH_VARIABLE: &str = "VIRT_QUOBYTE_CONFIG";

/// Reads a time as the configuration writes it: `500ms`, `10s` or `2m`.
pub fn duration(text: &str) -> Result<Duration, DurationError> {
    duration::parse(text, duration::LONGEST)
}

/// One file of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Where it is: named in messages, and no share may hide it.
    pub path: PathBuf,
    /// What it says.
    pub text: String,
}

/// The same without any share, for whoever needs none: then nobody reads them, and what is wrong with them is not found.
pub fn parse_without_shares(files: &[SourceFile]) -> Result<Settings, ConfigError> {
    match plainly(files, Shares::Unread) {
        Some(settings) => Ok(settings),
        None => Ok(Settings { shares: Vec::new(), ..parse_in_full(files)? }),
    }
}

/// Makes settings of files, of which a later one has precedence.
///
/// All problems are reported at once, with one exception: a file that is no TOML, or has a value of another type than its
/// key takes, hides its values. Then only the reading is reported, because judging the rest would invent problems.
pub fn parse(files: &[SourceFile]) -> Result<Settings, ConfigError> {
    plainly(files, Shares::Read).map_or_else(|| parse_in_full(files), Ok)
}

/// Whether the `[[share]]` tables are wanted.
#[derive(Debug, Clone, Copy)]
enum Shares {
    Read,
    Unread,
}

/// The settings, if nothing is wrong and all is written as most people write it, see `plain`.
fn plainly(files: &[SourceFile], shares: Shares) -> Option<Settings> {
    let mut problems = problems::Problems::of(files);
    let mut merged = merge::Merged::default();
    for (file, source) in files.iter().enumerate() {
        merged.lay(file, fragment::read_plain(&source.text, shares)?);
    }
    let settings = validate::settings(&merged, files, &mut problems);
    problems.is_empty().then_some(settings)
}

fn parse_in_full(files: &[SourceFile]) -> Result<Settings, ConfigError> {
    let mut problems = problems::Problems::of(files);
    let mut merged = merge::Merged::default();
    let mut complete = true;
    for (file, source) in files.iter().enumerate() {
        match fragment::read(&source.text, &mut problems.in_file(file)) {
            Some(fragment) => merged.lay(file, fragment),
            None => complete = false,
        }
    }
    if !complete {
        return Err(problems.into_error());
    }
    let settings = validate::settings(&merged, files, &mut problems);
    if problems.is_empty() { Ok(settings) } else { Err(problems.into_error()) }
}
