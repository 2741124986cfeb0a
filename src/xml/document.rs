//! A document as a sequence of tags and texts, of which every one has been found to be well-formed.
//!
//! quick-xml cuts the document up and pairs the tags; it is lenient by design. What it leaves unchecked is checked here, so that
//! this reads what libxml2 reads, and refuses what it refuses.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::errors::{Error, IllFormedError, SyntaxError};
use quick_xml::events::Event;

use super::error::{Fault, Problem, excerpt};
use super::span::Span;

use super::attributes::{self, Attribute};
use super::chars::{self, is_blank};
use super::declaration;
use super::namespaces::{self, Namespace, Namespaces};
use super::references::{Origin, decode};
use super::{MAX_DEPTH, MAX_SIZE};

const BYTE_ORDER_MARK: char = '\u{feff}';

/// What a document consists of, as far as anybody here wants to know.
#[derive(Debug)]
pub(crate) enum Markup<'a> {
    /// A start tag, or the first half of an empty-element tag. Its attributes are at
    /// [`Document::attributes`] until the next piece is asked for.
    Start(StartTag<'a>),
    /// An end tag, or the second half of an empty-element tag.
    End(Span),
    /// Text of the element that is open, decoded; one text can come in several pieces.
    Text(Cow<'a, str>, Span),
    /// A comment, whole.
    Comment(Span),
}

/// A start tag without its attributes.
#[derive(Debug)]
pub(crate) struct StartTag<'a> {
    /// The name as written, prefix included.
    pub(crate) name: &'a str,
    /// The name without its prefix.
    pub(crate) local: &'a str,
    pub(crate) namespace: Namespace<'a>,
    /// The whole tag.
    pub(crate) span: Span,
}

/// A document that is being read.
pub(crate) struct Document<'a> {
    text: &'a str,
    /// Where quick-xml begins to count: behind the byte order mark, which it skips.
    base: usize,
    reader: Reader<&'a [u8]>,
    open: Vec<&'a str>,
    root: Root,
    attributes: Vec<Attribute<'a>>,
    namespaces: Namespaces<'a>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Root {
    Expected,
    Seen,
}

