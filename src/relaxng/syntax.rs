//! One file of a grammar, in the XML syntax of RELAX NG: what it says, with what is inherited (`ns`, `datatypeLibrary`) and what is
//! only another way to write something (`mixed`, `optional`, `div`, several patterns for one) already resolved.
//!
//! What is not supported is refused by name: nested grammars, `externalRef` and `parentRef`. libvirt's grammars have none.

use std::cell::RefCell;

use super::datatype::{DatatypeId, Datatypes, is_space};
use super::error::{GrammarError, GrammarProblem};
use crate::xml::{ElementRef, Lines, Span, Tree};

const RELAX_NG: &str = "http://relaxng.org/ns/structure/1.0";
const XML_SCHEMA: &str = "http://www.w3.org/2001/XMLSchema-datatypes";

/// A pattern as written.
#[derive(Debug)]
pub(super) enum Syntax {
    NotAllowed,
    Empty,
    Text,
    Choice(Vec<Self>),
    Interleave(Vec<Self>),
    Group(Vec<Self>),
    OneOrMore(Box<Self>),
    List(Box<Self>),
    Data { datatype: DatatypeId, except: Box<Self> },
    Value { datatype: DatatypeId, value: String },
    Attribute { name: Name, value: Box<Self> },
    Element { name: Name, content: Box<Self> },
    Ref(String),
}

/// A name class as written.
#[derive(Debug)]
pub(super) enum Name {
    One { namespace: String, local: String },
    Any { except: Option<Box<Self>> },
    AnyOf { namespace: String, except: Option<Box<Self>> },
    Either(Vec<Self>),
}

/// What a grammar consists of.
#[derive(Debug)]
pub(super) enum Component {
    /// `<start>` if there is no name, `<define>` else.
    Define {
        name: Option<String>,
        combine: Option<Combine>,
        body: Syntax,
    },
    Include {
        href: String,
        instead: Vec<Component>,
    },
}

/// How several definitions of one name make one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Combine {
    Choice,
    Interleave,
}

/// What is in force for an element and all that is in it.
#[derive(Debug, Clone, Copy)]
struct Inherited<'t> {
    namespace: &'t str,
    library: &'t str,
    /// The same everywhere: where datatypes get their numbers.
    datatypes: &'t RefCell<Datatypes>,
}

type Result<T> = std::result::Result<T, (GrammarProblem, Span)>;

/// The components of a file. One that is a pattern and no grammar is the start of one.
pub(super) fn read(
    file: &str,
    text: &str,
    datatypes: &RefCell<Datatypes>,
) -> std::result::Result<Vec<Component>, GrammarError> {
    let wrong = |problem, span: Span| GrammarError::Wrong {
        file: file.to_owned(),
        position: Lines::of(text.as_bytes()).line_column(span.start),
        problem,
    };
    let tree =
        Tree::read(text.as_bytes()).map_err(|fault| wrong(fault.problem.into(), fault.span))?;
    let root = tree.root();
    let inherited = Inherited { namespace: "", library: "", datatypes };
    let components = if root.local() == "grammar" && root.namespace().is(RELAX_NG) {
        components(root, inherited.at(root))
    } else {
        pattern(root, inherited)
            .map(|body| vec![Component::Define { name: None, combine: None, body }])
    };
    components.map_err(|(problem, span)| wrong(problem, span))
}

impl<'t> Inherited<'t> {
    fn at(self, element: ElementRef<'t, '_>) -> Self {
        Self {
            namespace: element.value("ns").unwrap_or(self.namespace),
            library: element.value("datatypeLibrary").unwrap_or(self.library),
            datatypes: self.datatypes,
        }
    }
}

/// The elements in `element` that are RELAX NG's; others are annotations.
fn own<'t, 'a>(element: ElementRef<'t, 'a>) -> impl Iterator<Item = ElementRef<'t, 'a>> {
    element.children().filter(|child| child.namespace().is(RELAX_NG))
}

