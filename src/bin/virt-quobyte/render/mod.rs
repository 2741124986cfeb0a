//! Says things: the one place of the admin command that prints.
//!
//! Text from outside (a domain's name, a path, a mount's source) is escaped here, if it was not before.

mod doctor;
mod human;
mod json;
mod lint;
mod log;
mod page;
mod renew;
mod reopened;
mod revive;
mod selftest;
mod status;
mod waiting;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::Result;
use virt_quobyte::config::{ConfigError, Settings};
use virt_quobyte::diskxml::Refusal;
use virt_quobyte::lint::Rule;

use crate::cli::{
    AttachReport, Change, Color, DetachReport, DoctorReport, Failure, ForceReport, InstallReport,
    LintFormat, LintReport, MountReport, NeedsReport, RecoverReport, RenewReport, ReviveReport,
    ReviveShares, SelftestReport, StatusReport, UmountReport, UninstallReport,
};
use crate::exit::ExitStatus;
pub(crate) use log::events_on_stderr;
pub(crate) use waiting::Waiting;

/// For whom to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum For {
    People,
    Programs,
}

impl For {
    /// A report, in the form that is theirs.
    fn of<R>(self, report: &R, people: fn(&R) -> String, programs: fn(&R) -> String) -> String {
        match self {
            Self::People => people(report),
            Self::Programs => programs(report),
        }
    }
}

impl From<crate::cli::Format> for For {
    fn from(format: crate::cli::Format) -> Self {
        if format.json { Self::Programs } else { Self::People }
    }
}

pub(crate) fn status(report: &StatusReport, audience: For) -> Result<()> {
    print(&audience.of(report, status::human, status::json))
}

pub(crate) fn needs(report: &NeedsReport, audience: For) -> Result<()> {
    print(&audience.of(report, human::needs, json::needs))
}

pub(crate) fn recover(report: &RecoverReport, audience: For) -> Result<()> {
    print(&audience.of(report, human::recover, json::recover))
}

pub(crate) fn install(report: &InstallReport, audience: For) -> Result<()> {
    print(&audience.of(report, human::install, json::install))
}

pub(crate) fn doctor(report: &DoctorReport, audience: For) -> Result<()> {
    print(&audience.of(report, doctor::human, doctor::json))
}

pub(crate) fn selftest(report: &SelftestReport, audience: For) -> Result<()> {
    print(&audience.of(report, selftest::human, selftest::json))
}

pub(crate) fn force(report: &ForceReport, audience: For) -> Result<()> {
    print(&audience.of(report, human::force, json::force))
}

pub(crate) fn revive(report: &ReviveReport, audience: For) -> Result<()> {
    print(&audience.of(report, revive::human, revive::json))
}

pub(crate) fn renew(report: &RenewReport, audience: For) -> Result<()> {
    print(&audience.of(report, renew::human, renew::json))
}

pub(crate) fn revive_shares(report: &ReviveShares, audience: For) -> Result<()> {
    print(&audience.of(report, revive::human_shares, revive::json_shares))
}

pub(crate) fn uninstall(report: &UninstallReport, audience: For) -> Result<()> {
    print(&audience.of(report, human::uninstall, json::uninstall))
}

/// Asks a person, if there is one at a terminal; gives what was typed.
pub(crate) fn confirm(question: &str) -> Result<Option<String>> {
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Ok(None);
    }
    let mut stderr = io::stderr().lock();
    stderr.write_all(question.as_bytes())?;
    stderr.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(Some(answer.trim().to_owned()))
}

pub(crate) fn mount(report: &MountReport, audience: For) -> Result<()> {
    print(&audience.of(report, human::mount, json::mount))
}

pub(crate) fn umount(report: &UmountReport, audience: For) -> Result<()> {
    print(&audience.of(report, human::umount, json::umount))
}

pub(crate) fn attach(report: &AttachReport, audience: For) -> Result<()> {
    print(&audience.of(report, human::attach, json::attach))
}

pub(crate) fn detach(report: &DetachReport, audience: For) -> Result<()> {
    print(&audience.of(report, human::detach, json::detach))
}

/// What was asked for was not done, for a reason that lies with the host.
pub(crate) fn not_done(why: &dyn std::fmt::Display) -> ExitStatus {
    let _nobody_may_listen = writeln!(io::stderr(), "virt-quobyte: {why}");
    ExitStatus::NotWell
}

/// The same, for more than one reason.
pub(crate) fn none_of_it(reasons: &[impl std::fmt::Display]) -> ExitStatus {
    for reason in reasons {
        not_done(reason);
    }
    ExitStatus::NotWell
}

/// What was found, and on stderr what it comes to.
pub(crate) fn lint(report: &LintReport<'_>, format: LintFormat, color: Color) -> Result<()> {
    print(&match format {
        LintFormat::Text => lint::text(report, lint::Style::of(&io::stdout(), color)),
        LintFormat::Json => lint::json(report),
        LintFormat::Sarif => lint::sarif(report),
        LintFormat::Github => lint::github(report),
    })?;
    failures(report.failures)?;
    match format {
        LintFormat::Text => Ok(io::stderr().write_all(lint::summary(report).as_bytes())?),
        LintFormat::Json | LintFormat::Sarif | LintFormat::Github => Ok(()),
    }
}

/// A document on stdout, and everything that is said of it beside.
pub(crate) fn lint_beside(report: &LintReport<'_>, source: &[u8], color: Color) -> Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(source)?;
    stdout.flush()?;
    let text = lint::text(report, lint::Style::of(&io::stderr(), color)) + &lint::summary(report);
    Ok(io::stderr().write_all(text.as_bytes())?)
}

/// What fixes would do.
pub(crate) fn lint_diff(changes: &[Change<'_>], color: Color) -> Result<()> {
    let stdout = io::stdout();
    let style = lint::Style::of(&stdout, color);
    print(&lint::diff(changes, style, stdout.is_terminal()))
}

/// What could not be read or written.
pub(crate) fn failures(failures: &[Failure]) -> Result<()> {
    Ok(io::stderr().write_all(lint::failures(failures).as_bytes())?)
}

pub(crate) fn rule(rule: &Rule, audience: For) -> Result<()> {
    print(&match audience {
        For::People => lint::rule(rule),
        For::Programs => lint::rules_json(&[rule]),
    })
}

pub(crate) fn rules(rules: &[&Rule], audience: For) -> Result<()> {
    print(&match audience {
        For::People => lint::rules(rules),
        For::Programs => lint::rules_json(rules),
    })
}

/// A disk cannot be as it is wished for.
pub(crate) fn no_such_disk(refusals: &[Refusal]) -> ExitStatus {
    none_of_it(refusals)
}

/// XML, for whoever asked for just that.
pub(crate) fn text(text: &str) -> Result<()> {
    print(text)
}

/// The configuration, or for people on stderr what is wrong with it.
pub(crate) fn settings(read: &Result<Settings, ConfigError>, audience: For) -> Result<()> {
    match (audience, read) {
        (For::Programs, read) => print(&json::settings(read)),
        (For::People, Ok(settings)) => print(&human::settings(settings)),
        (For::People, Err(error)) => Ok(writeln!(io::stderr(), "{error}")?),
    }
}

/// Where a child of ours answers many questions: a stdout that only we read.
pub(crate) fn for_a_parent() -> impl Write {
    io::stdout()
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
    if let Some(error) = error.downcast_ref::<clap::Error>() {
        return usage(error);
    }
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
