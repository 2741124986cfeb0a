//! Patterns, each kept once: the same pattern has the same number, however it came about.
//!
//! Whoever makes a pattern gets the simplest one that means the same: what cannot match swallows what it is required by, what
//! matches nothing vanishes, and choices and interleaves are flat and in order. So the states that a validation comes by are
//! few, and each is worked out once for all documents.

use std::collections::HashMap;
use std::sync::Arc;

use super::datatype::DatatypeId;
use super::names::{NameClass, number};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct PatternId(u32);

/// An element of the grammar. What it holds is kept elsewhere, since it may hold itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ElementId(pub(super) u32);

impl PatternId {
    /// Matches nothing, not even the absence of anything.
    pub(super) const NOT_ALLOWED: Self = Self(0);
    /// Matches the absence of anything.
    pub(super) const EMPTY: Self = Self(1);
    /// Matches any text, in any number of pieces.
    pub(super) const TEXT: Self = Self(2);
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Pattern {
    NotAllowed,
    Empty,
    Text,
    Choice(Arc<[PatternId]>),
    Interleave(Arc<[PatternId]>),
    Group(PatternId, PatternId),
    OneOrMore(PatternId),
    List(PatternId),
    Data { datatype: DatatypeId, except: PatternId },
    Value { datatype: DatatypeId, value: Arc<str> },
    Attribute(NameClass, PatternId),
    Element(ElementId),
}

/// What is asked of a pattern so often that it is worked out when the pattern is made.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Facts {
    /// Whether it matches the absence of anything.
    pub(super) nullable: bool,
    /// Whether there is an attribute in it.
    pub(super) attributes: bool,
    pub(super) text: Text,
}

/// What a pattern has to do with text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Text {
    /// It matches none.
    #[default]
    None,
    /// What it says is all the same.
    Any,
    /// What it says counts.
    Some,
}

/// All patterns.
#[derive(Debug)]
pub(super) struct Patterns {
    patterns: Vec<(Pattern, Facts)>,
    ids: HashMap<Pattern, PatternId>,
}

impl Default for Patterns {
    fn default() -> Self {
        let mut patterns = Self { patterns: Vec::new(), ids: HashMap::new() };
        for (pattern, id) in [
            (Pattern::NotAllowed, PatternId::NOT_ALLOWED),
            (Pattern::Empty, PatternId::EMPTY),
            (Pattern::Text, PatternId::TEXT),
        ] {
            assert_eq!(patterns.add(pattern), id, "the first three have fixed numbers");
        }
        patterns
    }
}

impl Patterns {
    pub(super) fn get(&self, id: PatternId) -> &Pattern {
        &self.patterns[id.0 as usize].0
    }

    pub(super) fn facts(&self, id: PatternId) -> Facts {
        self.patterns[id.0 as usize].1
    }

    pub(super) fn len(&self) -> usize {
        self.patterns.len()
    }

    /// Forgets all but the first so many, which is what a grammar itself needs.
    pub(super) fn truncate(&mut self, length: usize) {
        self.patterns.truncate(length);
        self.ids.retain(|_, id| (id.0 as usize) < length);
    }

    pub(super) fn choice(&mut self, of: impl IntoIterator<Item = PatternId>) -> PatternId {
        let mut all = Vec::new();
        for id in of {
            match self.get(id) {
                Pattern::NotAllowed => {}
                Pattern::Choice(inner) => all.extend_from_slice(inner),
                _ => all.push(id),
            }
        }
        all.sort_unstable();
        all.dedup();
        let may_be_absent = |id: &PatternId| *id != PatternId::EMPTY && self.facts(*id).nullable;
        if all.iter().any(may_be_absent) {
            all.retain(|id| *id != PatternId::EMPTY);
        }
        match all[..] {
            [] => PatternId::NOT_ALLOWED,
            [one] => one,
            _ => self.add(Pattern::Choice(all.into())),
        }
    }

    pub(super) fn interleave(&mut self, of: impl IntoIterator<Item = PatternId>) -> PatternId {
        let mut all = Vec::new();
        for id in of {
            match self.get(id) {
                Pattern::NotAllowed => return PatternId::NOT_ALLOWED,
                Pattern::Empty => {}
                Pattern::Interleave(inner) => all.extend_from_slice(inner),
                _ => all.push(id),
            }
        }
        all.sort_unstable();
        match all[..] {
            [] => PatternId::EMPTY,
            [one] => one,
            _ => self.add(Pattern::Interleave(all.into())),
        }
    }

    pub(super) fn group(&mut self, first: PatternId, then: PatternId) -> PatternId {
        match (self.get(first), self.get(then)) {
            (Pattern::NotAllowed, _) | (_, Pattern::NotAllowed) => PatternId::NOT_ALLOWED,
            (Pattern::Empty, _) => then,
            (_, Pattern::Empty) => first,
            (&Pattern::Group(one, two), _) => {
                let rest = self.group(two, then);
                self.group(one, rest)
            }
            _ => self.add(Pattern::Group(first, then)),
        }
    }

