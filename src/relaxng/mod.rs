//! RELAX NG: whether a document is what a grammar asks for, and where it is not.
//!
//! libvirt's own grammars say which elements, attributes and values it knows. `xmllint` and `virt-xml-validate` ask them too, but tell
//! of a fault only the element that it is somewhere in ("Extra element devices in interleave"). Here each fault has its place, and
//! what would have been right. The grammar comes in as texts, by a function from name to text; nothing here reads a file.
//!
//! ```text
//! syntax        a file of a grammar, as written          definitions   all its files: name -> what it is defined as
//! names         names as numbers                         datatype      what a text may say; regex, moment
//! pattern       patterns, each kept once                 build         definitions -> patterns
//! steps         pattern + attribute, tag, text -> what is left of it, worked out once
//! check         a document, step by step                 expected      what would have been possible
//! complaint     how a fault is told                      error         why a grammar is not usable
//! ```
#![deny(clippy::disallowed_methods)]

mod build;
mod check;
mod complaint;
mod datatype;
mod definitions;
mod error;
mod expected;
mod moment;
mod names;
mod pattern;
mod regex;
mod steps;
mod syntax;

use std::io;

pub use complaint::Complaint;
pub use datatype::DatatypeError;
pub use error::{GrammarError, GrammarProblem};
pub use regex::RegexError;

use build::Parts;
use check::Check;
use definitions::Definitions;
use pattern::PatternId;
use steps::Steps;

use crate::xml::{ElementRef, Tree};

/// How many patterns and steps are kept from one document to the next. All of libvirt's own test documents together need a
/// fiftieth of it; what would need more was made to.
const MOST_KEPT: usize = 1 << 20;

/// A grammar, and what it learnt from the documents that were held against it.
#[derive(Debug)]
pub struct Grammar {
    parts: Parts,
    start: PatternId,
    /// How many patterns there were before the first document.
    own_patterns: usize,
    steps: Steps,
}

impl Grammar {
    /// Reads the grammar that begins in `file`; `files` gives the text of a file by its name.
    pub fn read(
        file: &str,
        files: &mut dyn FnMut(&str) -> io::Result<String>,
    ) -> Result<Self, GrammarError> {
        let (parts, start) = build::build(&Definitions::read(file, files)?)?;
        let own_patterns = parts.patterns.len();
        Ok(Self { parts, start, own_patterns, steps: Steps::default() })
    }

    /// Where the document is not what the grammar asks for; nothing if it is valid. Tells of the first twenty faults or so.
    pub fn validate(&mut self, document: &Tree<'_>) -> Vec<Complaint> {
        self.validate_element(document.root())
    }

    /// The same for an element, as if it were a document.
    pub fn validate_element(&mut self, root: ElementRef<'_, '_>) -> Vec<Complaint> {
        if self.kept() > MOST_KEPT {
            self.steps = Steps::default();
            self.parts.patterns.truncate(self.own_patterns);
        }
        let Self { parts, start, steps, .. } = self;
        let mut check = Check { parts, steps, complaints: Vec::new() };
        check.document(root, *start);
        check.complaints
    }

    /// How many patterns and steps are kept from the documents so far.
    pub fn kept(&self) -> usize {
        self.steps.len() + self.parts.patterns.len() - self.own_patterns
    }
}
