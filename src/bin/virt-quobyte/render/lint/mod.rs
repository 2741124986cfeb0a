//! Says what lint found.
//!
//! ```text
//! text      for people: the line, and a caret under what is wrong    snippet   the line, fit for a terminal
//! json      for programs                                             place     where a finding is, as each format counts
//! sarif     for code scanners                                        diff      what fixes would do
//! github    for GitHub's workflows                                   rule      a rule, for both
//! ```

mod diff;
mod github;
mod json;
mod place;
mod rule;
mod sarif;
mod snippet;
mod text;

use std::io::IsTerminal;

use virt_quobyte::lint::Severity;

use crate::cli::{Color, Document, LintReport};

pub(super) use diff::diff;
pub(super) use github::github;
pub(super) use json::json;
pub(super) use rule::{rule, rules, rules_json};
pub(super) use sarif::sarif;
pub(super) use text::{failures, summary, text};

/// What a text is to look like.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    colored: bool,
    width: usize,
}

impl Style {
    /// For where it goes to.
    pub(super) fn of(output: &(impl IsTerminal + std::os::fd::AsFd), color: Color) -> Self {
        const WIDTH_OF_A_FILE: usize = 140;
        let is_terminal = output.is_terminal();
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let size = is_terminal.then(|| terminal_size::terminal_size_of(output)).flatten();
        Self {
            colored: match color {
                Color::Auto => is_terminal && wanted,
                Color::Always => true,
                Color::Never => false,
            },
            width: size.map_or(WIDTH_OF_A_FILE, |(width, _)| usize::from(width.0).max(60)),
        }
    }
}

/// How many findings there are, by severity.
#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    error: usize,
    warning: usize,
    note: usize,
    suppressed: usize,
}

impl Counts {
    fn of(report: &LintReport<'_>) -> Self {
        let mut counts = Self::default();
        for document in &report.documents {
            counts.suppressed += document.suppressed;
            for finding in &document.findings {
                *match finding.rule.severity {
                    Severity::Error => &mut counts.error,
                    Severity::Warning => &mut counts.warning,
                    Severity::Note => &mut counts.note,
                } += 1;
            }
        }
        counts
    }
}

/// The documents that were linted.
fn linted<'r, 'g>(report: &'r LintReport<'g>) -> impl Iterator<Item = &'r Document<'g>> {
    report.documents.iter().filter(|document| !document.passed_over)
}