    pub(super) fn one_or_more(&mut self, of: PatternId) -> PatternId {
        match self.get(of) {
            Pattern::NotAllowed | Pattern::Empty | Pattern::Text | Pattern::OneOrMore(_) => of,
            _ => self.add(Pattern::OneOrMore(of)),
        }
    }

    pub(super) fn optional(&mut self, of: PatternId) -> PatternId {
        self.choice([PatternId::EMPTY, of])
    }

    pub(super) fn list(&mut self, of: PatternId) -> PatternId {
        if of == PatternId::NOT_ALLOWED { of } else { self.add(Pattern::List(of)) }
    }

    pub(super) fn data(&mut self, datatype: DatatypeId, except: PatternId) -> PatternId {
        self.add(Pattern::Data { datatype, except })
    }

    pub(super) fn value(&mut self, datatype: DatatypeId, value: &str) -> PatternId {
        self.add(Pattern::Value { datatype, value: value.into() })
    }

    pub(super) fn attribute(&mut self, name: NameClass, value: PatternId) -> PatternId {
        let impossible = value == PatternId::NOT_ALLOWED;
        if impossible { value } else { self.add(Pattern::Attribute(name, value)) }
    }

    pub(super) fn element(&mut self, id: ElementId) -> PatternId {
        self.add(Pattern::Element(id))
    }

    fn add(&mut self, pattern: Pattern) -> PatternId {
        if let Some(&id) = self.ids.get(&pattern) {
            return id;
        }
        let facts = self.work_out(&pattern);
        let id = PatternId(number(self.patterns.len()));
        self.patterns.push((pattern.clone(), facts));
        self.ids.insert(pattern, id);
        id
    }

    fn work_out(&self, pattern: &Pattern) -> Facts {
        let any = |of: &[PatternId]| {
            of.iter().map(|id| self.facts(*id)).fold(Facts::default(), |all, one| Facts {
                nullable: false,
                attributes: all.attributes || one.attributes,
                text: all.text.max(one.text),
            })
        };
        let nullable = |id: &PatternId| self.facts(*id).nullable;
        let none = Facts::default();
        match pattern {
            Pattern::NotAllowed | Pattern::Element(_) => none,
            Pattern::Empty => Facts { nullable: true, ..none },
            Pattern::Text => Facts { nullable: true, text: Text::Any, ..none },
            Pattern::Choice(of) => Facts { nullable: of.iter().any(nullable), ..any(of) },
            Pattern::Interleave(of) => Facts { nullable: of.iter().all(nullable), ..any(of) },
            Pattern::Group(first, then) => {
                Facts { nullable: nullable(first) && nullable(then), ..any(&[*first, *then]) }
            }
            Pattern::OneOrMore(of) => self.facts(*of),
            Pattern::List(_) | Pattern::Data { .. } | Pattern::Value { .. } => {
                Facts { text: Text::Some, ..none }
            }
            Pattern::Attribute(..) => Facts { attributes: true, ..none },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_pattern_has_the_same_number_however_it_came_about() {
        let mut patterns = Patterns::default();
        let [a, b, c] = [0, 1, 2].map(|number| patterns.element(ElementId(number)));
        let (none, empty) = (PatternId::NOT_ALLOWED, PatternId::EMPTY);
        let right = patterns.group(b, c);
        let left = patterns.group(a, b);
        let optional = patterns.optional(a);
        let many = patterns.one_or_more(optional);
        let either = patterns.choice([a, b]);
        let both = patterns.interleave([a, b]);
        let rows = [
            ("a, (b, c) is (a, b), c", patterns.group(a, right), patterns.group(left, c)),
            ("a choice has no order", patterns.choice([b, a]), either),
            ("a choice is flat", patterns.choice([c, either]), patterns.choice([a, b, c])),
            ("a choice has each once", patterns.choice([a, either]), either),
            ("what cannot be is no choice", patterns.choice([none, a]), a),
            ("no choice cannot be", patterns.choice([]), none),
            ("what may be absent is not also empty", patterns.optional(optional), optional),
            ("and not so repeated", patterns.optional(many), many),
            ("an interleave has no order", patterns.interleave([b, a]), both),
            (
                "an interleave is flat",
                patterns.interleave([c, both]),
                patterns.interleave([a, b, c]),
            ),
            (
                "but has as many as it has",
                patterns.interleave([a, a]),
                patterns.interleave([a, empty, a]),
            ),
            ("beside what cannot be nothing can", patterns.interleave([a, none]), none),
            ("before it neither", patterns.group(a, none), none),
            ("nothing is nothing more", patterns.group(empty, a), a),
            ("many of many are many", patterns.one_or_more(many), many),
        ];
        for (case, one, other) in rows {
            assert_eq!(one, other, "{case}");
        }
        assert_ne!(patterns.interleave([a, a]), a, "two are not one");
    }

    #[test]
    fn what_was_forgotten_comes_anew_and_the_rest_stays() {
        let mut patterns = Patterns::default();
        let a = patterns.element(ElementId(0));
        let length = patterns.len();
        let before = patterns.optional(a);
        patterns.truncate(length);
        assert_eq!(patterns.element(ElementId(0)), a);
        assert_eq!(patterns.len(), length);
        assert_eq!(patterns.optional(a), before);
    }
}
