//! One walk over the document: knows where it is, and keeps what it came for.
//!
//! Decides which elements are looked into. Those of a foreign namespace are not, apart from the
//! project's own in `<metadata>`; unknown ones of libvirt are, since what is wanted may stand in
//! them.

use super::disks::Disks;
use super::error::{Fault, Problem};
use super::path::{PathUse, Place};
use super::places::{self, Item};
use super::shares::{self, Child, ShareRequest, SharesProblem};
use super::{Domain, DomainName, DomainUuid};
use crate::xml::{Document, Located, Markup, Namespace, Span, StartTag, excerpt, is_blank};

pub(super) fn read(source: &[u8]) -> Result<Domain, Fault> {
    Walk::over(source)?.finish()
}

pub(super) fn read_stored(source: &[u8]) -> Result<(Domain, DomainUuid), Fault> {
    let walk = Walk::over(source)?;
    let no_uuid = walk.missing("uuid");
    let domain = walk.finish()?;
    let uuid = domain.uuid.as_ref().ok_or(no_uuid)?.value;
    Ok((domain, uuid))
}

/// Reads no further than the UUID, which libvirt writes near the top.
pub(super) fn read_uuid(source: &[u8]) -> Result<DomainUuid, Fault> {
    let walk = Walk::until(source, |walk| walk.uuid.is_some())?;
    walk.uuid.as_ref().map(|uuid| uuid.value).ok_or_else(|| walk.missing("uuid"))
}

#[derive(Debug, Default)]
struct Walk {
    /// What each open element is, the root first.
    open: Vec<Element>,
    /// The names of the open elements of libvirt below `domain`, as places are written.
    place: String,
    text: Option<Text>,
    root: Option<Span>,
    kind: Option<Located<String>>,
    name: Option<Located<DomainName>>,
    uuid: Option<Located<DomainUuid>>,
    paths: Vec<PathUse>,
    disks: Disks,
    metadata: Option<Vec<ShareRequest>>,
}

/// What an open element is to the walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Element {
    /// The root.
    Domain,
    /// One of libvirt's, and how long the place was before it.
    Plain { outer: usize },
    /// `<metadata>`.
    Metadata,
    /// Our `<shares>`.
    Shares,
    /// Our `<share>`.
    Share,
    /// Somebody else's, with all that is in it.
    Foreign,
}

/// The text of an element that is being read. Only what stands directly in it counts.
#[derive(Debug)]
struct Text {
    of: TextOf,
    depth: usize,
    start: usize,
    value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TextOf {
    Name,
    Uuid,
    Place,
}

impl TextOf {
    /// The element's name, if it holds text and nothing else.
    fn pure(self) -> Option<&'static str> {
        match self {
            Self::Name => Some("name"),
            Self::Uuid => Some("uuid"),
            Self::Place => None,
        }
    }
}

impl Walk {
    fn over(source: &[u8]) -> Result<Self, Fault> {
        Self::until(source, |_| false)
    }

    /// Goes no further than is enough.
    fn until(source: &[u8], is_enough: impl Fn(&Self) -> bool) -> Result<Self, Fault> {
        let mut document = Document::open(source)?;
        let mut walk = Self::default();
        while !is_enough(&walk)
            && let Some(markup) = document.next()?
        {
            match markup {
                Markup::Start(tag) => walk.start(&document, &tag)?,
                Markup::Text(text, span) => walk.text(&text, span)?,
                Markup::End(span) => walk.end(span)?,
                Markup::Comment(_) => {}
            }
        }
        Ok(walk)
    }

    fn start(&mut self, document: &Document<'_>, tag: &StartTag<'_>) -> Result<(), Fault> {
        let element = match self.open.last() {
            None => self.root(document, tag)?,
            Some(Element::Domain | Element::Plain { .. }) => self.plain(document, tag)?,
            Some(Element::Metadata) => self.metadata(document, tag)?,
            Some(Element::Shares) => match shares::share(document, tag)? {
                Some(request) => {
                    let requests = self.metadata.get_or_insert_default();
                    if requests.len() == shares::MAX_SHARES {
                        return Err(Fault::new(SharesProblem::TooMany.into(), tag.span));
                    }
                    requests.push(request);
                    Element::Share
                }
                None => Element::Foreign,
            },
            Some(Element::Share) => shares::share_child(tag).map(|()| Element::Foreign)?,
            Some(Element::Foreign) => Element::Foreign,
        };
        self.open.push(element);
        Ok(())
    }

    fn root(&mut self, document: &Document<'_>, tag: &StartTag<'_>) -> Result<Element, Fault> {
        let problem = match tag {
            StartTag { local: "domain", namespace: Namespace::None, .. } => {
                let kind = document.attributes().iter().find(|attribute| attribute.name == "type");
                self.kind = kind.map(|attribute| Located {
                    value: attribute.value.clone().into_owned(),
                    span: attribute.span,
                });
                self.root = Some(tag.span);
                return Ok(Element::Domain);
            }
            StartTag { local: "domain", .. } => Problem::DomainInNamespace,
            StartTag { name, .. } => Problem::NotADomain { name: excerpt(name) },
        };
        Err(Fault::new(problem, tag.span))
    }

