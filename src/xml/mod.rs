//! XML, well-formed and with the place of every piece. Knows nothing of domains.
//!
//! ```text
//! document      the pieces, one by one: what the hook reads with
//! tree          the same, kept: what is linted and validated
//! attributes    the attributes of a tag           references    what a raw text means
//! namespaces    what a prefix means               chars         which characters may stand where
//! declaration   <?xml ... ?>                      error         what can be wrong
//! span          a place: bytes                    lines         a place: line and column
//! ```
#![deny(clippy::disallowed_methods)]

mod attributes;
mod chars;
mod declaration;
mod document;
mod error;
mod lines;
mod namespaces;
mod references;
mod span;
mod tree;

pub(crate) use attributes::Attribute;
pub(crate) use chars::is_blank;
pub(crate) use document::{Document, Markup, StartTag};
pub(crate) use error::excerpt;
pub(crate) use namespaces::declared_prefix;

pub use error::{Fault, Problem};
pub use lines::{LineColumn, Lines};
pub use namespaces::Namespace;
pub use span::{Located, Span};
pub use tree::{Children, Comment, ElementRef, Node, Tree, TreeAttribute, TreeReader};

/// The most bytes that are read. libvirt takes no document above 4 MiB from its clients
/// (`REMOTE_STRING_MAX`); what it adds when it writes one out is far from making it four times as
/// long.
pub const MAX_SIZE: usize = 16 << 20;

/// The most elements within each other, the root included. libxml2 2.9 reads 257 levels unless
/// asked for more, and libvirt does not ask.
pub const MAX_DEPTH: usize = 257;
