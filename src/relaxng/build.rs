//! From what the files say to patterns: references followed, names and datatypes numbered, each element's content apart.

use std::collections::HashMap;
use std::sync::Arc;

use super::datatype::Datatypes;
use super::definitions::Definitions;
use super::error::GrammarError;
use super::names::{NameClass, Names, number};
use super::pattern::{ElementId, PatternId, Patterns};
use super::syntax::{Combine, Name, Syntax};

/// The parts of a grammar that documents are held against.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) names: Names,
    pub(super) datatypes: Datatypes,
    pub(super) patterns: Patterns,
    pub(super) elements: Vec<ElementRule>,
}

/// An element of the grammar.
#[derive(Debug)]
pub(super) struct ElementRule {
    pub(super) name: NameClass,
    pub(super) content: PatternId,
}

/// The parts, and the pattern to start with.
pub(super) fn build(definitions: &Definitions) -> Result<(Parts, PatternId), GrammarError> {
    let datatypes = definitions.datatypes.take();
    let parts = Parts { datatypes, ..Parts::default() };
    let mut build = Build { definitions, parts, known: HashMap::new(), open: Vec::new() };
    let start = build.definition(None)?;
    while let Some((element, content)) = build.open.pop() {
        build.parts.elements[element.0 as usize].content = build.pattern(content)?;
    }
    Ok((build.parts, start))
}

struct Build<'d> {
    definitions: &'d Definitions,
    parts: Parts,
    /// By name; none yet for one that is being made.
    known: HashMap<Option<&'d str>, Option<PatternId>>,
    /// Elements whose content is yet to be made: it may refer to the element itself.
    open: Vec<(ElementId, &'d Syntax)>,
}

impl<'d> Build<'d> {
    fn definition(&mut self, name: Option<&'d str>) -> Result<PatternId, GrammarError> {
        match self.known.get(&name) {
            Some(Some(pattern)) => return Ok(*pattern),
            Some(None) => {
                return Err(GrammarError::Endless { name: name.unwrap_or("start").to_owned() });
            }
            None => {}
        }
        self.known.insert(name, None);
        let definition = self.definitions.get(name)?;
        let bodies = self.each(&definition.bodies)?;
        let pattern = match definition.combine {
            Some(Combine::Interleave) => self.parts.patterns.interleave(bodies),
            Some(Combine::Choice) | None => self.parts.patterns.choice(bodies),
        };
        self.known.insert(name, Some(pattern));
        Ok(pattern)
    }

    fn each(&mut self, all: &'d [Syntax]) -> Result<Vec<PatternId>, GrammarError> {
        all.iter().map(|one| self.pattern(one)).collect()
    }

    fn pattern(&mut self, syntax: &'d Syntax) -> Result<PatternId, GrammarError> {
        Ok(match syntax {
            Syntax::NotAllowed => PatternId::NOT_ALLOWED,
            Syntax::Empty => PatternId::EMPTY,
            Syntax::Text => PatternId::TEXT,
            Syntax::Choice(all) => {
                let all = self.each(all)?;
                self.parts.patterns.choice(all)
            }
            Syntax::Interleave(all) => {
                let all = self.each(all)?;
                self.parts.patterns.interleave(all)
            }
            Syntax::Group(all) => {
                let all = self.each(all)?;
                let patterns = &mut self.parts.patterns;
                all.into_iter().rfold(PatternId::EMPTY, |then, one| patterns.group(one, then))
            }
            Syntax::OneOrMore(of) => {
                let of = self.pattern(of)?;
                self.parts.patterns.one_or_more(of)
            }
            Syntax::List(of) => {
                let of = self.pattern(of)?;
                self.parts.patterns.list(of)
            }
            Syntax::Data { datatype, except } => {
                let except = self.pattern(except)?;
                self.parts.patterns.data(*datatype, except)
            }
            Syntax::Value { datatype, value } => self.parts.patterns.value(*datatype, value),
            Syntax::Attribute { name, value } => {
                let name = self.name(name);
                let value = self.pattern(value)?;
                self.parts.patterns.attribute(name, value)
            }
            Syntax::Element { name, content } => {
                let name = self.name(name);
                let id = ElementId(number(self.parts.elements.len()));
                self.parts.elements.push(ElementRule { name, content: PatternId::NOT_ALLOWED });
                self.open.push((id, content));
                self.parts.patterns.element(id)
            }
            Syntax::Ref(name) => self.definition(Some(name))?,
        })
    }

    fn name(&mut self, name: &Name) -> NameClass {
        let names = &mut self.parts.names;
        match name {
            Name::One { namespace, local } => {
                let namespace = names.namespace(namespace);
                NameClass::One(names.name(namespace, local))
            }
            Name::Any { except } => NameClass::Any { except: self.except(except.as_deref()) },
            Name::AnyOf { namespace, except } => {
                let namespace = names.namespace(namespace);
                NameClass::AnyOf { namespace, except: self.except(except.as_deref()) }
            }
            Name::Either(all) => NameClass::Either(all.iter().map(|one| self.name(one)).collect()),
        }
    }

    fn except(&mut self, name: Option<&Name>) -> Option<Arc<NameClass>> {
        name.map(|name| Arc::new(self.name(name)))
    }
}
