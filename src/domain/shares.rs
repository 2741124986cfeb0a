//! The project's own element in a domain's metadata:
//!
//! ```xml
//! <vq:shares xmlns:vq='urn:virt-quobyte:domain:1'>
//!   <vq:share name='gold'/>
//!   <vq:share export='quobyte://reg1.example.org/vm-7'/>
//! </vq:shares>
//! ```
//!
//! Decides what may stand in it. What is not understood is an error and is not passed over: a guest
//! that starts without a share that it asked for is worse than one that does not start. Whether the
//! name is known, or the export allowed, is for those who know the configuration.

use super::error::Fault;
use crate::escape::Escaped;
use crate::xml::{Document, Namespace, Span, StartTag, declared_prefix, excerpt, is_blank};

/// The namespace of the element and of all in it.
pub const NAMESPACE: &str = "urn:virt-quobyte:domain:1";

/// What every version of it begins with.
const FAMILY: &str = "urn:virt-quobyte:domain";

/// As many shares as a domain may ask for: far more than one has, and few enough to be mounted all at once.
pub const MAX_SHARES: usize = 256;

/// A share that the domain's metadata asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareRequest {
    /// Which one.
    pub wanted: Wanted,
    /// The raw value of the attribute that says so.
    pub span: Span,
}

/// How a request says which share it wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// By the name that the configuration gives it.
    Name(String),
    /// By its export.
    Export(String),
}

/// What is wrong with the element.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SharesProblem {
    /// A namespace of ours, but of another version, or misspelt.
    #[error("the namespace {} is not known; {NAMESPACE} would be right", Escaped(.namespace))]
    UnknownNamespace {
        /// What it is called.
        namespace: String,
    },
    /// An element that has no place where it stands.
    #[error(
        "<{}> has no place here; <{expected}> of the namespace {NAMESPACE} would be right",
        Escaped(.name)
    )]
    UnexpectedElement {
        /// The element.
        name: String,
        /// What may stand there.
        expected: &'static str,
    },
    /// An element inside `share`.
    #[error(
        "<{}> inside a share, which is empty; everything about it is in its attribute",
        Escaped(.name)
    )]
    ElementInShare {
        /// The element.
        name: String,
    },
    /// A second `shares`.
    #[error(
        "a second <shares>; libvirt keeps only the first, so one with everything would be right"
    )]
    Repeated,
    /// More than [`MAX_SHARES`].
    #[error("the domain asks for more than {MAX_SHARES} shares, which is the most")]
    TooMany,
    /// Text between the elements.
    #[error("text inside the metadata of this project; only elements would be right")]
    Text,
    /// An attribute that nothing here has.
    #[error(
        "the attribute {} is not known on <{element}>; {allowed} would be right",
        Escaped(.name)
    )]
    UnknownAttribute {
        /// Its name.
        name: String,
        /// The element it stands on.
        element: &'static str,
        /// What may stand there.
        allowed: &'static str,
    },
    /// A `share` that says neither name nor export.
    #[error("a share without a name; name='...' or export='...' would be right")]
    Nameless,
    /// A `share` that says both.
    #[error("a share with both a name and an export; one of them would be right")]
    NamedTwice,
    /// A `share` whose name or export is empty.
    #[error("{attribute} is empty; {attribute}='...' with a value would be right")]
    EmptyValue {
        /// Which of the two.
        attribute: &'static str,
    },
}

/// What a child of `<metadata>` is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Child {
    /// Our `<shares>`.
    Shares,
    /// Somebody else's.
    Foreign,
}

/// Judges an element directly in `<metadata>`.
pub(super) fn metadata_child(tag: &StartTag<'_>) -> Result<Child, Fault> {
    let problem = match &tag.namespace {
        Namespace::Named(name) if name == NAMESPACE && tag.local == "shares" => {
            return Ok(Child::Shares);
        }
        Namespace::Named(name) if name == NAMESPACE => {
            SharesProblem::UnexpectedElement { name: excerpt(tag.name), expected: "shares" }
        }
        Namespace::Named(name) if name.starts_with(FAMILY) => {
            SharesProblem::UnknownNamespace { namespace: excerpt(name) }
        }
        _ => return Ok(Child::Foreign),
    };
    Err(Fault::new(problem.into(), tag.span))
}

