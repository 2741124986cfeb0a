//! The names that a grammar tells apart, as numbers.
//!
//! A grammar knows some hundred names. What it does not know it cannot tell from each other: of a namespace that it names there is
//! one more name, "any other", and of all other namespaces together one. So every name of every document is one of a fixed
//! set, which is what makes a step of the validation a look-up in a table.

use std::collections::HashMap;
use std::sync::Arc;

use crate::xml::Namespace;

/// A namespace that the grammar names; the one without a name too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct NamespaceId(u32);

/// A name of an element or attribute, as far as the grammar can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct NameId(u32);

impl NamespaceId {
    /// In no namespace.
    pub(super) const NONE: Self = Self(0);
}

impl NameId {
    /// Any name of a namespace that the grammar does not name.
    const FOREIGN: Self = Self(0);
}

/// Which names an element or attribute may have.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum NameClass {
    One(NameId),
    Any { except: Option<Arc<Self>> },
    AnyOf { namespace: NamespaceId, except: Option<Arc<Self>> },
    Either(Arc<[Self]>),
}

/// All names of a grammar.
#[derive(Debug)]
pub(super) struct Names {
    namespaces: HashMap<Box<str>, NamespaceId>,
    /// By namespace: its names, and the one that stands for all others.
    known: Vec<(HashMap<Box<str>, NameId>, NameId)>,
    /// By name: its namespace and how it is written; an "any other" is not written.
    written: Vec<(Option<NamespaceId>, Box<str>)>,
}

impl Default for Names {
    fn default() -> Self {
        let mut names = Self {
            namespaces: HashMap::new(),
            known: Vec::new(),
            written: vec![(None, Box::default())],
        };
        names.namespace("");
        names
    }
}

impl Names {
    /// A namespace that the grammar names; `""` is the one without a name.
    pub(super) fn namespace(&mut self, name: &str) -> NamespaceId {
        if let Some(&id) = self.namespaces.get(name) {
            return id;
        }
        let id = NamespaceId(number(self.known.len()));
        let others = self.add(Some(id), "");
        self.known.push((HashMap::new(), others));
        self.namespaces.insert(name.into(), id);
        id
    }

    /// A name that the grammar names.
    pub(super) fn name(&mut self, namespace: NamespaceId, local: &str) -> NameId {
        if let Some(&id) = self.known[namespace.0 as usize].0.get(local) {
            return id;
        }
        let id = self.add(Some(namespace), local);
        self.known[namespace.0 as usize].0.insert(local.into(), id);
        id
    }

    fn add(&mut self, namespace: Option<NamespaceId>, local: &str) -> NameId {
        self.written.push((namespace, local.into()));
        NameId(number(self.written.len() - 1))
    }

    /// The name of an element or attribute of a document.
    pub(super) fn find(&self, namespace: &Namespace<'_>, local: &str) -> NameId {
        let id = match namespace {
            Namespace::None => NamespaceId::NONE,
            Namespace::Named(name) => match self.namespaces.get(name.as_ref()) {
                Some(&id) => id,
                None => return NameId::FOREIGN,
            },
            // libxml2 takes the prefix for a part of the name then, and the name for one of none.
            Namespace::Undeclared => return self.known[0].1,
        };
        let (names, others) = &self.known[id.0 as usize];
        names.get(local).copied().unwrap_or(*others)
    }

    /// How the name is written without a prefix; empty if it is any other than those the grammar knows.
    pub(super) fn local(&self, name: NameId) -> &str {
        &self.written[name.0 as usize].1
    }

    pub(super) fn matches(&self, class: &NameClass, name: NameId) -> bool {
        let excepted = |except: &Option<Arc<NameClass>>| {
            except.as_ref().is_some_and(|class| self.matches(class, name))
        };
        match class {
            NameClass::One(id) => *id == name,
            NameClass::Any { except } => !excepted(except),
            NameClass::AnyOf { namespace, except } => {
                self.written[name.0 as usize].0 == Some(*namespace) && !excepted(except)
            }
            NameClass::Either(classes) => classes.iter().any(|class| self.matches(class, name)),
        }
    }
}

/// Everything here is counted in 32 bits: a grammar is some thousand patterns.
pub(super) fn number(count: usize) -> u32 {
    u32::try_from(count).expect("fewer than four thousand million")
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    #[test]
    fn a_class_tells_the_names_that_the_grammar_names_and_lumps_the_others_together() {
        let mut names = Names::default();
        let disk = names.name(NamespaceId::NONE, "disk");
        let qemu = names.namespace("urn:qemu");
        let argument = names.name(qemu, "arg");
        let of = |name: &'static str| Namespace::Named(Cow::Borrowed(name));
        assert_eq!(names.find(&Namespace::None, "disk"), disk);
        assert_eq!(names.find(&of("urn:qemu"), "arg"), argument);
        let others = [
            names.find(&Namespace::None, "disc"),
            names.find(&of("urn:qemu"), "disk"),
            names.find(&of("urn:other"), "disk"),
        ];
        assert_eq!(names.find(&Namespace::None, "dish"), others[0]);
        assert_eq!(names.find(&of("urn:third"), "arg"), others[2]);
        assert_eq!(names.find(&Namespace::Undeclared, "disk"), others[0]);

        let all = [disk, argument, others[0], others[1], others[2]];
        let one = NameClass::One(disk);
        let any_of = NameClass::AnyOf { namespace: qemu, except: None };
        let but = Some(Arc::new(NameClass::Either([one.clone(), any_of.clone()].into())));
        let rows = [
            ("one", one, [true, false, false, false, false]),
            ("any", NameClass::Any { except: None }, [true; 5]),
            ("any of a namespace", any_of, [false, true, false, true, false]),
            ("any but", NameClass::Any { except: but }, [false, false, true, false, true]),
        ];
        for (case, class, expected) in rows {
            assert_eq!(all.map(|name| names.matches(&class, name)), expected, "{case}");
        }
    }
}
