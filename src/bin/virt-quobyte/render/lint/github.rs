//! Annotations of GitHub's workflows: a command a line, <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>.

use std::fmt::Write as _;

use virt_quobyte::lint::Severity;

use super::place::Places;
use super::snippet::clean;
use crate::cli::{Failure, LintReport};

const FITS: &str = "a String takes everything";

/// Every finding, and what could not be read.
pub(in super::super) fn github(report: &LintReport<'_>) -> String {
    let places = Places::of(report);
    let mut text = String::new();
    for (number, document) in report.documents.iter().enumerate() {
        for finding in &document.findings {
            let region = places.region(number, finding.span);
            let command = match finding.rule.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Note => "notice",
            };
            let (file, line, column) =
                (property(document.name), region.start.line, region.start.column);
            write!(text, "::{command} file={file},line={line},col={column}").expect(FITS);
            // GitHub takes columns only where they are of one line.
            if region.end.line == line && region.end.column > column {
                write!(text, ",endLine={line},endColumn={}", region.end.column).expect(FITS);
            }
            let title = property(&format!("{} {}", finding.rule.code, finding.rule.name));
            writeln!(text, ",title={title}::{}", message(&finding.message)).expect(FITS);
        }
    }
    for Failure { name, why } in report.failures {
        writeln!(text, "::error file={}::{}", property(name), message(&format!("{name}: {why}")))
            .expect(FITS);
    }
    text
}

fn message(text: &str) -> String {
    // No carriage return is left in a text that was cleaned.
    clean(text).replace('%', "%25").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_ends_a_property_or_begins_a_command() {
        assert_eq!(property("a,b:c%d\n::error::e"), "a%2Cb%3Ac%25d%0A%3A%3Aerror%3A%3Ae");
        assert_eq!(message("100%\r\n::error::x, y"), "100%25\u{fffd}%0A::error::x, y");
    }
}