impl<'a> Document<'a> {
    pub(crate) fn open(source: &'a [u8]) -> Result<Self, Fault> {
        if source.len() > MAX_SIZE {
            return Err(Fault::new(Problem::TooLarge { size: source.len() }, Span::at(0)));
        }
        let text = std::str::from_utf8(source).map_err(|error| {
            let start = error.valid_up_to();
            let end = error.error_len().map_or(source.len(), |length| start + length);
            Fault::new(Problem::NotUtf8, Span::new(start, end))
        })?;
        if let Some((at, character)) = chars::illegal(text) {
            let span = Span::new(at, at + character.len_utf8());
            return Err(Fault::new(Problem::IllegalCharacter { character }, span));
        }
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.check_comments = true;
        Ok(Self {
            text,
            base: if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len_utf8() } else { 0 },
            reader,
            open: Vec::new(),
            root: Root::Expected,
            attributes: Vec::new(),
            namespaces: Namespaces::default(),
        })
    }

    /// The next piece, or `None` at the end of a complete document.
    pub(crate) fn next(&mut self) -> Result<Option<Markup<'a>>, Fault> {
        loop {
            let start = self.position();
            let event = self.reader.read_event().map_err(|error| self.fault(&error))?;
            let span = Span::new(start, self.position());
            let raw = &self.text[span.range()];
            match event {
                Event::Start(_) | Event::Empty(_) => return self.start(raw, span).map(Some),
                Event::End(_) => return Ok(Some(self.end(span))),
                Event::Text(_) => {
                    // To look for a text costs more than what there is to look through.
                    if raw.as_bytes().contains(&b']')
                        && let Some(at) = raw.find("]]>").map(|at| start + at)
                    {
                        return Err(Fault::new(Problem::StrayCdataEnd, Span::new(at, at + 3)));
                    }
                    if !(self.open.is_empty() && is_blank(raw)) {
                        return self.content(raw, span, Origin::Content).map(Some);
                    }
                }
                Event::GeneralRef(_) => return self.content(raw, span, Origin::Content).map(Some),
                Event::CData(_) => {
                    return self.content(raw, span, Origin::Cdata).map(Some);
                }
                Event::Comment(_) => return Ok(Some(Markup::Comment(span))),
                Event::PI(_) | Event::Decl(_) => declaration::check(raw, span, self.base)?,
                Event::DocType(_) => return Err(Fault::new(Problem::Doctype, span)),
                Event::Eof => return self.finish(span).map(|()| None),
            }
        }
    }

    /// The attributes of the start tag that was read last.
    pub(crate) fn attributes(&self) -> &[Attribute<'a>] {
        &self.attributes
    }

    /// The same, to keep; the vector comes back by [`give_back`](Self::give_back), so that one serves a whole document.
    pub(crate) fn take_attributes(&mut self) -> Vec<Attribute<'a>> {
        std::mem::take(&mut self.attributes)
    }

    /// Takes back what [`take_attributes`](Self::take_attributes) gave.
    pub(crate) fn give_back(&mut self, attributes: Vec<Attribute<'a>>) {
        self.attributes = attributes;
    }

    /// What is read.
    pub(crate) fn source(&self) -> &'a str {
        self.text
    }

    /// The namespace of an attribute of the start tag that was read last, and its local name.
    /// Without a prefix an attribute is in no namespace, whatever the default.
    pub(crate) fn attribute_name(&self, name: &'a str) -> (Namespace<'a>, &'a str) {
        match namespaces::split(name) {
            ("", local) => (Namespace::None, local),
            (prefix, local) => (self.namespaces.resolve(prefix), local),
        }
    }

    fn position(&self) -> usize {
        let position = usize::try_from(self.reader.buffer_position());
        self.base + position.expect("a position in a slice")
    }

    fn start(&mut self, raw: &'a str, span: Span) -> Result<Markup<'a>, Fault> {
        let inner = raw.strip_suffix("/>").or(raw.strip_suffix('>')).unwrap_or(raw);
        let inner = &inner[1..];
        let space = inner.bytes().position(chars::is_space);
        let (name, rest) = inner.split_at(space.unwrap_or(inner.len()));
        let name_span = Span::new(span.start + 1, span.start + 1 + name.len());
        if !chars::is_name(name) {
            return Err(Fault::new(Problem::NoName, name_span));
        }
        if self.open.is_empty() && self.root == Root::Seen {
            return Err(Fault::new(Problem::SecondRoot { name: excerpt(name) }, name_span));
        }
        self.root = Root::Seen;
        if self.open.len() == MAX_DEPTH {
            return Err(Fault::new(Problem::TooDeep, span));
        }
        attributes::scan(rest, name_span.end, &mut self.attributes)?;
        self.open.push(name);
        self.namespaces.enter(self.open.len(), &self.attributes);
        let (prefix, local) = namespaces::split(name);
        let namespace = self.namespaces.resolve(prefix);
        Ok(Markup::Start(StartTag { name, local, namespace, span }))
    }

    fn end(&mut self, span: Span) -> Markup<'a> {
        self.namespaces.leave(self.open.len());
        self.open.pop();
        Markup::End(span)
    }

    fn content(&self, raw: &'a str, span: Span, origin: Origin) -> Result<Markup<'a>, Fault> {
        if self.open.is_empty() {
            return Err(Fault::new(Problem::TextOutsideRoot, span));
        }
        let (raw, offset) = match origin {
            Origin::Cdata => (&raw["<![CDATA[".len()..raw.len() - "]]>".len()], span.start + 9),
            _ => (raw, span.start),
        };
        Ok(Markup::Text(decode(raw, offset, origin)?, span))
    }

    fn finish(&self, span: Span) -> Result<(), Fault> {
        match (self.open.last(), self.root) {
            (Some(&element), _) => {
                Err(Fault::new(Problem::EndsInElement { element: excerpt(element) }, span))
            }
            (None, Root::Expected) => Err(Fault::new(Problem::Empty, span)),
            (None, Root::Seen) => Ok(()),
        }
    }

    fn fault(&self, error: &Error) -> Fault {
        let position = usize::try_from(self.reader.error_position());
        let at = self.base + position.expect("a position in a slice");
        let cut = |within, missing| Problem::EndsInMarkup { within, missing };
        let problem = match error {
            Error::Syntax(syntax) => match syntax {
                SyntaxError::InvalidBangMarkup => Problem::UnknownMarkup,
                SyntaxError::UnclosedPI => cut("a processing instruction", "?>"),
                SyntaxError::UnclosedXmlDecl => cut("the XML declaration", "?>"),
                SyntaxError::UnclosedComment => cut("a comment", "-->"),
                SyntaxError::UnclosedDoctype => Problem::Doctype,
                SyntaxError::UnclosedCData => cut("a CDATA section", "]]>"),
                SyntaxError::UnclosedTag => cut("a tag", ">"),
                SyntaxError::UnclosedSingleQuotedAttributeValue => {
                    cut("the value of an attribute", "the quotation mark '")
                }
                SyntaxError::UnclosedDoubleQuotedAttributeValue => {
                    cut("the value of an attribute", "the quotation mark \"")
                }
            },
            Error::IllFormed(IllFormedError::MismatchedEndTag { expected, found }) => {
                Problem::MismatchedEnd { expected: excerpt(expected), found: excerpt(name(found)) }
            }
            Error::IllFormed(IllFormedError::UnmatchedEndTag(found)) => {
                Problem::UnexpectedEnd { found: excerpt(name(found)) }
            }
            Error::IllFormed(IllFormedError::DoubleHyphenInComment) => Problem::HyphensInComment,
            Error::IllFormed(IllFormedError::UnclosedReference) => Problem::BareAmpersand,
            _ => Problem::UnknownMarkup,
        };
        Fault::new(problem, Span::at(at.min(self.text.len())))
    }
}

/// The name in an end tag: where a start tag has become one by damage, values of attributes stand behind it.
fn name(tag: &str) -> &str {
    tag.split(|c: char| c.is_whitespace() || "='\"/<>".contains(c)).next().unwrap_or_default()
}
