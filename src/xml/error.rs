//! Why a text is no well-formed document, and where.
//!
//! A message says what is wrong and what would be right. It quotes names (of elements, attributes and entities) and never the
//! value of an attribute or other text: a document that comes with a migration carries passwords.

use crate::escape::Escaped;

use super::span::Span;
use super::{MAX_DEPTH, MAX_SIZE};

/// A problem at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub problem: Problem,
    /// The bytes of the source that it is about; empty where something is missing.
    pub span: Span,
}

impl Fault {
    pub(super) fn new(problem: Problem, span: Span) -> Self {
        Self { problem, span }
    }
}

/// What keeps a text from being a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Not a byte, or nothing but white space and comments.
    #[error("there is no document; the XML of a domain, <domain>...</domain>, would be right")]
    Empty,
    /// More bytes than [`MAX_SIZE`].
    #[error("the document has {size} bytes; {MAX_SIZE} is the most that is read")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
    },
    /// Elements within elements beyond [`MAX_DEPTH`].
    #[error("elements nest deeper than {MAX_DEPTH} levels, which libvirt would not read either")]
    TooDeep,
    /// Bytes that are not UTF-8.
    #[error("these bytes are not UTF-8, in which libvirt writes every document")]
    NotUtf8,
    /// A declaration that names another encoding.
    #[error("the document declares an encoding other than UTF-8; UTF-8, or none, would be right")]
    OtherEncoding,
    /// A character that XML excludes.
    #[error(
        "the character U+{:04X} has no place in XML, not even as a reference",
        u32::from(*.character)
    )]
    IllegalCharacter {
        /// That character.
        character: char,
    },
    /// The end came inside an element.
    #[error("the document ends inside <{}>; </{0}> is missing", Escaped(.element))]
    EndsInElement {
        /// The innermost element that is still open.
        element: String,
    },
    /// The end came inside a tag, comment or the like.
    #[error("the document ends inside {within}; {missing} is missing")]
    EndsInMarkup {
        /// What was begun.
        within: &'static str,
        /// What would have ended it.
        missing: &'static str,
    },
    /// An end tag for another element than the innermost one.
    #[error(
        "</{}> does not end <{}>, the element it stands in; </{1}> would be right",
        Escaped(.found), Escaped(.expected)
    )]
    MismatchedEnd {
        /// The innermost open element.
        expected: String,
        /// The name in the end tag.
        found: String,
    },
    /// An end tag with no element open.
    #[error("</{}> ends nothing: no element is open here", Escaped(.found))]
    UnexpectedEnd {
        /// The name in the end tag.
        found: String,
    },
    /// What should be the name of an element, attribute or processing instruction, and is none.
    #[error("no name here; a letter, '_' or ':' must begin it, with no space before")]
    NoName,
    /// An attribute that is not of the form `name='value'`.
    #[error("this is no attribute; name='value', with its quotation marks, would be right")]
    BadAttribute,
    /// Attributes that touch.
    #[error("the attributes touch; a space between them would be right")]
    NoSpaceBetweenAttributes,
    /// An attribute that an element has twice.
    #[error(
        "the attribute {} stands here for the second time; once would be right",
        Escaped(.name)
    )]
    RepeatedAttribute {
        /// Its name.
        name: String,
    },
    /// `<` in an attribute's value.
    #[error("< inside the value of an attribute; &lt; would be right")]
    LessThanInValue,
    /// `&` that begins no reference.
    #[error("& begins no reference here; &amp; would be right")]
    BareAmpersand,
    /// An entity other than XML's own.
    #[error(
        "entity &{}; is not one of XML's five (amp, lt, gt, apos, quot); the text itself would be \
         right",
        Escaped(.name)
    )]
    UnknownEntity {
        /// Its name.
        name: String,
    },
    /// A character reference that is no number, or not that of a character of XML.
    #[error("this reference names no character of XML; one like &#10; or &#xA; would be right")]
    BadCharacterReference,
    /// `]]>` outside CDATA.
    #[error("]]> ends a CDATA section, and none is open; ]]&gt; would be right")]
    StrayCdataEnd,
    /// `--` inside a comment.
    #[error("-- inside a comment; only --> may follow two hyphens")]
    HyphensInComment,
    /// `<!` that begins nothing known.
    #[error("<! begins neither a comment (<!--) nor a CDATA section (<![CDATA[)")]
    UnknownMarkup,
    /// A document type declaration.
    #[error("a DOCTYPE is not read: libvirt writes none, and it could define entities")]
    Doctype,
    /// An XML declaration elsewhere than at the start, or another use of its name.
    #[error("<?xml is for the declaration, and only at the very start of the document")]
    MisplacedDeclaration,
    /// An XML declaration that does not say what it must, in the order it must.
    #[error(
        "this XML declaration is not understood; <?xml version='1.0' encoding='UTF-8'?> would be \
         right"
    )]
    BadDeclaration,
    /// Text before or after the root element.
    #[error("text outside the root element; nothing but comments may stand beside </domain>")]
    TextOutsideRoot,
    /// A second root element.
    #[error(
        "<{}> follows the end of the document; one root element would be right",
        Escaped(.name)
    )]
    SecondRoot {
        /// Its name.
        name: String,
    },
}

/// As much of a name as a message needs: a name in a broken document can be megabytes.
pub(crate) fn excerpt(name: &str) -> String {
    const ENOUGH: usize = 64;
    match name.char_indices().nth(ENOUGH) {
        None => name.to_owned(),
        Some((end, _)) => format!("{}...", &name[..end]),
    }
}
