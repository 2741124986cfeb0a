//! A path that a domain document writes down, and the place where it does.

use std::fmt::{self, Display, Formatter};

use crate::escape::Escaped;
use crate::xml::Span;

/// A path of the host that the document names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathUse {
    /// The path, decoded and otherwise as written: not trimmed, not normalised, not looked up.
    pub path: String,
    /// The element or attribute that it was in.
    pub place: Place,
    /// The raw value of the attribute, or everything between the tags of the element.
    pub span: Span,
}

impl PathUse {
    /// Whether the path begins with `/`. Others mean nothing to a mount table.
    pub fn is_absolute(&self) -> bool {
        self.path.starts_with('/')
    }
}

/// The element or attribute that a path was in; shown as `devices/disk/source@file`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    element: String,
    attribute: Option<&'static str>,
}

impl Place {
    pub(super) fn attribute(element: &str, attribute: &'static str) -> Self {
        Self { element: element.to_owned(), attribute: Some(attribute) }
    }

    pub(super) fn text(element: &str) -> Self {
        Self { element: element.to_owned(), attribute: None }
    }
}

impl Display for Place {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Escaped(&self.element).fmt(f)?;
        match self.attribute {
            Some(attribute) => write!(f, "@{attribute}"),
            None => Ok(()),
        }
    }
}
