//! Why a grammar is not usable, and where that shows.

use std::io;

use super::datatype::DatatypeError;
use crate::xml::{self, LineColumn};

/// A grammar that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum GrammarError {
    /// A file that did not come.
    #[error("the grammar's file {file} is not readable")]
    Unreadable {
        /// Its name.
        file: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Something in a file.
    #[error("{file}: {position}: {problem}")]
    Wrong {
        /// The file's name.
        file: String,
        /// Where in it.
        position: LineColumn,
        /// What is wrong.
        #[source]
        problem: GrammarProblem,
    },
    /// A file that includes itself, by others or at once.
    #[error("{file} includes itself; a grammar includes each file once")]
    Circle {
        /// Its name.
        file: String,
    },
    /// A name that is referred to and not defined.
    #[error("the grammar refers to '{name}', which nothing defines")]
    Undefined {
        /// The name.
        name: String,
    },
    /// A definition that needs itself before any element.
    #[error("the grammar defines '{name}' by itself, with no element between")]
    Endless {
        /// The name.
        name: String,
    },
    /// A name that is defined twice without `combine`, or with two kinds of it.
    #[error("the grammar defines '{name}' more than once and does not say how to combine that")]
    Twice {
        /// The name; `start` for the start.
        name: String,
    },
    /// No `<start>`.
    #[error("the grammar has no <start>")]
    NoStart,
}

/// What is wrong at a place of a grammar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GrammarProblem {
    /// It is not well-formed.
    #[error(transparent)]
    Xml(#[from] xml::Problem),
    /// An element that RELAX NG does not have, or that is not supported here.
    #[error("<{0}> is not supported in a grammar at this place")]
    Element(String),
    /// An element that lacks something.
    #[error("<{element}> lacks {what}")]
    Lacks {
        /// The element.
        element: String,
        /// What it lacks.
        what: &'static str,
    },
    /// A prefix in a name.
    #[error("'{0}' has a prefix; names with a namespace are supported with the attribute ns only")]
    Prefixed(String),
    /// A `combine` that is neither `choice` nor `interleave`.
    #[error("combine is 'choice' or 'interleave', not '{0}'")]
    Combine(String),
    /// A datatype library that is neither RELAX NG's own nor that of XML Schema.
    #[error("the datatype library '{0}' is not supported")]
    Library(String),
    /// A datatype.
    #[error(transparent)]
    Datatype(#[from] DatatypeError),
}
