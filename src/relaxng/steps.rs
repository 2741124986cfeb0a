//! One step of a document against a pattern: what is left of the pattern behind an attribute, a start tag or a text.
//!
//! These are James Clark's derivatives (<https://relaxng.org/jclark/derivative.html>), turned around in one point: what is left
//! behind an element is not carried through the element, but kept by whoever entered it. So what is worked out for an element
//! holds wherever it stands, in this document and in the next, and a step that was taken once is a look-up.
//!
//! An attribute is entered like an element: by its name, which is a step that can be kept, and then its value is looked at.

use std::collections::HashMap;
use std::sync::Arc;

use super::build::Parts;
use super::datatype::is_space;
use super::names::NameId;
use super::pattern::{Pattern, PatternId, Text};

/// What is entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Attribute,
    Element,
}

/// One way to take an attribute or element of some name: what is to be in it, and what is left behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Way {
    pub(super) inner: PatternId,
    pub(super) rest: PatternId,
}

/// The steps that were taken, by any document.
#[derive(Debug, Default)]
pub(super) struct Steps {
    entered: HashMap<(PatternId, NameId, Kind), Arc<[Way]>>,
    closed: HashMap<PatternId, PatternId>,
    any_text: HashMap<PatternId, PatternId>,
}

impl Steps {
    /// All ways to enter an attribute or element of this name. Each has another inner pattern.
    pub(super) fn enter(
        &mut self,
        parts: &mut Parts,
        kind: Kind,
        from: PatternId,
        name: NameId,
    ) -> Arc<[Way]> {
        if let Some(ways) = self.entered.get(&(from, name, kind)) {
            return Arc::clone(ways);
        }
        let mut ways = Ways::default();
        match parts.patterns.get(from).clone() {
            Pattern::Attribute(class, inner) => {
                if kind == Kind::Attribute && parts.names.matches(&class, name) {
                    ways.add(parts, inner, PatternId::EMPTY);
                }
            }
            Pattern::Element(id) => {
                let rule = &parts.elements[id.0 as usize];
                if kind == Kind::Element && parts.names.matches(&rule.name, name) {
                    let inner = rule.content;
                    ways.add(parts, inner, PatternId::EMPTY);
                }
            }
            Pattern::Choice(of) => {
                for &one in of.iter() {
                    for way in self.enter(parts, kind, one, name).iter() {
                        ways.add(parts, way.inner, way.rest);
                    }
                }
            }
            Pattern::Interleave(of) => {
                for (at, &one) in of.iter().enumerate() {
                    for way in self.enter(parts, kind, one, name).iter() {
                        let others = of[..at].iter().chain(&of[at + 1..]).copied();
                        let rest = parts.patterns.interleave(others.chain([way.rest]));
                        ways.add(parts, way.inner, rest);
                    }
                }
            }
            Pattern::Group(first, then) => {
                for way in self.enter(parts, kind, first, name).iter() {
                    let rest = parts.patterns.group(way.rest, then);
                    ways.add(parts, way.inner, rest);
                }
                // Attributes have no order.
                if kind == Kind::Attribute || parts.patterns.facts(first).nullable {
                    for way in self.enter(parts, kind, then, name).iter() {
                        let before = if kind == Kind::Attribute { first } else { PatternId::EMPTY };
                        let rest = parts.patterns.group(before, way.rest);
                        ways.add(parts, way.inner, rest);
                    }
                }
            }
            Pattern::OneOrMore(of) => {
                let more = parts.patterns.optional(from);
                for way in self.enter(parts, kind, of, name).iter() {
                    let rest = parts.patterns.group(way.rest, more);
                    ways.add(parts, way.inner, rest);
                }
            }
            Pattern::NotAllowed | Pattern::Empty | Pattern::Text => {}
            Pattern::List(_) | Pattern::Data { .. } | Pattern::Value { .. } => {}
        }
        let ways: Arc<[Way]> = ways.0.into();
        self.entered.insert((from, name, kind), Arc::clone(&ways));
        ways
    }

    /// What is left when no more attributes come.
    pub(super) fn close(&mut self, parts: &mut Parts, from: PatternId) -> PatternId {
        if !parts.patterns.facts(from).attributes {
            return from;
        }
        if let Some(&closed) = self.closed.get(&from) {
            return closed;
        }
        let closed = without_attributes(parts, from, PatternId::NOT_ALLOWED);
        self.closed.insert(from, closed);
        closed
    }

    /// What is left behind a text.
    pub(super) fn text(&mut self, parts: &mut Parts, from: PatternId, text: &str) -> PatternId {
        match parts.patterns.facts(from).text {
            Text::None => return PatternId::NOT_ALLOWED,
            Text::Some => return behind_text(parts, from, text),
            Text::Any => {}
        }
        if let Some(&left) = self.any_text.get(&from) {
            return left;
        }
        let left = behind_text(parts, from, text);
        self.any_text.insert(from, left);
        left
    }

