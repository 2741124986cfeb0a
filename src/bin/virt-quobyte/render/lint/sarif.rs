//! SARIF 2.1.0, for code scanners: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>. What is named here is named
//! as the standard names it.

use std::fmt::Write as _;

use serde_json::{Value, json};
use virt_quobyte::lint::{Edit, Finding, RULES, Rule, Safety, Severity};
use virt_quobyte::xml::Span;

use super::linted;
use super::place::Places;
use crate::cli::{Failure, LintReport};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

pub(in super::super) fn sarif(report: &LintReport<'_>) -> String {
    let places = Places::of(report);
    let results: Vec<Value> = report
        .documents
        .iter()
        .enumerate()
        .flat_map(|(number, document)| document.findings.iter().map(move |it| (number, it)))
        .map(|(number, finding)| result(report, &places, number, finding))
        .collect();
    let failed = |Failure { name, why }: &Failure| {
        json!({
            "level": "error",
            "message": { "text": format!("{name}: {why}") },
            "locations": [{ "physicalLocation": { "artifactLocation": { "uri": uri(name) } } }],
        })
    };
    let artifacts: Vec<Value> = linted(report)
        .map(|document| json!({ "location": { "uri": uri(document.name) }, "length": document.source.len() }))
        .collect();
    super::super::json::to_text(&json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "virt-quobyte",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": RULES.iter().map(|rule| descriptor(rule)).collect::<Vec<_>>(),
            }},
            "invocations": [{
                "executionSuccessful": report.failures.is_empty(),
                "toolExecutionNotifications": report.failures.iter().map(failed).collect::<Vec<_>>(),
            }],
            "columnKind": "unicodeCodePoints",
            "artifacts": artifacts,
            "results": results,
        }],
    }))
}

fn descriptor(rule: &Rule) -> Value {
    json!({
        "id": rule.code,
        "name": rule.name,
        "shortDescription": { "text": rule.summary },
        "fullDescription": { "text": rule.why },
        "help": { "text": format!("{}\n\nSource: {}", rule.why, rule.source) },
        "defaultConfiguration": { "level": rule.severity.word() },
        "properties": { "tags": [rule.group.word()] },
    })
}

fn result(report: &LintReport<'_>, places: &Places<'_>, number: usize, finding: &Finding) -> Value {
    let index = RULES.iter().position(|rule| rule.code == finding.rule.code);
    let mut result = json!({
        "ruleId": finding.rule.code,
        "ruleIndex": index,
        "level": level(finding.rule.severity),
        "message": { "text": finding.message },
        "locations": [{ "physicalLocation": location(report, places, number, finding.span) }],
    });
    if !finding.related.is_empty() {
        let related = finding.related.iter().map(|other| {
            json!({
                "physicalLocation": location(report, places, other.subject, other.span),
                "message": { "text": other.message },
            })
        });
        result["relatedLocations"] = related.collect();
    }
    // A consumer of SARIF makes a fix unasked.
    if let Some(fix) = finding.fix.as_ref().filter(|fix| fix.safety == Safety::Safe) {
        let replacements = fix.edits.iter().map(|Edit { span, text }| {
            json!({
                "deletedRegion": region(places, number, *span),
                "insertedContent": { "text": text },
            })
        });
        result["fixes"] = json!([{
            "description": { "text": fix.title },
            "artifactChanges": [{
                "artifactLocation": { "uri": uri(report.documents[number].name) },
                "replacements": replacements.collect::<Vec<_>>(),
            }],
        }]);
    }
    result
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

fn location(report: &LintReport<'_>, places: &Places<'_>, number: usize, span: Span) -> Value {
    json!({
        "artifactLocation": { "uri": uri(report.documents[number].name) },
        "region": region(places, number, span),
    })
}

fn region(places: &Places<'_>, number: usize, span: Span) -> Value {
    let region = places.region(number, span);
    json!({
        "startLine": region.start.line,
        "startColumn": region.start.column,
        "endLine": region.end.line,
        "endColumn": region.end.column,
        "byteOffset": span.start,
        "byteLength": span.end - span.start,
    })
}

/// A document's name as a reference: a relative path stays one, and whatever a reference may not have is written as bytes.
fn uri(name: &str) -> String {
    let mut uri = if name.starts_with('/') { "file://".to_owned() } else { String::new() };
    for byte in name.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            _ => write!(uri, "%{byte:02X}").expect("a String takes everything"),
        }
    }
    uri
}