    fn plain(&mut self, document: &Document<'_>, tag: &StartTag<'_>) -> Result<Element, Fault> {
        if let Some(element) = self.text.as_ref().and_then(|text| text.of.pure()) {
            let problem = Problem::ElementInText { element, name: excerpt(tag.name) };
            return Err(Fault::new(problem, tag.span));
        }
        if tag.namespace != Namespace::None {
            return Ok(Element::Foreign);
        }
        if self.open.len() == 1 {
            match tag.local {
                "metadata" => return Ok(Element::Metadata),
                "name" if self.name.is_some() => return Err(repeated("name", tag)),
                "uuid" if self.uuid.is_some() => return Err(repeated("uuid", tag)),
                "name" => self.expect_text(TextOf::Name, tag),
                "uuid" => self.expect_text(TextOf::Uuid, tag),
                _ => {}
            }
        }
        let outer = self.place.len();
        let items = places::items(&self.place, tag.local);
        let (mut attributes, mut text) = (Vec::new(), false);
        for item in items {
            match item {
                Item::Text => text = true,
                Item::Attribute(_) | Item::AttributeIfAbsolute(_) => attributes.push(item),
            }
        }
        if outer > 0 {
            self.place.push('/');
        }
        self.place.push_str(tag.local);
        for item in attributes {
            self.attribute(document, item);
        }
        self.disks.start(&self.place, tag.local, self.open.len() + 1, document.attributes());
        if text {
            self.expect_text(TextOf::Place, tag);
        }
        Ok(Element::Plain { outer })
    }

    fn attribute(&mut self, document: &Document<'_>, item: Item) {
        let (Item::Attribute(wanted) | Item::AttributeIfAbsolute(wanted)) = item else { return };
        let found = document.attributes().iter().find(|attribute| attribute.name == wanted);
        let Some(attribute) = found else { return };
        let is_path = match item {
            Item::AttributeIfAbsolute(_) => attribute.value.starts_with('/'),
            // An empty one names nothing: an empty drive has such a source.
            _ => !attribute.value.is_empty(),
        };
        if is_path {
            self.paths.push(PathUse {
                path: attribute.value.clone().into_owned(),
                place: Place::attribute(&self.place, wanted),
                span: attribute.span,
            });
        }
    }

    fn expect_text(&mut self, of: TextOf, tag: &StartTag<'_>) {
        let (depth, start) = (self.open.len() + 1, tag.span.end);
        self.text = Some(Text { of, depth, start, value: String::new() });
    }

    fn metadata(&mut self, document: &Document<'_>, tag: &StartTag<'_>) -> Result<Element, Fault> {
        match shares::metadata_child(tag)? {
            Child::Foreign => Ok(Element::Foreign),
            Child::Shares if self.metadata.is_some() => {
                Err(Fault::new(SharesProblem::Repeated.into(), tag.span))
            }
            Child::Shares => {
                shares::shares(document)?;
                self.metadata = Some(Vec::new());
                Ok(Element::Shares)
            }
        }
    }

    fn text(&mut self, text: &str, span: Span) -> Result<(), Fault> {
        match (&mut self.text, self.open.last()) {
            (Some(wanted), _) if wanted.depth == self.open.len() => wanted.value.push_str(text),
            (_, Some(Element::Shares | Element::Share)) => shares::text(text, span)?,
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, span: Span) -> Result<(), Fault> {
        if let Some(text) = self.text.take_if(|text| text.depth == self.open.len()) {
            self.keep(text.of, text.value, Span::new(text.start, span.start))?;
        }
        self.disks.end(self.open.len());
        if let Some(Element::Plain { outer }) = self.open.pop() {
            self.place.truncate(outer);
        }
        Ok(())
    }

    fn keep(&mut self, of: TextOf, text: String, span: Span) -> Result<(), Fault> {
        match of {
            TextOf::Name => {
                let value = text.parse().map_err(|empty| Fault::new(Problem::Name(empty), span))?;
                self.name = Some(Located { value, span });
            }
            TextOf::Uuid => {
                let value = text.parse().map_err(|problem| {
                    Fault::new(Problem::Uuid { text: excerpt(&text), problem }, span)
                })?;
                self.uuid = Some(Located { value, span });
            }
            // White space alone is what stands between the elements of one that has no text.
            TextOf::Place if is_blank(&text) => {}
            TextOf::Place => {
                self.paths.push(PathUse { path: text, place: Place::text(&self.place), span });
            }
        }
        Ok(())
    }

    fn missing(&self, element: &'static str) -> Fault {
        Fault::new(Problem::Missing { element }, self.root.unwrap_or(Span::at(0)))
    }

    fn finish(self) -> Result<Domain, Fault> {
        let no_name = self.missing("name");
        Ok(Domain {
            kind: self.kind,
            name: self.name.ok_or(no_name)?,
            uuid: self.uuid,
            paths: self.paths,
            disks: self.disks.finish(),
            shares: self.metadata.unwrap_or_default(),
        })
    }
}

fn repeated(element: &'static str, tag: &StartTag<'_>) -> Fault {
    Fault::new(Problem::Repeated { element }, tag.span)
}
