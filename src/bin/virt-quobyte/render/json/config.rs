//! The configuration, or what is wrong with it.

use std::borrow::Cow;

use serde::Serialize;
use virt_quobyte::config::{ConfigError, Place, Problem, Settings};

use super::{VERSION, to_text};

#[derive(Serialize)]
struct Configuration<'a> {
    version: u32,
    usable: bool,
    problems: Vec<Mistake<'a>>,
    shares: Vec<ConfiguredShare<'a>>,
}

#[derive(Serialize)]
struct Mistake<'a> {
    /// `null` if it is in an environment variable.
    file: Option<Cow<'a, str>>,
    variable: Option<&'static str>,
    /// `null`, as is `column`, if it is with the file as a whole.
    line: Option<usize>,
    column: Option<usize>,
    message: String,
}

#[derive(Serialize)]
struct ConfiguredShare<'a> {
    name: &'a str,
    export: &'a str,
    key: &'a str,
    mode: &'static str,
    mount_point: &'a str,
}

pub(in crate::render) fn settings(read: &Result<Settings, ConfigError>) -> String {
    let problems = read.as_ref().err().map(|error| error.problems.iter().map(mistake).collect());
    let shares = read.as_ref().map_or(&[][..], |settings| &settings.shares).iter();
    let shares = shares.map(|share| ConfiguredShare {
        name: share.name.as_str(),
        export: share.export.as_str(),
        key: share.key.as_str(),
        mode: share.mode.as_str(),
        mount_point: share.mount_point.as_str(),
    });
    to_text(&Configuration {
        version: VERSION,
        usable: read.is_ok(),
        problems: problems.unwrap_or_default(),
        shares: shares.collect(),
    })
}

fn mistake(problem: &Problem) -> Mistake<'_> {
    let (file, variable, at) = match &problem.place {
        Place::File { path, at } => (Some(path.to_string_lossy()), None, *at),
        Place::Variable(name) => (None, Some(*name), None),
    };
    let (line, column) = (at.map(|at| at.line), at.map(|at| at.column));
    Mistake { file, variable, line, column, message: problem.message() }
}
