//! Walks a document through a grammar, and complains where there is no way on.
//!
//! Mostly there is one way to take an element. Where there are several (a `<disk>` before its `type` was seen), all are gone side by
//! side, and those that lead nowhere are left out. A fault is where the last one ends. The walk goes on as if the fault were not
//! there: the element or attribute is passed over, the value taken as one of those that are possible, what is missing as present.
//! So one fault is one complaint, and the next one is found too.

use std::sync::Arc;

use super::build::Parts;
use super::complaint::{self, Complaint, Unexpected};
use super::datatype::is_space;
use super::expected::{self, Shown};
use super::names::NameId;
use super::pattern::PatternId;
use super::steps::{Kind, Steps, Way, allows, without_attributes};
use crate::xml::{ElementRef, Node, Span, TreeAttribute};

/// More than one would read at once; a document of another kind would otherwise be one complaint after the other.
const MOST_COMPLAINTS: usize = 20;

pub(super) struct Check<'g> {
    pub(super) parts: &'g mut Parts,
    pub(super) steps: &'g mut Steps,
    pub(super) complaints: Vec<Complaint>,
}

/// The ways that are gone side by side; one that ended is `NOT_ALLOWED`, so that each keeps its place.
type Abreast = Vec<PatternId>;

/// What it means that an attribute is missing. Where another was passed over, it was probably meant to be this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Missing {
    IsAFault,
    IsToldAlready,
}

fn lost(ways: &[PatternId]) -> bool {
    ways.iter().all(|way| *way == PatternId::NOT_ALLOWED)
}

