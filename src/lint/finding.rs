//! What a rule found, and what would mend it.

use super::rule::Rule;
use crate::xml::Span;

/// A fault at a place.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Whose it is.
    pub rule: &'static Rule,
    /// The very bytes that are at fault: an attribute's value rather than its element. Empty where something is missing.
    pub span: Span,
    /// What is wrong here and what would be right, in one sentence, with nothing of the document unescaped.
    pub message: String,
    /// Other places that belong to it.
    pub related: Vec<Related>,
    /// What would mend it, where that is known.
    pub fix: Option<Fix>,
}

/// Another place that a finding is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// The number of the subject.
    pub subject: usize,
    /// Where in it.
    pub span: Span,
    /// What is there, in a few words.
    pub message: String,
}

/// What mends a fault. The edits of one do not overlap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// Whether to do it unasked.
    pub safety: Safety,
    /// What it does, as a command: "set cache to 'none'".
    pub title: String,
    /// How.
    pub edits: Vec<Edit>,
}

/// Whether a fix can make anything worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Safety {
    /// The guest sees the same disks with the same contents, and nothing that it could do before is refused.
    Safe,
    /// It is probably meant so; somebody should look.
    Unsafe,
}

/// Bytes for other bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The bytes that go; none, to insert before this place.
    pub span: Span,
    /// What comes instead, with everything escaped that has to be.
    pub text: String,
}

/// Where a rule puts what it finds.
#[derive(Debug)]
pub struct Findings<'f> {
    rule: &'static Rule,
    found: &'f mut [Vec<Finding>],
}

impl<'f> Findings<'f> {
    pub(super) fn of(rule: &'static Rule, found: &'f mut [Vec<Finding>]) -> Self {
        Self { rule, found }
    }

    /// A fault in the document, or for a rule across documents in the first one.
    pub fn add(&mut self, span: Span, message: impl Into<String>) -> &mut Finding {
        self.add_in(0, span, message)
    }

    /// A fault in the subject of this number.
    pub fn add_in(
        &mut self,
        subject: usize,
        span: Span,
        message: impl Into<String>,
    ) -> &mut Finding {
        let (rule, message) = (self.rule, message.into());
        let found = &mut self.found[subject];
        found.push(Finding { rule, span, message, related: Vec::new(), fix: None });
        found.last_mut().expect("one was added")
    }
}

impl Finding {
    /// Names another place.
    pub fn see(&mut self, subject: usize, span: Span, message: impl Into<String>) -> &mut Self {
        self.related.push(Related { subject, span, message: message.into() });
        self
    }

    /// Says what mends it.
    pub fn fix(&mut self, safety: Safety, title: impl Into<String>, edits: Vec<Edit>) -> &mut Self {
        self.fix = Some(Fix { safety, title: title.into(), edits });
        self
    }
}

impl Edit {
    /// Other bytes for these.
    pub fn replace(span: Span, text: impl Into<String>) -> Self {
        Self { span, text: text.into() }
    }

    /// These bytes go.
    pub fn delete(span: Span) -> Self {
        Self { span, text: String::new() }
    }

    /// New bytes before this place.
    pub fn insert(offset: usize, text: impl Into<String>) -> Self {
        Self { span: Span::at(offset), text: text.into() }
    }
}
