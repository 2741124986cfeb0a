//! Findings that somebody allows, with a reason: by a comment, or by an element in the domain's metadata.
//!
//! Decides which findings are said and which are not, and what is wrong with the suppressions themselves. What is not understood
//! suppresses nothing.

mod comment;
mod metadata;

use std::collections::HashMap;

use super::finding::{Edit, Finding, Findings, Safety};
use super::linter::{BAD_SUPPRESSION, UNUSED_SUPPRESSION, cannot_be_ignored};
use super::rule::{Check, Group, Rule};
use super::subject::Subject;
use crate::config::Settings;
use crate::escape::Escaped;
use crate::xml::{Span, excerpt};

/// All suppressions of a document.
#[derive(Debug)]
pub(super) struct Suppressions {
    allows: Vec<Allow>,
    mistakes: Vec<Mistake>,
}

/// A suppression that was understood.
#[derive(Debug)]
struct Allow {
    /// What it allows, and where it says so.
    rules: Vec<(&'static Rule, Span)>,
    /// The element in which it does.
    scope: Span,
    /// What takes it away.
    removal: Edit,
}

/// A suppression that was not.
#[derive(Debug)]
struct Mistake {
    span: Span,
    message: String,
}

type Read = Result<Allow, Mistake>;

impl Suppressions {
    /// What a document says of itself.
    pub(super) fn of(subject: &Subject<'_, '_>) -> Self {
        let mut all = Self { allows: Vec::new(), mistakes: Vec::new() };
        for read in comment::all(subject).into_iter().chain(metadata::all(subject)) {
            match read {
                Ok(allow) => all.allows.push(allow),
                Err(mistake) => all.mistakes.push(mistake),
            }
        }
        all
    }

    /// Takes the findings away that the document suppresses, and adds what is wrong with its suppressions. Gives how many it took.
    pub(super) fn settle(self, settings: Option<&Settings>, findings: &mut Vec<Finding>) -> usize {
        let Self { allows, mistakes } = self;
        if allows.is_empty() && mistakes.is_empty() {
            return 0;
        }
        for Mistake { span, message } in mistakes {
            report(&BAD_SUPPRESSION, findings).add(span, message);
        }
        let before = findings.len();
        let mut allowed = Allowed::new(&allows);
        findings.retain(|finding| !allowed.takes(finding));
        let mut taken = before - findings.len();
        for (allow, rules) in &allowed.unused(settings) {
            unused_suppression(allow, rules, findings);
        }
        // These can be suppressed as well, by a suppression that is then taken to be used.
        let (before, mut allowed) = (findings.len(), Allowed::new(&allows));
        findings.retain(|finding| {
            finding.rule.code != UNUSED_SUPPRESSION.code || !allowed.takes(finding)
        });
        taken += before - findings.len();
        taken
    }
}

fn report<'f>(rule: &'static Rule, findings: &'f mut Vec<Finding>) -> Findings<'f> {
    Findings::of(rule, std::slice::from_mut(findings))
}

fn unused_suppression(allow: &Allow, unused: &[&'static Rule], findings: &mut Vec<Finding>) {
    let is_unused = |rule: &Rule| unused.iter().any(|it| it.code == rule.code);
    let place = allow.rules.iter().find(|(rule, _)| is_unused(rule)).map(|(_, span)| *span);
    let codes = unused.iter().map(|rule| rule.code).collect::<Vec<_>>().join(", ");
    let mut report = report(&UNUSED_SUPPRESSION, findings);
    let message = format!("no finding of {codes} is suppressed by this; remove it");
    let finding = report.add(place.unwrap_or(allow.removal.span), message);
    let kept: Vec<_> = allow.rules.iter().filter(|(rule, _)| !is_unused(rule)).collect();
    if kept.is_empty() {
        finding.fix(Safety::Safe, "remove the suppression", vec![allow.removal.clone()]);
        return;
    }
    if let [(_, first), .., (_, last)] = &allow.rules[..] {
        let list = kept.iter().map(|(rule, _)| rule.code).collect::<Vec<_>>().join(", ");
        let edit = Edit::replace(Span::new(first.start, last.end), list);
        finding.fix(Safety::Safe, format!("remove {codes} from the suppression"), vec![edit]);
    }
}

/// What is allowed where, for many findings to ask.
struct Allowed<'s> {
    allows: &'s [Allow],
    /// For the start of an element and the code of a rule that is allowed in it: whether that was of use.
    used: HashMap<(usize, &'static str), bool>,
    /// The elements in which something is allowed, in the order of the document.
    scopes: Vec<Scope>,
}

/// An element in which something is allowed.
struct Scope {
    span: Span,
    /// The next one around it.
    around: Option<usize>,
}

impl<'s> Allowed<'s> {
    fn new(allows: &'s [Allow]) -> Self {
        let each =
            |allow: &'s Allow| allow.rules.iter().map(|(rule, _)| (key(allow.scope, rule), false));
        let used = allows.iter().flat_map(each).collect();
        Self { allows, used, scopes: nested(allows.iter().map(|allow| allow.scope).collect()) }
    }

    /// Whether a finding is allowed, by whatever element around it; all that allow it are then in use.
    fn takes(&mut self, finding: &Finding) -> bool {
        let mut taken = false;
        let after = self.scopes.partition_point(|it| it.span.start <= finding.span.start);
        let mut next = after.checked_sub(1);
        while let Some(index) = next {
            let Scope { span, around } = self.scopes[index];
            next = around;
            if finding.span.end <= span.end
                && let Some(used) = self.used.get_mut(&key(span, finding.rule))
            {
                (*used, taken) = (true, true);
            }
        }
        taken
    }

    /// What was allowed and never found.
    fn unused(self, settings: Option<&Settings>) -> Vec<(&'s Allow, Vec<&'static Rule>)> {
        let judged = |rule: &Rule| match rule.check {
            Check::Document(_) => settings.is_some() || rule.group == Group::Refused,
            Check::Across(_) | Check::Linter | Check::Asked => false,
        };
        let unused = self.allows.iter().map(|allow| {
            let rules = allow.rules.iter().map(|(rule, _)| *rule);
            let rules = rules.filter(|rule| !self.used[&key(allow.scope, rule)] && judged(rule));
            (allow, rules.collect::<Vec<_>>())
        });
        unused.filter(|(_, rules)| !rules.is_empty()).collect()
    }
}

/// Elements, each once, with what is around them. Of two that have a byte in common, one is in the other.
fn nested(mut spans: Vec<Span>) -> Vec<Scope> {
    spans.sort_unstable();
    spans.dedup();
    let mut scopes: Vec<Scope> = Vec::with_capacity(spans.len());
    let mut open: Vec<usize> = Vec::new();
    for span in spans {
        while open.pop_if(|last| scopes[*last].span.end <= span.start).is_some() {}
        let around = open.last().copied();
        open.push(scopes.len());
        scopes.push(Scope { span, around });
    }
    scopes
}

fn key(scope: Span, rule: &Rule) -> (usize, &'static str) {
    (scope.start, rule.code)
}

/// The rule that a suppression names.
fn named(word: &str, span: Span) -> Result<&'static Rule, Mistake> {
    let rule = super::rule(word).ok_or_else(|| {
        let word = excerpt(word);
        let message = format!(
            "no rule is called '{}'; a code like VQ101, or a rule's name, would be right",
            Escaped(&word)
        );
        Mistake { span, message }
    })?;
    if cannot_be_ignored(rule) {
        let message = format!("{} cannot be suppressed", rule.code);
        return Err(Mistake { span, message });
    }
    Ok(rule)
}
