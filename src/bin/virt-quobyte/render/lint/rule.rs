//! A rule, for people and for programs.

use std::fmt::Write as _;

use serde::Serialize;
use virt_quobyte::lint::{Group, Rule};

use super::super::json;

const FITS: &str = "a String takes everything";

/// As wide as a page that is read with pleasure.
pub(super) const WIDTH: usize = 96;

/// All that a rule says of itself.
pub(in super::super) fn rule(rule: &Rule) -> String {
    let Rule { code, name, group, severity, .. } = rule;
    let mut text = String::new();
    let (title, word) = (group.title(), group.word());
    writeln!(text, "{code} {name}: {} ({word}: {title})\n", severity.word()).expect(FITS);
    wrap(&mut text, rule.summary, WIDTH);
    text.push('\n');
    wrap(&mut text, rule.why, WIDTH);
    text.push_str("\nSource: ");
    text.push_str(rule.source);
    text.push('\n');
    for example in rule.examples {
        for (what, document) in [("Has it:", example.bad), ("Does not have it:", example.good)] {
            writeln!(text, "\n{what}\n").expect(FITS);
            for line in document.lines() {
                writeln!(text, "    {line}").expect(FITS);
            }
        }
    }
    text
}

/// All rules, a line each.
pub(in super::super) fn rules(rules: &[&Rule]) -> String {
    let width = rules.iter().map(|rule| rule.name.len()).max().unwrap_or_default();
    let mut text = String::new();
    for group in Group::ALL {
        let mut rules = rules.iter().filter(|rule| rule.group == group).peekable();
        if rules.peek().is_none() {
            continue;
        }
        let gap = if text.is_empty() { "" } else { "\n" };
        let (digit, word, title) = (group.digit(), group.word(), group.title());
        writeln!(text, "{gap}VQ{digit}xx {word}: {title}").expect(FITS);
        for Rule { code, name, severity, summary, .. } in rules {
            writeln!(text, "  {code}  {:7}  {name:width$}  {summary}", severity.word())
                .expect(FITS);
        }
    }
    text
}

#[derive(Serialize)]
struct Rules<'a> {
    version: u32,
    rules: Vec<Explained<'a>>,
}

#[derive(Serialize)]
struct Explained<'a> {
    code: &'a str,
    name: &'a str,
    group: &'static str,
    severity: &'static str,
    summary: &'a str,
    why: &'a str,
    source: &'a str,
    examples: Vec<Shown<'a>>,
}

#[derive(Serialize)]
struct Shown<'a> {
    bad: &'a str,
    good: &'a str,
}

/// All that these rules say of themselves, as JSON.
pub(in super::super) fn rules_json(rules: &[&Rule]) -> String {
    let rules = rules.iter().map(|rule| Explained {
        code: rule.code,
        name: rule.name,
        group: rule.group.word(),
        severity: rule.severity.word(),
        summary: rule.summary,
        why: rule.why,
        source: rule.source,
        examples: rule.examples.iter().map(|it| Shown { bad: it.bad, good: it.good }).collect(),
    });
    json::to_text(&Rules { version: json::VERSION, rules: rules.collect() })
}

/// Sentences as a paragraph of this width.
pub(super) fn wrap(text: &mut String, sentences: &str, width: usize) {
    let mut column = 0;
    for word in sentences.split_whitespace() {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width {
            text.push('\n');
            column = 0;
        }
        if column > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += length;
    }
    text.push('\n');
}
