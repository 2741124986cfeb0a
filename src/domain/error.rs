//! Why a document was not read, and where.
//!
//! A message says what is wrong and what would be right. It quotes names (of elements, attributes,
//! entities, the domain's UUID) and never the value of an attribute or other text: a document that
//! comes with a migration carries passwords.

use crate::escape::Escaped;

use crate::xml::{self, LineColumn, Span};

/// A document that is not a domain, or not XML, with the place where that shows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{position}: {problem}")]
pub struct ReadError {
    /// What is wrong.
    pub problem: Problem,
    /// The bytes of the source that it is about; empty where something is missing.
    pub span: Span,
    /// The beginning of the span, as an editor counts.
    pub position: LineColumn,
}

/// A problem at a place, before somebody who has the source counts lines.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) problem: Problem,
    pub(super) span: Span,
}

impl Fault {
    pub(super) fn new(problem: Problem, span: Span) -> Self {
        Self { problem, span }
    }

    pub(super) fn located(self, source: &[u8]) -> ReadError {
        let Self { problem, span } = self;
        ReadError { problem, span, position: span.line_column(source) }
    }
}

impl From<xml::Fault> for Fault {
    fn from(xml::Fault { problem, span }: xml::Fault) -> Self {
        Self { problem: problem.into(), span }
    }
}

/// What is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// It is not well-formed.
    #[error(transparent)]
    Xml(#[from] xml::Problem),
    /// A root element that is not `<domain>`.
    #[error("the document is a <{}>, not a <domain>", Escaped(.name))]
    NotADomain {
        /// The name of the root element.
        name: String,
    },
    /// A root element `domain`, but of a namespace.
    #[error("<domain> is in a namespace here; libvirt's is in none")]
    DomainInNamespace,
    /// No `<name>` or no `<uuid>`.
    #[error("the domain has no <{element}>; libvirt writes one into every document")]
    Missing {
        /// The element that is missing.
        element: &'static str,
    },
    /// A second `<name>` or `<uuid>`.
    #[error("the domain has a second <{element}>; one would be right")]
    Repeated {
        /// The element that is there twice.
        element: &'static str,
    },
    /// An element inside `<name>` or `<uuid>`.
    #[error("<{}> inside <{element}>, which holds text only", Escaped(.name))]
    ElementInText {
        /// The element that holds text.
        element: &'static str,
        /// The one inside it.
        name: String,
    },
    /// An empty `<name>`.
    #[error(transparent)]
    Name(#[from] super::EmptyName),
    /// A `<uuid>` that is none.
    #[error("'{}' is {problem}", Escaped(.text))]
    Uuid {
        /// What it says.
        text: String,
        /// Why that is wrong.
        #[source]
        problem: super::NotAUuid,
    },
    /// Something in our metadata that does not belong there.
    #[error(transparent)]
    Shares(#[from] super::SharesProblem),
}