    /// How many steps are kept.
    pub(super) fn len(&self) -> usize {
        self.entered.len() + self.closed.len() + self.any_text.len()
    }
}

/// Whether the text alone is what the pattern asks for: the value of an attribute, or an element without elements.
pub(super) fn allows(parts: &mut Parts, pattern: PatternId, text: &str) -> bool {
    match parts.patterns.get(pattern) {
        Pattern::Text => true,
        Pattern::Choice(of) => {
            let of = Arc::clone(of);
            of.iter().any(|&one| allows(parts, one, text))
        }
        Pattern::Value { datatype, value } => parts.datatypes.is_same(*datatype, value, text),
        Pattern::Data { datatype, except } => {
            let except = *except;
            parts.datatypes.allows(*datatype, text) && !allows(parts, except, text)
        }
        _ => {
            (parts.patterns.facts(pattern).nullable && text.chars().all(is_space)) || {
                let left = behind_text(parts, pattern, text);
                parts.patterns.facts(left).nullable
            }
        }
    }
}

fn behind_text(parts: &mut Parts, from: PatternId, text: &str) -> PatternId {
    match parts.patterns.get(from).clone() {
        Pattern::Text => PatternId::TEXT,
        Pattern::Choice(of) => {
            let left: Vec<_> = of.iter().map(|&one| behind_text(parts, one, text)).collect();
            parts.patterns.choice(left)
        }
        Pattern::Interleave(of) => {
            let mut ways = Vec::new();
            for (at, &one) in of.iter().enumerate() {
                let left = behind_text(parts, one, text);
                let others = of[..at].iter().chain(&of[at + 1..]).copied();
                ways.push(parts.patterns.interleave(others.chain([left])));
            }
            parts.patterns.choice(ways)
        }
        Pattern::Group(first, then) => {
            let left = behind_text(parts, first, text);
            let here = parts.patterns.group(left, then);
            if !parts.patterns.facts(first).nullable {
                return here;
            }
            let later = behind_text(parts, then, text);
            parts.patterns.choice([here, later])
        }
        Pattern::OneOrMore(of) => {
            let left = behind_text(parts, of, text);
            let more = parts.patterns.optional(from);
            parts.patterns.group(left, more)
        }
        Pattern::List(of) => {
            let words = text.split(is_space).filter(|word| !word.is_empty());
            let left = words.fold(of, |left, word| behind_text(parts, left, word));
            empty_if(parts.patterns.facts(left).nullable)
        }
        Pattern::Data { .. } | Pattern::Value { .. } => empty_if(allows(parts, from, text)),
        Pattern::NotAllowed | Pattern::Empty => PatternId::NOT_ALLOWED,
        Pattern::Attribute(..) | Pattern::Element(_) => PatternId::NOT_ALLOWED,
    }
}

fn empty_if(matches: bool) -> PatternId {
    if matches { PatternId::EMPTY } else { PatternId::NOT_ALLOWED }
}

/// The pattern with `instead` in the place of each attribute.
pub(super) fn without_attributes(
    parts: &mut Parts,
    from: PatternId,
    instead: PatternId,
) -> PatternId {
    if !parts.patterns.facts(from).attributes {
        return from;
    }
    match parts.patterns.get(from).clone() {
        Pattern::Attribute(..) => instead,
        Pattern::Choice(of) => {
            let of: Vec<_> =
                of.iter().map(|&one| without_attributes(parts, one, instead)).collect();
            parts.patterns.choice(of)
        }
        Pattern::Interleave(of) => {
            let of: Vec<_> =
                of.iter().map(|&one| without_attributes(parts, one, instead)).collect();
            parts.patterns.interleave(of)
        }
        Pattern::Group(first, then) => {
            let first = without_attributes(parts, first, instead);
            let then = without_attributes(parts, then, instead);
            parts.patterns.group(first, then)
        }
        Pattern::OneOrMore(of) => {
            let of = without_attributes(parts, of, instead);
            parts.patterns.one_or_more(of)
        }
        _ => from,
    }
}

#[derive(Default)]
struct Ways(Vec<Way>);

impl Ways {
    /// Ways that are the same inside are one, with a choice behind it.
    fn add(&mut self, parts: &mut Parts, inner: PatternId, rest: PatternId) {
        if inner == PatternId::NOT_ALLOWED || rest == PatternId::NOT_ALLOWED {
            return;
        }
        match self.0.iter_mut().find(|way| way.inner == inner) {
            Some(way) => way.rest = parts.patterns.choice([way.rest, rest]),
            None => self.0.push(Way { inner, rest }),
        }
    }
}
