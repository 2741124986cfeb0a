//! What a trial of the client came to: a page for people, JSON for programs.

use std::fmt::Write;

use serde::Serialize;
use virt_quobyte::selftest::{Finding, Trust, Verdict};

use super::json;
use super::page::{FITS, WIDTH, wrapped};
use crate::cli::{SelftestEnd, SelftestReport};

/// How wide the marks and the numbers are, with the blanks behind them.
const INDENT: usize = 9 + 5;

pub(super) fn human(report: &SelftestReport) -> String {
    let mut text = format!("{} with {}\n\n", report.client, report.export);
    for finding in &report.findings {
        let assumption = finding.assumption;
        let heading = format!("{:9}A{:<4}", mark(finding), assumption.number);
        paragraph(&mut text, &heading, assumption.claim);
        paragraph(&mut text, &format!("{:INDENT$}  ", ""), &finding.seen);
        if finding.verdict == Verdict::DoesNotHold {
            paragraph(&mut text, &format!("{:INDENT$}-> ", ""), assumption.otherwise);
        }
    }
    let count = |wanted| report.findings.iter().filter(|it| mark(it) == wanted).count();
    let counts = [(HOLDS, "hold"), (FAILS, "fail"), (DIFFERS, "differ"), (NOT_ASKED, "not asked")];
    let counts = counts.map(|(mark, what)| format!("{} {what}", count(mark)));
    writeln!(text, "\n{}", counts.join(", ")).expect(FITS);
    if report.end == SelftestEnd::Interrupted {
        writeln!(text, "interrupted: what was not asked by then is marked so").expect(FITS);
    }
    for left in &report.left_behind {
        writeln!(text, "LEFT BEHIND: {left}").expect(FITS);
    }
    text
}

const HOLDS: &str = "holds";
const FAILS: &str = "FAILS";
const DIFFERS: &str = "differs";
const NOT_ASKED: &str = "?";

fn mark(finding: &Finding) -> &'static str {
    match finding.verdict {
        Verdict::Holds => HOLDS,
        Verdict::DoesNotHold if finding.assumption.trust == Trust::Yes => FAILS,
        Verdict::DoesNotHold => DIFFERS,
        Verdict::NotAsked => NOT_ASKED,
    }
}

/// A text behind its heading; its further lines are indented as much.
fn paragraph(text: &mut String, heading: &str, paragraph: &str) {
    let indent = heading.len();
    let mut heading = heading.to_owned();
    for line in wrapped(paragraph, WIDTH - indent) {
        writeln!(text, "{heading}{line}").expect(FITS);
        heading = " ".repeat(indent);
    }
}

/// `schemas/selftest.v1.schema.json` says what is in it.
#[derive(Serialize)]
struct Selftest<'a> {
    version: u32,
    export: &'a str,
    client: &'a str,
    findings: Vec<Found<'a>>,
    left_behind: &'a [String],
    complete: bool,
}

#[derive(Serialize)]
struct Found<'a> {
    number: String,
    claim: &'a str,
    trust: &'static str,
    verdict: &'static str,
    seen: &'a str,
    /// `null` unless it does not hold.
    otherwise: Option<&'a str>,
}

pub(super) fn json(report: &SelftestReport) -> String {
    let findings = report.findings.iter().map(|finding| Found {
        number: format!("A{}", finding.assumption.number),
        claim: finding.assumption.claim,
        trust: finding.assumption.trust.as_str(),
        verdict: finding.verdict.as_str(),
        seen: &finding.seen,
        otherwise: (finding.verdict == Verdict::DoesNotHold)
            .then_some(finding.assumption.otherwise),
    });
    json::to_text(&Selftest {
        version: json::VERSION,
        export: &report.export,
        client: &report.client,
        findings: findings.collect(),
        left_behind: &report.left_behind,
        complete: report.end == SelftestEnd::Complete,
    })
}