fn components<'t>(within: ElementRef<'t, '_>, inherited: Inherited<'t>) -> Result<Vec<Component>> {
    let mut all = Vec::new();
    for element in own(within) {
        let inherited = inherited.at(element);
        match element.local() {
            "div" => all.extend(components(element, inherited)?),
            "start" | "define" => {
                let name = match element.local() {
                    "define" => Some(required(element, "name", "the attribute name")?),
                    _ => None,
                };
                let combine = match element.value("combine").map(trimmed) {
                    None => None,
                    Some("choice") => Some(Combine::Choice),
                    Some("interleave") => Some(Combine::Interleave),
                    Some(other) => {
                        let problem = GrammarProblem::Combine(other.to_owned());
                        return Err((problem, element.start_tag()));
                    }
                };
                let body = all_in(element, own(element), inherited)?;
                all.push(Component::Define { name, combine, body });
            }
            "include" => {
                let href = required(element, "href", "the attribute href")?;
                let instead = components(element, inherited)?;
                all.push(Component::Include { href, instead });
            }
            _ => return Err(unsupported(element)),
        }
    }
    Ok(all)
}

/// Several patterns in a row, which are one: their group.
fn all_in<'t, 'a: 't>(
    within: ElementRef<'t, 'a>,
    elements: impl Iterator<Item = ElementRef<'t, 'a>>,
    inherited: Inherited<'t>,
) -> Result<Syntax> {
    let mut all = each(elements, inherited)?;
    match all.len() {
        0 => Err(lacks(within, "a pattern")),
        1 => Ok(all.remove(0)),
        _ => Ok(Syntax::Group(all)),
    }
}

fn each<'t, 'a: 't>(
    elements: impl Iterator<Item = ElementRef<'t, 'a>>,
    inherited: Inherited<'t>,
) -> Result<Vec<Syntax>> {
    elements.map(|element| pattern(element, inherited)).collect()
}

fn pattern<'t>(element: ElementRef<'t, '_>, inherited: Inherited<'t>) -> Result<Syntax> {
    let inherited = inherited.at(element);
    let inner = || all_in(element, own(element), inherited);
    let optional = |pattern| Syntax::Choice(vec![Syntax::Empty, pattern]);
    if !element.namespace().is(RELAX_NG) {
        return Err(unsupported(element));
    }
    Ok(match element.local() {
        "element" => {
            let (name, content) = named(element, inherited)?;
            let content = Box::new(all_in(element, content, inherited)?);
            Syntax::Element { name, content }
        }
        "attribute" => {
            // Unlike an element, an attribute does not inherit `ns` for a name that is written as an attribute.
            let namespace = element.value("ns").unwrap_or("");
            let at = match element.value("name") {
                Some(_) => Inherited { namespace, ..inherited },
                None => inherited,
            };
            let (name, mut value) = named(element, at)?;
            let value = match value.next() {
                None => Syntax::Text,
                Some(first) => all_in(element, std::iter::once(first).chain(value), inherited)?,
            };
            Syntax::Attribute { name, value: Box::new(value) }
        }
        "group" => inner()?,
        "choice" => Syntax::Choice(each(own(element), inherited)?),
        "interleave" => Syntax::Interleave(each(own(element), inherited)?),
        "mixed" => Syntax::Interleave(vec![Syntax::Text, inner()?]),
        "optional" => optional(inner()?),
        "oneOrMore" => Syntax::OneOrMore(Box::new(inner()?)),
        "zeroOrMore" => optional(Syntax::OneOrMore(Box::new(inner()?))),
        "list" => Syntax::List(Box::new(inner()?)),
        "ref" => Syntax::Ref(required(element, "name", "the attribute name")?),
        "empty" => Syntax::Empty,
        "notAllowed" => Syntax::NotAllowed,
        "text" => Syntax::Text,
        "data" => data(element, inherited)?,
        "value" => {
            // Without a type it is RELAX NG's own token, whatever library is in force.
            let datatype = match element.value("type") {
                Some(name) => datatype(element, name, &[], inherited)?,
                None => DatatypeId::TOKEN,
            };
            Syntax::Value { datatype, value: element.text().into_owned() }
        }
        _ => return Err(unsupported(element)),
    })
}