/// Checks the tag of `<shares>`, which has no attributes.
pub(super) fn shares(document: &Document<'_>) -> Result<(), Fault> {
    for_each_attribute(document, |name, span, _| {
        Err(unknown_attribute(name, "shares", "none but xmlns", span))
    })
}

/// Reads an element directly in `<shares>`: a request, or `None` for somebody else's.
pub(super) fn share(
    document: &Document<'_>,
    tag: &StartTag<'_>,
) -> Result<Option<ShareRequest>, Fault> {
    if is_foreign(tag) {
        return Ok(None);
    }
    if !(tag.namespace.is(NAMESPACE) && tag.local == "share") {
        let problem =
            SharesProblem::UnexpectedElement { name: excerpt(tag.name), expected: "share" };
        return Err(Fault::new(problem.into(), tag.span));
    }
    let mut request: Option<ShareRequest> = None;
    for_each_attribute(document, |name, span, value| {
        let (attribute, wanted): (_, fn(String) -> Wanted) = match name {
            "name" => ("name", Wanted::Name),
            "export" => ("export", Wanted::Export),
            _ => return Err(unknown_attribute(name, "share", "name or export", span)),
        };
        if value.text.is_empty() {
            return Err(Fault::new(SharesProblem::EmptyValue { attribute }.into(), value.span));
        }
        let read = ShareRequest { wanted: wanted(value.text.to_owned()), span: value.span };
        match request.replace(read) {
            None => Ok(()),
            Some(_) => Err(Fault::new(SharesProblem::NamedTwice.into(), tag.span)),
        }
    })?;
    request.map(Some).ok_or_else(|| Fault::new(SharesProblem::Nameless.into(), tag.span))
}

/// Refuses an element directly in `<share>`, unless it is somebody else's.
pub(super) fn share_child(tag: &StartTag<'_>) -> Result<(), Fault> {
    if is_foreign(tag) {
        return Ok(());
    }
    Err(Fault::new(SharesProblem::ElementInShare { name: excerpt(tag.name) }.into(), tag.span))
}

/// Refuses text directly in `<shares>` or `<share>`.
pub(super) fn text(text: &str, span: Span) -> Result<(), Fault> {
    if is_blank(text) { Ok(()) } else { Err(Fault::new(SharesProblem::Text.into(), span)) }
}

/// An element without a namespace is ours, with its prefix forgotten; so would another one of our
/// namespaces be.
fn is_foreign(tag: &StartTag<'_>) -> bool {
    match &tag.namespace {
        Namespace::None => false,
        Namespace::Named(name) => !name.starts_with(FAMILY),
        Namespace::Undeclared => true,
    }
}

struct Value<'a> {
    text: &'a str,
    span: Span,
}

/// Visits the attributes that are ours: in our namespace or in none.
fn for_each_attribute(
    document: &Document<'_>,
    mut visit: impl FnMut(&str, Span, Value<'_>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    for attribute in document.attributes() {
        if declared_prefix(attribute.name).is_some() {
            continue;
        }
        let (namespace, _) = document.attribute_name(attribute.name);
        if namespace == Namespace::None || namespace.is(NAMESPACE) {
            let value = Value { text: &attribute.value, span: attribute.span };
            visit(attribute.name, attribute.name_span, value)?;
        }
    }
    Ok(())
}

fn unknown_attribute(
    name: &str,
    element: &'static str,
    allowed: &'static str,
    span: Span,
) -> Fault {
    let problem = SharesProblem::UnknownAttribute { name: excerpt(name), element, allowed };
    Fault::new(problem.into(), span)
}
