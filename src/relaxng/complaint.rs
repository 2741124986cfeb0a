//! What is said about a fault: which element, attribute or text, and what would be right there.
//!
//! Values of the document are not repeated: it may carry passwords, and the place shows them to whoever has the document.

use std::fmt::Write as _;

use super::expected::Shown;
use crate::near;
use crate::xml::{Span, excerpt};

/// A place where a document is not what the grammar asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// The name, value or text that is wrong; where something is missing, the name of the element that lacks it.
    pub span: Span,
    /// What is wrong, and what would be right.
    pub message: String,
}

/// Why an element or attribute is not possible where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unexpected {
    /// Its name is none of those that are ever possible there.
    Unknown,
    /// There is one already.
    Again,
    /// Its name is possible there, but not together with, or not after, what came before.
    OutOfPlace,
}

/// How many possibilities are worth reading.
const MOST_SHOWN: usize = 12;

pub(super) fn root(element: &str, possible: &Shown) -> String {
    let said = format!("a document of this kind does not begin with <{}>", excerpt(element));
    with_possible(said, None, possible, |name| format!("<{name}>"))
}

pub(super) fn element(why: Unexpected, name: &str, within: &str, possible: &Shown) -> String {
    let (shown, parent) = (excerpt(name), excerpt(within));
    let said = match why {
        Unexpected::Unknown => format!("<{parent}> has no element <{shown}> here"),
        Unexpected::Again => format!("a second <{shown}> in <{parent}>"),
        Unexpected::OutOfPlace => {
            format!("<{shown}> does not go with what comes before it in <{parent}>")
        }
    };
    with_possible(said, misspelt(why, name), possible, |name| format!("<{name}>"))
}

pub(super) fn attribute(why: Unexpected, name: &str, element: &str, possible: &Shown) -> String {
    let (shown, parent) = (excerpt(name), excerpt(element));
    let said = match why {
        Unexpected::Unknown => format!("<{parent}> has no attribute '{shown}' here"),
        Unexpected::Again | Unexpected::OutOfPlace => {
            format!("the attribute '{shown}' of <{parent}> does not go with those before it")
        }
    };
    with_possible(said, misspelt(why, name), possible, |name| format!("'{name}'"))
}

pub(super) fn value(attribute: &str, element: &str, possible: &Shown) -> String {
    let (attribute, element) = (excerpt(attribute), excerpt(element));
    let said = format!("the attribute '{attribute}' of <{element}> cannot have this value here");
    with_possible(said, None, possible, str::to_owned)
}

pub(super) fn text(element: &str, possible: &Shown) -> String {
    let element = excerpt(element);
    if possible.is_empty() {
        return format!("text directly in <{element}>, which has none here");
    }
    let said = format!("<{element}> cannot have this text here");
    with_possible(said, None, possible, str::to_owned)
}

pub(super) fn no_text(element: &str, possible: &Shown) -> String {
    let said = format!("<{}> is empty", excerpt(element));
    with_possible(said, None, possible, str::to_owned)
}

pub(super) fn missing_attribute(element: &str, required: &Shown, possible: &Shown) -> String {
    let element = excerpt(element);
    let quoted = |names: &Shown, word| list(names, word, |name| format!("'{name}'"));
    match required.len() {
        0 => format!("<{element}> lacks an attribute, one of {}", quoted(possible, "or")),
        1 => format!("<{element}> lacks the attribute {}", quoted(required, "and")),
        _ => format!("<{element}> lacks the attributes {}", quoted(required, "and")),
    }
}

pub(super) fn missing_element(element: &str, required: &Shown, possible: &Shown) -> String {
    let element = excerpt(element);
    let tags = |names: &Shown, word| list(names, word, |name| format!("<{name}>"));
    match (required.len(), possible.len()) {
        (0, 0) => format!("<{element}> is not complete"),
        (0, _) => format!("<{element}> lacks an element, one of {}", tags(possible, "or")),
        _ => format!("<{element}> lacks {}", tags(required, "and")),
    }
}

/// The name, if it can be a slip. One that is known where it stands is none.
fn misspelt(why: Unexpected, name: &str) -> Option<&str> {
    (why == Unexpected::Unknown).then_some(name)
}

/// What the name was probably meant to be, or else what is possible.
fn with_possible(
    mut said: String,
    misspelt: Option<&str>,
    possible: &Shown,
    show: impl Fn(&str) -> String,
) -> String {
    let near = |name| near::nearest(name, possible.iter().map(String::as_str));
    if let Some(meant) = misspelt.and_then(near) {
        write!(said, "; did you mean {}?", show(meant)).expect("a string takes all");
    } else if !possible.is_empty() {
        write!(said, "; possible: {}", list(possible, "or", show)).expect("a string takes all");
    }
    said
}

fn list(names: &Shown, word: &str, show: impl Fn(&str) -> String) -> String {
    let mut all: Vec<String> = names.iter().take(MOST_SHOWN).map(|name| show(name)).collect();
    let more = names.len().saturating_sub(MOST_SHOWN);
    let last = if more > 0 { format!("{more} more") } else { all.pop().unwrap_or_default() };
    if all.is_empty() { last } else { format!("{} {word} {last}", all.join(", ")) }
}