fn data<'t>(element: ElementRef<'t, '_>, inherited: Inherited<'t>) -> Result<Syntax> {
    let name = required(element, "type", "the attribute type")?;
    let mut parameters = Vec::new();
    let mut except = Syntax::NotAllowed;
    for child in own(element) {
        match child.local() {
            "param" => {
                parameters.push((required(child, "name", "the attribute name")?, child.text()));
            }
            "except" => except = Syntax::Choice(each(own(child), inherited.at(child))?),
            _ => return Err(unsupported(child)),
        }
    }
    let parameters: Vec<(&str, &str)> =
        parameters.iter().map(|(name, value)| (name.as_str(), value.as_ref())).collect();
    let datatype = datatype(element, &name, &parameters, inherited)?;
    Ok(Syntax::Data { datatype, except: Box::new(except) })
}

/// A datatype by its name alone: RELAX NG's own two are among those of XML Schema, and mean the same there.
fn datatype<'t>(
    element: ElementRef<'t, '_>,
    name: &str,
    parameters: &[(&str, &str)],
    inherited: Inherited<'t>,
) -> Result<DatatypeId> {
    let (name, library) = (trimmed(name), inherited.library);
    let known = library == XML_SCHEMA || (library.is_empty() && matches!(name, "string" | "token"));
    if !known {
        let problem = GrammarProblem::Library(library.to_owned());
        return Err((problem, element.start_tag()));
    }
    let found = inherited.datatypes.borrow_mut().find(name, parameters);
    found.map_err(|error| (error.into(), element.start_tag()))
}

/// The name class of an element or attribute, and what follows it.
fn named<'t, 'a: 't>(
    element: ElementRef<'t, 'a>,
    inherited: Inherited<'t>,
) -> Result<(Name, impl Iterator<Item = ElementRef<'t, 'a>>)> {
    let mut children = own(element);
    let name = if let Some(name) = element.value("name") {
        one(element, name, inherited)?
    } else {
        let class = children.next().ok_or_else(|| lacks(element, "a name"))?;
        name_class(class, inherited)?
    };
    Ok((name, children))
}

fn name_class<'t>(element: ElementRef<'t, '_>, inherited: Inherited<'t>) -> Result<Name> {
    let inherited = inherited.at(element);
    let except = || -> Result<Option<Box<Name>>> {
        let Some(except) = own(element).find(|child| child.local() == "except") else {
            return Ok(None);
        };
        either(except, inherited.at(except)).map(|name| Some(Box::new(name)))
    };
    match element.local() {
        "name" => one(element, &element.text(), inherited),
        "anyName" => Ok(Name::Any { except: except()? }),
        "nsName" => {
            let namespace = inherited.namespace.to_owned();
            Ok(Name::AnyOf { namespace, except: except()? })
        }
        "choice" => either(element, inherited),
        _ => Err(unsupported(element)),
    }
}

fn either<'t>(element: ElementRef<'t, '_>, inherited: Inherited<'t>) -> Result<Name> {
    own(element).map(|class| name_class(class, inherited)).collect::<Result<_>>().map(Name::Either)
}

fn one<'t>(element: ElementRef<'t, '_>, name: &str, inherited: Inherited<'t>) -> Result<Name> {
    let local = trimmed(name).to_owned();
    if local.contains(':') {
        return Err((GrammarProblem::Prefixed(local), element.start_tag()));
    }
    Ok(Name::One { namespace: inherited.namespace.to_owned(), local })
}

fn required(element: ElementRef<'_, '_>, attribute: &str, what: &'static str) -> Result<String> {
    let value = element.value(attribute).ok_or_else(|| lacks(element, what))?;
    Ok(trimmed(value).to_owned())
}

fn trimmed(text: &str) -> &str {
    text.trim_matches(is_space)
}

fn lacks(element: ElementRef<'_, '_>, what: &'static str) -> (GrammarProblem, Span) {
    let problem = GrammarProblem::Lacks { element: element.local().to_owned(), what };
    (problem, element.start_tag())
}

fn unsupported(element: ElementRef<'_, '_>) -> (GrammarProblem, Span) {
    (GrammarProblem::Element(element.name().to_owned()), element.start_tag())
}
