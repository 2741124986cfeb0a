//! For people: what is wrong, the line with a caret under it, why, and what would mend it.

use std::collections::HashSet;
use std::fmt::Write as _;

use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};
use virt_quobyte::lint::{Finding, Rule, Safety, Severity, spread};
use virt_quobyte::xml::Span;

use super::place::Places;
use super::rule::{WIDTH, wrap};
use super::snippet::{Beginning, clean, line};
use super::{Counts, Style, linted};
use crate::cli::{Failure, LintReport};

const FITS: &str = "a String takes everything";

/// Every finding.
pub(in super::super) fn text<'r>(report: &'r LintReport<'r>, style: Style) -> String {
    let renderer = if style.colored { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.term_width(style.width);
    let places = Places::of(report);
    // A reason is given once: the second time it is known.
    let mut explained = HashSet::new();
    let documents: Vec<Vec<(&'r Finding, Reason)>> = report
        .documents
        .iter()
        .map(|document| {
            let mut reason = |finding: &Finding| {
                if explained.insert(finding.rule.code) { Reason::Given } else { Reason::Known }
            };
            document.findings.iter().map(|it| (it, reason(it))).collect()
        })
        .collect();
    let numbered: Vec<_> = documents.iter().enumerate().collect();
    let of_one = |(number, findings): &(usize, &Vec<(&'r Finding, Reason)>)| {
        let mut text = String::new();
        for (finding, reason) in *findings {
            let group = group(report, &places, *number, finding, *reason, style);
            text.push_str(&renderer.render(&[group]));
            text.push_str("\n\n");
        }
        text
    };
    spread(&numbered, of_one).concat()
}

/// Whether the reason of a rule is told with a finding.
#[derive(Debug, Clone, Copy)]
enum Reason {
    Given,
    Known,
}

fn group<'a>(
    report: &LintReport<'a>,
    places: &Places<'a>,
    number: usize,
    finding: &'a Finding,
    reason: Reason,
    style: Style,
) -> Group<'a> {
    let mut group = element(report, places, number, finding);
    for other in &finding.related {
        let title = Level::NOTE.message(clean(&other.message).into_owned());
        let place = at(report, places, other.subject, other.span, AnnotationKind::Context);
        group = group.element(title).elements(place);
    }
    if let Reason::Given = reason {
        group = group.element(Level::NOTE.message(why(finding.rule, style.width)));
    }
    if let Some(fix) = &finding.fix {
        let how = match fix.safety {
            Safety::Safe => "--fix",
            Safety::Unsafe => "--fix --unsafe, after a look",
        };
        let title = clean(&fix.title);
        group = group.element(Level::HELP.message(format!("{title} ({how})")));
    }
    group
}

fn element<'a>(
    report: &LintReport<'a>,
    places: &Places<'a>,
    number: usize,
    finding: &'a Finding,
) -> Group<'a> {
    let level = match finding.rule.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level.primary_title(clean(&finding.message)).id(finding.rule.code);
    title.elements(at(report, places, number, finding.span, AnnotationKind::Primary))
}

/// What stands at a place, under its name.
fn at<'a>(
    report: &LintReport<'a>,
    places: &Places<'a>,
    number: usize,
    span: Span,
    kind: AnnotationKind,
) -> Vec<Element<'a>> {
    let document = &report.documents[number];
    let lines = places.lines(number);
    let at = lines.line_column(span.start);
    let place = lines.line(at.line).unwrap_or(span);
    let line = line(document.source, place, span);
    let name = clean(document.name);
    let snippet = Snippet::source(line.text).line_start(at.line);
    let snippet = snippet.annotation(kind.span(line.marked));
    match line.beginning {
        Beginning::Shown => vec![snippet.path(name).into()],
        // The column cannot be told from what is shown.
        Beginning::CutOff => {
            vec![Origin::path(name).line(at.line).char_column(at.column).into(), snippet.into()]
        }
    }
}

/// The first sentence of why, and where the rest is.
fn why(rule: &Rule, width: usize) -> String {
    let first = rule.why.split_inclusive(". ").next().unwrap_or(rule.why).trim_end();
    let mut text = String::with_capacity(first.len() + 64);
    wrap(&mut text, first, width.min(WIDTH).saturating_sub("     = note: ".len()));
    write!(text, "virt-quobyte explain {} says more", rule.code).expect(FITS);
    text
}

/// What it comes to, on one line.
pub(in super::super) fn summary(report: &LintReport<'_>) -> String {
    let counts = Counts::of(report);
    let mut text = String::new();
    let found = [(counts.error, "error"), (counts.warning, "warning"), (counts.note, "note")];
    let found: Vec<String> = found
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| many(*count, word))
        .collect();
    let found = if found.is_empty() { "nothing found".to_owned() } else { found.join(", ") };
    write!(text, "{found} in {}", many(linted(report).count(), "document")).expect(FITS);
    if report.fixed.0 > 0 {
        write!(
            text,
            "; {} made in {}",
            many(report.fixed.0, "fix"),
            many(report.fixed.1, "document")
        )
        .expect(FITS);
    }
    let fixable = |safety: Safety| {
        let findings = report.documents.iter().flat_map(|document| &document.findings);
        let fixes = findings.filter_map(|finding| finding.fix.as_ref());
        fixes.filter(|fix| fix.safety == safety).count()
    };
    let (safe, not) = (fixable(Safety::Safe), fixable(Safety::Unsafe));
    if safe > 0 {
        write!(text, "; --fix mends {safe}").expect(FITS);
    }
    if not > 0 {
        write!(text, "; --fix --unsafe mends {}", safe + not).expect(FITS);
    }
    if counts.suppressed > 0 {
        write!(text, "; {} suppressed", counts.suppressed).expect(FITS);
    }
    let passed_over = report.documents.len() - linted(report).count();
    if passed_over > 0 {
        write!(text, "; {} passed over, no domain", many(passed_over, "file")).expect(FITS);
    }
    if !report.asked.is_empty() {
        write!(text, "; asked: {}", report.asked.join(", ")).expect(FITS);
    }
    if !report.shares_known {
        text.push_str("; no share is configured, so what depends on shares was not judged");
    }
    text.push('\n');
    text
}

/// What could not be read or written.
pub(in super::super) fn failures(failures: &[Failure]) -> String {
    let mut text = String::new();
    for Failure { name, why } in failures {
        writeln!(text, "virt-quobyte: {}: {}", clean(name), clean(why)).expect(FITS);
    }
    text
}

fn many(count: usize, word: &str) -> String {
    let ending = if word.ends_with('x') { "es" } else { "s" };
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}{ending}") }
}
