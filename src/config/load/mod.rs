//! Finds and reads the files. The only part of this room that touches anything outside.
//!
//! Read are one main file and, in the byte order of their names, the `*.toml` of the directory beside it that has its stem
//! and `.d`: `config.toml` and `config.d/`. Hidden files are not read, and neither is what packaging tools and editors leave
//! behind (`.dpkg-old`, `.rpmsave`, `~`), because it does not end in `.toml`.
#![allow(clippy::disallowed_methods, reason = "this is the room's one door to the file system")]

mod fault;
mod file;
mod trust;

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::problem::{ConfigError, Place, Position, Problem, Subject};
use super::settings::Settings;
use super::{DEFAULT_PATH, PATH_VARIABLE, SourceFile, parse, parse_without_shares};

pub use fault::{Account, FileFault, Writers};
use trust::Trust;

/// Reads the configuration: the file that is given, else the one that the environment names, else the default one.
///
/// A file that was named must exist. Where the default one does not, the directory beside it may still have settings, and
/// otherwise the defaults hold.
pub fn settings(path: Option<&Path>) -> Result<Settings, ConfigError> {
    let main = Main::choose(path, env::var_os(PATH_VARIABLE))?;
    parse(&files(&main, Trust::of_this_process())?)
}

/// The same without any share, see [`parse_without_shares`].
pub fn settings_without_shares(path: Option<&Path>) -> Result<Settings, ConfigError> {
    let main = Main::choose(path, env::var_os(PATH_VARIABLE))?;
    parse_without_shares(&files(&main, Trust::of_this_process())?)
}

/// The main file.
#[derive(Debug)]
enum Main {
    /// Somebody asked for this one.
    Named(PathBuf),
    /// Nobody asked, and it may be absent.
    Default(PathBuf),
}

impl Main {
    fn choose(argument: Option<&Path>, variable: Option<OsString>) -> Result<Self, ConfigError> {
        if let Some(path) = argument {
            let absolute = std::path::absolute(path).map_err(FileFault::Unreadable);
            return match absolute {
                Ok(path) => Ok(Self::Named(path)),
                Err(fault) => Err(Problem::from(Unusable::new(path, fault)).into()),
            };
        }
        // An empty variable is how a unit file takes back one that was set.
        match variable.filter(|value| !value.is_empty()).map(PathBuf::from) {
            None => Ok(Self::Default(DEFAULT_PATH.into())),
            Some(path) if path.is_absolute() => Ok(Self::Named(path)),
            Some(path) => Err(Problem {
                place: Place::Variable(PATH_VARIABLE),
                subject: Subject::default(),
                fault: FileFault::Relative(path).into(),
            }
            .into()),
        }
    }
}

/// A file that cannot be used, or a directory on the way to one.
#[derive(Debug)]
struct Unusable {
    path: PathBuf,
    at: Option<Position>,
    fault: FileFault,
}

impl Unusable {
    fn new(path: &Path, fault: FileFault) -> Self {
        Self { path: path.to_owned(), at: None, fault }
    }
}

impl From<Unusable> for Problem {
    fn from(Unusable { path, at, fault }: Unusable) -> Self {
        let place = Place::File { path, at };
        Self { place, subject: Subject::default(), fault: fault.into() }
    }
}

/// Reads all there is to read, or tells of each file that cannot be used.
fn files(main: &Main, trust: Trust) -> Result<Vec<SourceFile>, ConfigError> {
    let (Main::Named(path) | Main::Default(path)) = main;
    let mut files = Vec::new();
    let mut unusable: Vec<Unusable> = Vec::new();
    let mut keep = |read: Result<Option<SourceFile>, Unusable>| match read {
        Ok(file) => files.extend(file),
        // One bad directory is on the way to many files.
        Err(bad) if unusable.iter().any(|told| told.path == bad.path) => {}
        Err(bad) => unusable.push(bad),
    };
    keep(match (file::read(path, trust), main) {
        (Ok(None), Main::Named(_)) => Err(Unusable::new(path, FileFault::Missing)),
        (read, _) => read,
    });
    match drop_ins(&path.with_extension("d"), trust) {
        // One that is gone by now was removed since the directory was read.
        Ok(paths) => paths.iter().for_each(|path| keep(file::read(path, trust))),
        Err(bad) => keep(Err(bad)),
    }
    if unusable.is_empty() {
        Ok(files)
    } else {
        Err(ConfigError { problems: unusable.into_iter().map(Problem::from).collect() })
    }
}

/// The files of a directory that are read; none if there is no directory.
fn drop_ins(directory: &Path, trust: Trust) -> Result<Vec<PathBuf>, Unusable> {
    let Some(resolved) = trust.resolve(directory)? else { return Ok(Vec::new()) };
    let read = || -> io::Result<Vec<OsString>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&resolved)? {
            names.push(entry?.file_name());
        }
        Ok(names)
    };
    let mut names =
        read().map_err(|error| Unusable::new(&resolved, FileFault::Unreadable(error)))?;
    names.retain(|name| name.as_bytes().ends_with(b".toml") && !name.as_bytes().starts_with(b"."));
    names.sort_unstable();
    Ok(names.into_iter().map(|name| directory.join(name)).collect())
}

#[cfg(test)]
mod tests;
