//! What `doctor` saw: a page for people, JSON for programs.

use std::fmt::Write;

use serde::Serialize;

use super::json;
use super::page::{FITS, WIDTH, wrapped};
use crate::cli::{DoctorReport, Verdict};

pub(super) fn human(report: &DoctorReport) -> String {
    let subjects = report.checks.iter().map(|check| check.subject.len());
    let width = subjects.max().unwrap_or_default();
    let indent = MARK + 2 + width + 2;
    let mut text = String::new();
    for check in &report.checks {
        let lines = wrapped(&check.seen, WIDTH.saturating_sub(indent).max(30));
        let mut heading = format!("{:MARK$}  {:width$}  ", mark(check.verdict), check.subject);
        for line in lines {
            writeln!(text, "{heading}{line}").expect(FITS);
            heading = " ".repeat(indent);
        }
        if let Some(remedy) = &check.remedy {
            writeln!(text, "{:MARK$}    -> {remedy}", "").expect(FITS);
        }
    }
    let count = |verdict| report.checks.iter().filter(|check| check.verdict == verdict).count();
    let counts = [
        (Verdict::Bad, "bad"),
        (Verdict::WorthKnowing, "worth knowing"),
        (Verdict::CannotTell, "cannot be told"),
        (Verdict::Good, "good"),
    ];
    let counts = counts.map(|(verdict, what)| format!("{} {what}", count(verdict)));
    writeln!(text, "\n{}; the shares themselves: virt-quobyte status", counts.join(", "))
        .expect(FITS);
    text
}

/// How wide the marks are.
const MARK: usize = 4;

fn mark(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Good => "good",
        Verdict::WorthKnowing => "note",
        Verdict::Bad => "BAD",
        Verdict::CannotTell => "?",
    }
}

#[derive(Serialize)]
struct Doctor<'a> {
    version: u32,
    checks: Vec<Checked<'a>>,
}

#[derive(Serialize)]
struct Checked<'a> {
    subject: &'a str,
    verdict: &'static str,
    seen: &'a str,
    /// `null` if there is nothing to do.
    remedy: Option<&'a str>,
}

pub(super) fn json(report: &DoctorReport) -> String {
    let checks = report.checks.iter().map(|check| Checked {
        subject: check.subject,
        verdict: check.verdict.as_str(),
        seen: &check.seen,
        remedy: check.remedy.as_deref(),
    });
    json::to_text(&Doctor { version: json::VERSION, checks: checks.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Check;

    #[test]
    fn the_page_fits_80_columns_but_for_what_is_to_be_typed() {
        let check = |subject, verdict, seen: &str, remedy: Option<&str>| Check {
            subject,
            verdict,
            seen: seen.to_owned(),
            remedy: remedy.map(str::to_owned),
        };
        let long = "libvirtd.service was last started or reloaded before the hook was there, and runs none";
        let path = format!("/{} is long", "x".repeat(70));
        let report = DoctorReport {
            checks: vec![
                check("FUSE", Verdict::Good, "it is there", None),
                check("hook seen by libvirt", Verdict::Bad, long, Some("systemctl reload x")),
                check("state directory", Verdict::CannotTell, &path, None),
                check("image locks", Verdict::WorthKnowing, "some", None),
            ],
        };
        let expected = format!(
            "\
good  FUSE                  it is there
BAD   hook seen by libvirt  libvirtd.service was last started or reloaded before
                            the hook was there, and runs none
        -> systemctl reload x
?     state directory       /{}
                            is long
note  image locks           some

1 bad, 1 worth knowing, 1 cannot be told, 1 good; the shares themselves: virt-quobyte status
",
            "x".repeat(70)
        );
        assert_eq!(human(&report), expected);
    }
}