impl Check<'_> {
    /// Holds the document against the pattern.
    pub(super) fn document(&mut self, root: ElementRef<'_, '_>, start: PatternId) {
        let name = self.parts.names.find(root.namespace(), root.local());
        let ways = self.steps.enter(self.parts, Kind::Element, start, name);
        if ways.is_empty() {
            let possible = expected::possible(self.parts, Kind::Element, start);
            self.complain(root.name_span(), complaint::root(root.name(), &possible));
            return;
        }
        self.element(root, ways.iter().map(|way| way.inner).collect());
    }

    fn complain(&mut self, span: Span, message: String) {
        if self.complaints.len() < MOST_COMPLAINTS {
            self.complaints.push(Complaint { span, message });
        }
    }

    /// Goes through an element; what comes back are the ways that got to its end.
    fn element(&mut self, element: ElementRef<'_, '_>, entered: Abreast) -> Abreast {
        let mut now = entered;
        let at_tag = if element.attributes().is_empty() { Abreast::new() } else { now.clone() };
        let mut missing = Missing::IsAFault;
        for attribute in element.attributes() {
            match self.attribute(element, attribute, &now, &at_tag) {
                Some(next) => now = next,
                None => missing = Missing::IsToldAlready,
            }
        }
        now = self.close(element, now, missing);
        if element.children().next().is_none() {
            return self.only_text(element, now);
        }
        let begin = now.clone();
        for node in element.nodes() {
            now = match node {
                Node::Element(child) => self.child(element, child, now, &begin),
                Node::Text(text, _) if text.chars().all(is_space) => now,
                Node::Text(text, span) => self.text_between(element, text, span, now),
            };
        }
        self.end(element, now)
    }

    /// What is left behind the attribute; nothing if its name is not possible, which is told.
    fn attribute(
        &mut self,
        element: ElementRef<'_, '_>,
        attribute: &TreeAttribute<'_>,
        now: &[PatternId],
        at_tag: &[PatternId],
    ) -> Option<Abreast> {
        let name = self.parts.names.find(&attribute.namespace, attribute.local());
        let mut next = now.to_owned();
        let mut named = false;
        for way in &mut next {
            let ways = self.steps.enter(self.parts, Kind::Attribute, *way, name);
            named |= !ways.is_empty();
            *way = self.behind_value(&ways, &attribute.value);
        }
        if !lost(&next) {
            return Some(next);
        }
        if !named {
            let why = self.why(Kind::Attribute, name, at_tag);
            let possible = self.possible(Kind::Attribute, now);
            let message = complaint::attribute(why, attribute.name, element.name(), &possible);
            self.complain(attribute.name_span, message);
            return None;
        }
        let mut possible = Shown::new();
        let mut next = now.to_owned();
        for way in &mut next {
            let ways = self.steps.enter(self.parts, Kind::Attribute, *way, name);
            for one in ways.iter() {
                possible.extend(expected::values(self.parts, one.inner));
            }
            *way = self.parts.patterns.choice(ways.iter().map(|way| way.rest));
        }
        let message = complaint::value(attribute.name, element.name(), &possible);
        self.complain(attribute.span, message);
        Some(next)
    }

    fn behind_value(&mut self, ways: &[Way], value: &str) -> PatternId {
        match ways {
            [] => PatternId::NOT_ALLOWED,
            [way] if allows(self.parts, way.inner, value) => way.rest,
            [_] => PatternId::NOT_ALLOWED,
            _ => {
                let fits = |way: &&Way| allows(self.parts, way.inner, value);
                let left: Vec<_> = ways.iter().filter(fits).map(|way| way.rest).collect();
                self.parts.patterns.choice(left)
            }
        }
    }

    /// The end of the start tag.
    fn close(
        &mut self,
        element: ElementRef<'_, '_>,
        mut now: Abreast,
        missing: Missing,
    ) -> Abreast {
        let closed: Abreast = now.iter().map(|way| self.steps.close(self.parts, *way)).collect();
        if !lost(&closed) {
            return closed;
        }
        if missing == Missing::IsAFault {
            let required = self.required(Kind::Attribute, &now);
            let possible = self.possible(Kind::Attribute, &now);
            let message = complaint::missing_attribute(element.name(), &required, &possible);
            self.complain(element.name_span(), message);
        }
        for way in &mut now {
            *way = without_attributes(self.parts, *way, PatternId::EMPTY);
        }
        now
    }

    /// The content of an element without elements.
    fn only_text(&mut self, element: ElementRef<'_, '_>, now: Abreast) -> Abreast {
        let text = element.text();
        let mut next = now.clone();
        for way in &mut next {
            if !allows(self.parts, *way, &text) {
                *way = PatternId::NOT_ALLOWED;
            }
        }
        if !lost(&next) {
            return next;
        }
        if text.chars().all(is_space) {
            let values = self.values(&now);
            if values.is_empty() {
                return self.end(element, now);
            }
            self.complain(element.name_span(), complaint::no_text(element.name(), &values));
            return now;
        }
        self.wrong_text(element, element.text_span(), &now);
        now
    }

    /// A text beside elements.
    fn text_between(
        &mut self,
        element: ElementRef<'_, '_>,
        text: &str,
        span: Span,
        now: Abreast,
    ) -> Abreast {
        let mut next = now.clone();
        for way in &mut next {
            *way = self.steps.text(self.parts, *way, text);
        }
        if lost(&next) {
            self.wrong_text(element, span, &now);
            return now;
        }
        next
    }

    fn wrong_text(&mut self, element: ElementRef<'_, '_>, span: Span, now: &[PatternId]) {
        let values = self.values(now);
        let raw = &element.tree().source()[span.range()];
        let start = span.start + (raw.len() - raw.trim_start_matches(is_space).len());
        let span = Span { start, end: start + raw.trim_matches(is_space).len() };
        self.complain(span, complaint::text(element.name(), &values));
    }

    fn child(
        &mut self,
        element: ElementRef<'_, '_>,
        child: ElementRef<'_, '_>,
        now: Abreast,
        begin: &[PatternId],
    ) -> Abreast {
        let name = self.parts.names.find(child.namespace(), child.local());
        let ways: Vec<_> =
            now.iter().map(|way| self.steps.enter(self.parts, Kind::Element, *way, name)).collect();
        // Several ways outside can lead to the same one inside, which is gone once.
        let mut inner = Abreast::new();
        for way in ways.iter().flat_map(|ways| ways.iter()) {
            if !inner.contains(&way.inner) {
                inner.push(way.inner);
            }
        }
        if inner.is_empty() {
            let mut why = self.why(Kind::Element, name, begin);
            let before = element.children().take_while(|sibling| *sibling != child);
            if why == Unexpected::OutOfPlace && before.into_iter().any(|it| same(it, child)) {
                why = Unexpected::Again;
            }
            let possible = self.possible(Kind::Element, &now);
            let message = complaint::element(why, child.name(), element.name(), &possible);
            self.complain(child.name_span(), message);
            return now;
        }
        let arrived = self.element(child, inner.clone());
        let got_through = |way: &&Way| {
            let at = inner.iter().position(|inner| *inner == way.inner);
            at.is_some_and(|at| arrived[at] != PatternId::NOT_ALLOWED)
        };
        let behind = |ways: &Arc<[Way]>| match &ways[..] {
            [] => PatternId::NOT_ALLOWED,
            [way] if got_through(&way) => way.rest,
            [_] => PatternId::NOT_ALLOWED,
            ways => {
                let left = ways.iter().filter(got_through).map(|way| way.rest);
                self.parts.patterns.choice(left)
            }
        };
        ways.iter().map(behind).collect()
    }

    fn end(&mut self, element: ElementRef<'_, '_>, now: Abreast) -> Abreast {
        let mut next = now.clone();
        for way in &mut next {
            if !self.parts.patterns.facts(*way).nullable {
                *way = PatternId::NOT_ALLOWED;
            }
        }
        if !lost(&next) {
            return next;
        }
        let required = self.required(Kind::Element, &now);
        let possible = self.possible(Kind::Element, &now);
        let message = complaint::missing_element(element.name(), &required, &possible);
        self.complain(element.name_span(), message);
        now
    }

    /// Why a name is not possible now, seen from where it still may have been.
    fn why(&mut self, kind: Kind, name: NameId, before: &[PatternId]) -> Unexpected {
        let was_possible =
            before.iter().any(|way| !self.steps.enter(self.parts, kind, *way, name).is_empty());
        if was_possible { Unexpected::OutOfPlace } else { Unexpected::Unknown }
    }

    fn possible(&self, kind: Kind, now: &[PatternId]) -> Shown {
        now.iter().flat_map(|way| expected::possible(self.parts, kind, *way)).collect()
    }

    fn values(&self, now: &[PatternId]) -> Shown {
        now.iter().flat_map(|way| expected::values(self.parts, *way)).collect()
    }

    /// What every way that is left requires.
    fn required(&self, kind: Kind, now: &[PatternId]) -> Shown {
        let left = now.iter().filter(|way| **way != PatternId::NOT_ALLOWED);
        let mut all = left.map(|way| expected::required(self.parts, kind, *way));
        let first = all.next().unwrap_or_default();
        all.fold(first, |common, one| common.intersection(&one).cloned().collect())
    }
}

fn same(one: ElementRef<'_, '_>, other: ElementRef<'_, '_>) -> bool {
    one.local() == other.local() && one.namespace() == other.namespace()
}
