//! Says things: the one place of the admin command that prints.
//!
//! Text from outside (a domain's name, a path, a mount's source) is escaped here, if it was not before.

mod human;
mod json;

use std::fmt::Write as _;
use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Result;
use virt_quobyte::config::{ConfigError, Settings};

use crate::cli::{NeedsReport, RecoverReport, StatusReport};
use crate::exit::ExitStatus;

/// For whom to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum For {
    People,
    Programs,
}

impl From<crate::cli::Format> for For {
    fn from(format: crate::cli::Format) -> Self {
        if format.json { Self::Programs } else { Self::People }
    }
}

pub(crate) fn status(report: &StatusReport, audience: For) -> Result<()> {
    let text = match audience {
        For::People => human::status(report),
        For::Programs => json::status(report),
    };
    print(&text)
}

pub(crate) fn needs(report: &NeedsReport, audience: For) -> Result<()> {
    let text = match audience {
        For::People => human::needs(report),
        For::Programs => json::needs(report),
    };
    print(&text)
}

pub(crate) fn recover(report: &RecoverReport, audience: For) -> Result<()> {
    let text = match audience {
        For::People => human::recover(report),
        For::Programs => json::recover(report),
    };
    print(&text)
}

pub(crate) fn settings(settings: &Settings) -> Result<()> {
    print(&human::settings(settings))
}

pub(crate) fn config_problems(error: &ConfigError) -> Result<()> {
    let mut text = String::new();
    writeln!(text, "{error}")?;
    Ok(io::stderr().write_all(text.as_bytes())?)
}

/// What a child of ours answers, on a stdout that only we read.
pub(crate) fn child_answer(answer: &str) -> ExitCode {
    match writeln!(io::stdout(), "{answer}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// clap's own message, which may be the help that was asked for.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    let printed = error.print();
    match (printed, error.exit_code()) {
        (Ok(()), 0) => ExitStatus::Well.into(),
        (Ok(()), _) => ExitStatus::Usage.into(),
        (Err(_), _) => ExitStatus::Failed.into(),
    }
}

pub(crate) fn error(error: &anyhow::Error) -> ExitCode {
    // A reader that has seen enough (head, less) is no failure of ours.
    let broken_pipe = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
    };
    if error.chain().any(broken_pipe) {
        return ExitStatus::Well.into();
    }
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        // The library's errors say their cause themselves; others leave it to their source.
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    let _nobody_may_listen = writeln!(io::stderr(), "virt-quobyte: {text}");
    ExitStatus::Failed.into()
}

fn print(text: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    Ok(stdout.flush()?)
}
