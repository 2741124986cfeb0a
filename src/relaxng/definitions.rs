//! All files of a grammar together: each name with what it is defined as, after includes and what they replace.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::io;

use super::datatype::Datatypes;
use super::error::GrammarError;
use super::syntax::{self, Combine, Component, Syntax};

/// A file by its name, as an `href` in another file gives it.
pub(super) type Files<'f> = &'f mut dyn FnMut(&str) -> io::Result<String>;

/// What each name is defined as; the start has none.
#[derive(Debug, Default)]
pub(super) struct Definitions {
    pub(super) datatypes: RefCell<Datatypes>,
    all: HashMap<Option<String>, Definition>,
}

/// What one name is defined as, in how many ever places.
#[derive(Debug, Default)]
pub(super) struct Definition {
    pub(super) bodies: Vec<Syntax>,
    pub(super) combine: Option<Combine>,
    uncombined: usize,
}

/// Names that an include replaces.
type Replaced = HashSet<Option<String>>;

impl Definitions {
    /// Reads the file and all that it includes.
    pub(super) fn read(file: &str, files: Files<'_>) -> Result<Self, GrammarError> {
        let mut definitions = Self::default();
        definitions.file(file, &mut Vec::new(), &Replaced::new(), files)?;
        for (name, definition) in &definitions.all {
            let undecided = definition.bodies.len() > 1 && definition.combine.is_none();
            if definition.uncombined > 1 || undecided {
                return Err(GrammarError::Twice { name: said(name.as_deref()) });
            }
        }
        Ok(definitions)
    }

    /// What the name is defined as.
    pub(super) fn get(&self, name: Option<&str>) -> Result<&Definition, GrammarError> {
        self.all.get(&name.map(str::to_owned)).ok_or_else(|| match name {
            Some(name) => GrammarError::Undefined { name: name.to_owned() },
            None => GrammarError::NoStart,
        })
    }

    fn file(
        &mut self,
        file: &str,
        open: &mut Vec<String>,
        replaced: &Replaced,
        files: Files<'_>,
    ) -> Result<(), GrammarError> {
        if open.iter().any(|name| name == file) {
            return Err(GrammarError::Circle { file: file.to_owned() });
        }
        let text = files(file)
            .map_err(|source| GrammarError::Unreadable { file: file.to_owned(), source })?;
        open.push(file.to_owned());
        let components = syntax::read(file, &text, &self.datatypes)?;
        self.take(components, open, replaced, files)?;
        open.pop();
        Ok(())
    }

    fn take(
        &mut self,
        components: Vec<Component>,
        open: &mut Vec<String>,
        replaced: &Replaced,
        files: Files<'_>,
    ) -> Result<(), GrammarError> {
        for component in components {
            match component {
                Component::Define { name, .. } if replaced.contains(&name) => {}
                Component::Define { name, combine, body } => self.define(name, combine, body)?,
                Component::Include { href, instead } => {
                    let mut all = replaced.clone();
                    defined(&instead, &mut all);
                    let folder = open.last().and_then(|file| file.rsplit_once('/'));
                    let file = match folder {
                        Some((folder, _)) if !href.starts_with('/') => format!("{folder}/{href}"),
                        _ => href,
                    };
                    self.file(&file, open, &all, files)?;
                    self.take(instead, open, replaced, files)?;
                }
            }
        }
        Ok(())
    }

    fn define(
        &mut self,
        name: Option<String>,
        combine: Option<Combine>,
        body: Syntax,
    ) -> Result<(), GrammarError> {
        let known = self.all.get(&name).and_then(|definition| definition.combine);
        if known.is_some() && combine.is_some() && known != combine {
            return Err(GrammarError::Twice { name: said(name.as_deref()) });
        }
        let definition = self.all.entry(name).or_default();
        definition.bodies.push(body);
        definition.combine = combine.or(known);
        definition.uncombined += usize::from(combine.is_none());
        Ok(())
    }
}

fn said(name: Option<&str>) -> String {
    name.unwrap_or("start").to_owned()
}

/// The names that the components define, those of their includes left aside.
fn defined(components: &[Component], names: &mut Replaced) {
    for component in components {
        if let Component::Define { name, .. } = component {
            names.insert(name.clone());
        }
    }
}
