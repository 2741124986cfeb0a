//! A document with its fixes made: bytes for bytes, and every other byte as it was.
//!
//! Decides which fixes go together and when there are no more. What finds faults comes in as a function, so that whoever has a
//! selection of rules fixes those and no others.

use std::collections::BTreeMap;

use super::finding::{Edit, Finding, Fix, Safety};
use super::rule::Rule;
use crate::xml::{Span, Tree};

/// More rounds than fixes at one place could need: each round makes all that do not touch.
const MOST_ROUNDS: usize = 64;

/// A document in which nothing is left to fix.
#[derive(Debug, Clone)]
pub struct Mended {
    /// It.
    pub text: String,
    /// What was fixed, a rule for each fix, in the order in which they were made.
    pub fixed: Vec<&'static Rule>,
}

/// Why a document was left alone. Either is a mistake in a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unmended {
    /// The result would be no document.
    #[error("the fix of {} would leave no well-formed document", codes.join(", "))]
    Broken {
        /// The rules whose fixes were made.
        codes: Vec<&'static str>,
    },
    /// One fix brings the fault back that another one mends.
    #[error("the fixes of {} undo each other", codes.join(", "))]
    Endless {
        /// The rules whose fixes came again and again.
        codes: Vec<&'static str>,
    },
}

/// Makes every fix that is at most this unsafe, until none is left.
pub fn mend(
    source: &str,
    allowed: Safety,
    mut find: impl FnMut(&str) -> Vec<Finding>,
) -> Result<Mended, Unmended> {
    let mut mended = Mended { text: source.to_owned(), fixed: Vec::new() };
    for _ in 0..MOST_ROUNDS {
        let findings = find(&mended.text);
        let fixes = findings.iter().filter_map(|finding| {
            let fix = finding.fix.as_ref().filter(|fix| fix.safety <= allowed)?;
            Some((finding.rule, fix))
        });
        let (mut text, mut made) = round(&mended.text, fixes.clone());
        if made.is_empty() {
            return Ok(mended);
        }
        let is_document = |text: &str| Tree::read(text.as_bytes()).is_ok();
        if !is_document(&text) {
            // One alone may do what it cannot do with another.
            (text, made) = round(&mended.text, fixes.take(1));
            if !is_document(&text) {
                return Err(Unmended::Broken { codes: codes(&made) });
            }
        }
        mended.text = text;
        mended.fixed.extend(made);
    }
    Err(Unmended::Endless { codes: codes(&mended.fixed[mended.fixed.len().saturating_sub(2)..]) })
}

fn codes(rules: &[&'static Rule]) -> Vec<&'static str> {
    let mut codes: Vec<_> = rules.iter().map(|rule| rule.code).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// Makes the fixes that do not touch one another, the first of those that do. Whose were made comes with the text.
fn round<'f>(
    source: &str,
    fixes: impl Iterator<Item = (&'static Rule, &'f Fix)>,
) -> (String, Vec<&'static Rule>) {
    // What is taken: where it begins, and where it ends.
    let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
    let mut edits: Vec<&Edit> = Vec::new();
    let mut whose = Vec::new();
    for (rule, fix) in fixes {
        let Some(claim) = claim(source, fix) else { continue };
        // Ends that meet count as touching: what two insert at one place could be the same.
        let before = taken.range(..=claim.end).next_back();
        if before.is_none_or(|(_, end)| *end < claim.start) {
            taken.insert(claim.start, claim.end);
            edits.extend(&fix.edits);
            whose.push(rule);
        }
    }
    edits.sort_by_key(|edit| edit.span);
    let mut text = String::with_capacity(source.len());
    let mut at = 0;
    for edit in edits {
        text.push_str(&source[at..edit.span.start]);
        text.push_str(&edit.text);
        at = edit.span.end;
    }
    text.push_str(&source[at..]);
    (text, whose)
}

/// What nobody else may edit in the same round: from the first to the last tag that a fix edits, whole. Of two attributes in one
/// tag, one can be the other's name put right, or both what two rules miss.
fn claim(source: &str, fix: &Fix) -> Option<Span> {
    let start = fix.edits.iter().map(|edit| edit.span.start).min()?;
    let end = fix.edits.iter().map(|edit| edit.span.end).max()?;
    let (before, after) = (&source[..start], &source[end..]);
    // Behind a '>' it is in no tag. One in a value makes the claim too small, which `mend` has an eye on.
    let open = before.rfind(['<', '>']).filter(|at| before[*at..].starts_with('<'));
    let close = after.find(['<', '>']).filter(|at| after[*at..].starts_with('>'));
    Some(Span::new(open.unwrap_or(start), close.map_or(end, |at| end + at)))
}

#[cfg(test)]
mod tests;
