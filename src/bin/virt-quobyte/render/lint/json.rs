//! For programs: `schemas/lint-report.v1.schema.json` says what is in it. Fields may be added under the same version; none changes
//! its meaning.

use serde::Serialize;
use virt_quobyte::lint::{Edit, Finding, Fix, Safety};
use virt_quobyte::xml::{LineColumn, Span};

use super::place::Places;
use super::{Counts, linted};
use crate::cli::{Failure, LintReport};

const VERSION: u32 = 1;

#[derive(Serialize)]
struct Report<'a> {
    version: u32,
    documents: Vec<Document<'a>>,
    failures: Vec<Failed<'a>>,
    /// Files that were found in a folder and are no domains.
    passed_over: Vec<&'a str>,
    shares_known: bool,
    /// Who was asked beside the rules: a grammar, a libvirt.
    asked: &'a [String],
    counts: Total,
}

#[derive(Serialize)]
struct Document<'a> {
    name: &'a str,
    findings: Vec<Found<'a>>,
    suppressed: usize,
}

#[derive(Serialize)]
struct Failed<'a> {
    name: &'a str,
    reason: &'a str,
}

#[derive(Serialize)]
struct Total {
    documents: usize,
    error: usize,
    warning: usize,
    note: usize,
    suppressed: usize,
    fixes_made: usize,
}

#[derive(Serialize)]
struct Found<'a> {
    code: &'static str,
    name: &'static str,
    group: &'static str,
    severity: &'static str,
    message: &'a str,
    start: Position,
    end: Position,
    related: Vec<Related<'a>>,
    fix: Option<Mending<'a>>,
}

#[derive(Serialize)]
struct Related<'a> {
    document: &'a str,
    message: &'a str,
    start: Position,
    end: Position,
}

/// Line and column from 1, the column in characters; the offset in bytes from 0.
#[derive(Serialize)]
struct Position {
    line: usize,
    column: usize,
    offset: usize,
}

#[derive(Serialize)]
struct Mending<'a> {
    safety: &'static str,
    title: &'a str,
    edits: Vec<Replacement<'a>>,
}

#[derive(Serialize)]
struct Replacement<'a> {
    start: Position,
    end: Position,
    text: &'a str,
}

pub(in super::super) fn json(report: &LintReport<'_>) -> String {
    let places = Places::of(report);
    let all = report.documents.iter().enumerate();
    let documents = all.filter(|(_, document)| !document.passed_over).map(|(number, document)| {
        let findings = document.findings.iter();
        Document {
            name: document.name,
            findings: findings.map(|it| found(report, &places, number, it)).collect(),
            suppressed: document.suppressed,
        }
    });
    let passed_over = report.documents.iter().filter(|document| document.passed_over);
    let failures = report.failures.iter().map(|Failure { name, why }| Failed { name, reason: why });
    let counts = Counts::of(report);
    super::super::json::to_text(&Report {
        version: VERSION,
        documents: documents.collect(),
        failures: failures.collect(),
        passed_over: passed_over.map(|document| document.name).collect(),
        shares_known: report.shares_known,
        asked: &report.asked,
        counts: Total {
            documents: linted(report).count(),
            error: counts.error,
            warning: counts.warning,
            note: counts.note,
            suppressed: counts.suppressed,
            fixes_made: report.fixed.0,
        },
    })
}

fn found<'a>(
    report: &LintReport<'a>,
    places: &Places<'_>,
    number: usize,
    finding: &'a Finding,
) -> Found<'a> {
    let (start, end) = ends(places, number, finding.span);
    let related = finding.related.iter().map(|other| {
        let (start, end) = ends(places, other.subject, other.span);
        let document = report.documents[other.subject].name;
        Related { document, message: &other.message, start, end }
    });
    Found {
        code: finding.rule.code,
        name: finding.rule.name,
        group: finding.rule.group.word(),
        severity: finding.rule.severity.word(),
        message: &finding.message,
        start,
        end,
        related: related.collect(),
        fix: finding.fix.as_ref().map(|fix| mending(places, number, fix)),
    }
}

fn mending<'a>(places: &Places<'_>, number: usize, fix: &'a Fix) -> Mending<'a> {
    let edits = fix.edits.iter().map(|Edit { span, text }| {
        let (start, end) = ends(places, number, *span);
        Replacement { start, end, text }
    });
    Mending { safety: word(fix.safety), title: &fix.title, edits: edits.collect() }
}

fn word(safety: Safety) -> &'static str {
    match safety {
        Safety::Safe => "safe",
        Safety::Unsafe => "unsafe",
    }
}

fn ends(places: &Places<'_>, number: usize, span: Span) -> (Position, Position) {
    let region = places.region(number, span);
    let position = |LineColumn { line, column }, offset| Position { line, column, offset };
    (position(region.start, span.start), position(region.end, span.end))
}
