//! A whole document: its elements, attributes and texts, each with its place.
//!
//! Everything has its place in the source, so that a fix can leave every other byte alone. Declarations of namespaces are resolved,
//! and are no attributes here; blanks between elements are not kept. One vector a kind, so that the memory of one document serves
//! the next: thousands are read one after the other.

mod element;

use std::borrow::Cow;

use super::namespaces::{declared_prefix, split};
use super::{Document, Fault, Markup, Namespace, Span, is_blank};
pub use element::{Children, ElementRef, Node};

/// A document.
#[derive(Debug)]
pub struct Tree<'a> {
    source: &'a str,
    elements: Vec<Element<'a>>,
    attributes: Vec<TreeAttribute<'a>>,
    /// In the order of the document; siblings are linked.
    nodes: Vec<Link<'a>>,
    comments: Vec<Comment>,
}

/// An attribute, but no declaration of a namespace.
#[derive(Debug)]
pub struct TreeAttribute<'a> {
    /// As written, prefix included.
    pub name: &'a str,
    /// None, unless it has a prefix.
    pub namespace: Namespace<'a>,
    /// Of its name.
    pub name_span: Span,
    /// Its value, decoded.
    pub value: Cow<'a, str>,
    /// Its raw value, without the quotation marks.
    pub span: Span,
}

impl<'a> TreeAttribute<'a> {
    /// Its name without the prefix.
    pub fn local(&self) -> &'a str {
        split(self.name).1
    }

    /// From its name to its closing quotation mark.
    pub fn whole(&self) -> Span {
        Span::new(self.name_span.start, self.span.end + 1)
    }
}

/// A comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comment {
    /// From `<!--` to `-->`.
    pub span: Span,
}

#[derive(Debug)]
struct Element<'a> {
    name: &'a str,
    local: &'a str,
    namespace: Namespace<'a>,
    start_tag: Span,
    end: usize,
    attributes: (u32, u32),
    parent: Option<u32>,
    first: Option<u32>,
}

#[derive(Debug)]
struct Link<'a> {
    kind: Kind<'a>,
    next: Option<u32>,
}

#[derive(Debug)]
enum Kind<'a> {
    Element(u32),
    Text(Cow<'a, str>, Span),
}

impl<'a> Tree<'a> {
    /// Reads a whole document.
    pub fn read(source: &'a [u8]) -> Result<Self, Fault> {
        let mut reader = TreeReader::default();
        reader.read(source)?;
        Ok(reader.growth.tree)
    }

    /// What was read.
    pub fn source(&self) -> &'a str {
        self.source
    }

    /// The root element.
    pub fn root(&self) -> ElementRef<'_, 'a> {
        ElementRef { tree: self, index: 0 }
    }

    /// Every element, in the order of the document.
    pub fn elements(&self) -> impl Iterator<Item = ElementRef<'_, 'a>> {
        (0..).take(self.elements.len()).map(|index| ElementRef { tree: self, index })
    }

    /// Every comment, in the order of the document.
    pub fn comments(&self) -> &[Comment] {
        &self.comments
    }
}

/// Reads document after document, each into the memory of the one before: a page that is touched for the first time costs more
/// than to read what belongs on it.
#[derive(Debug, Default)]
pub struct TreeReader<'a> {
    growth: Growth<'a>,
}

impl<'a> TreeReader<'a> {
    /// Reads a whole document, and forgets the one before.
    pub fn read(&mut self, source: &'a [u8]) -> Result<&Tree<'a>, Fault> {
        let mut document = Document::open(source)?;
        let growth = &mut self.growth;
        growth.begin(document.source());
        while let Some(markup) = document.next()? {
            match markup {
                Markup::Start(tag) => growth.start(&mut document, &tag),
                Markup::End(span) => growth.end(span),
                Markup::Text(text, span) => growth.text(text, span),
                Markup::Comment(span) => growth.tree.comments.push(Comment { span }),
            }
        }
        Ok(&growth.tree)
    }
}

/// A tree that is being read.
#[derive(Debug)]
struct Growth<'a> {
    tree: Tree<'a>,
    /// The open elements, each with the last node in it.
    open: Vec<(u32, Option<u32>)>,
    /// The blanks that the innermost one begins with: no more than that, if an element follows.
    blanks: Vec<(Cow<'a, str>, Span)>,
}

impl Default for Growth<'_> {
    /// What is to become a tree, and is none yet: a tree has a root.
    fn default() -> Self {
        let tree = Tree {
            source: "",
            elements: Vec::new(),
            attributes: Vec::new(),
            nodes: Vec::new(),
            comments: Vec::new(),
        };
        Self { tree, open: Vec::new(), blanks: Vec::new() }
    }
}

impl<'a> Growth<'a> {
    /// Forgets whatever is there, also of a document that was not read to its end.
    fn begin(&mut self, source: &'a str) {
        let Tree { source: read, elements, attributes, nodes, comments } = &mut self.tree;
        *read = source;
        elements.clear();
        attributes.clear();
        nodes.clear();
        comments.clear();
        self.open.clear();
        self.blanks.clear();
    }

    fn start(&mut self, document: &mut Document<'a>, tag: &super::StartTag<'a>) {
        let first = number(self.tree.attributes.len());
        let mut attributes = document.take_attributes();
        for attribute in attributes.drain(..) {
            if declared_prefix(attribute.name).is_some() {
                continue;
            }
            let namespace = if attribute.name.contains(':') {
                document.attribute_name(attribute.name).0
            } else {
                Namespace::None
            };
            self.tree.attributes.push(TreeAttribute {
                name: attribute.name,
                namespace,
                name_span: attribute.name_span,
                value: attribute.value,
                span: attribute.span,
            });
        }
        document.give_back(attributes);
        let index = number(self.tree.elements.len());
        self.tree.elements.push(Element {
            name: tag.name,
            local: tag.local,
            namespace: tag.namespace.clone(),
            start_tag: tag.span,
            end: tag.span.end,
            attributes: (first, number(self.tree.attributes.len())),
            parent: self.open.last().map(|(parent, _)| *parent),
            first: None,
        });
        self.blanks.clear();
        self.add(Kind::Element(index));
        self.open.push((index, None));
    }

    fn text(&mut self, text: Cow<'a, str>, span: Span) {
        let last = self.open.last().and_then(|(_, last)| *last);
        let after_element = last
            .is_some_and(|last| matches!(self.tree.nodes[last as usize].kind, Kind::Element(_)));
        match (is_blank(&text), last) {
            (true, Some(_)) if after_element => {}
            (true, None) => self.blanks.push((text, span)),
            _ => {
                self.keep_blanks();
                self.add(Kind::Text(text, span));
            }
        }
    }

    /// They are text after all: of an element that has nothing else, or before other text.
    fn keep_blanks(&mut self) {
        let mut blanks = std::mem::take(&mut self.blanks);
        for (text, span) in blanks.drain(..) {
            self.add(Kind::Text(text, span));
        }
        self.blanks = blanks;
    }

    fn end(&mut self, span: Span) {
        self.keep_blanks();
        if let Some((element, _)) = self.open.pop() {
            self.tree.elements[element as usize].end = span.end;
        }
    }

    fn add(&mut self, kind: Kind<'a>) {
        let index = number(self.tree.nodes.len());
        self.tree.nodes.push(Link { kind, next: None });
        let Some((parent, last)) = self.open.last_mut() else { return };
        match last.replace(index) {
            Some(before) => self.tree.nodes[before as usize].next = Some(index),
            None => self.tree.elements[*parent as usize].first = Some(index),
        }
    }
}

/// A document has fewer bytes than this can count, and so fewer of everything.
fn number(count: usize) -> u32 {
    const { assert!(super::MAX_SIZE < u32::MAX as usize) };
    u32::try_from(count).expect("no more than the document has bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "<!-- one -->\n<domain type='kvm'>\n  <name>a&amp;<!-- two -->b<![CDATA[<c>]]></name>\n  \
        <x:y xmlns:x='urn:x' x:k='1' k='2'/>\n  <devices><disk/><disk device=\"cdrom\"></disk></devices>\n</domain>\n";

    #[test]
    fn every_piece_is_found_again_where_its_span_says() {
        let tree = Tree::read(SOURCE.as_bytes()).expect("well-formed");
        let cut = |span: Span| &SOURCE[span.range()];
        let root = tree.root();
        assert_eq!(cut(root.start_tag()), "<domain type='kvm'>");
        assert!(cut(root.span()).starts_with("<domain") && cut(root.span()).ends_with("</domain>"));
        assert_eq!(cut(root.attribute("type").expect("there").whole()), "type='kvm'");
        let name = root.child("name").expect("there");
        assert_eq!(name.text(), "a&b<c>");
        assert_eq!(cut(name.text_span()), "a&amp;<!-- two -->b<![CDATA[<c>]]>");
        let foreign = root.children().nth(1).expect("there");
        assert!(!foreign.is("y") && foreign.namespace().is("urn:x") && foreign.local() == "y");
        let attributes: Vec<_> = foreign
            .attributes()
            .iter()
            .map(|it| (it.name, it.local(), it.namespace.is("urn:x")))
            .collect();
        assert_eq!(attributes, [("x:k", "k", true), ("k", "k", false)]);
        let disks: Vec<_> = root.child("devices").expect("there").all("disk").collect();
        assert_eq!(
            disks.iter().map(|disk| cut(disk.span())).collect::<Vec<_>>(),
            ["<disk/>", "<disk device=\"cdrom\"></disk>"]
        );
        assert!(disks[0].is_self_closing() && !disks[1].is_self_closing());
        assert_eq!(disks[1].parent().and_then(ElementRef::parent), Some(root));
        assert_eq!(
            tree.comments().iter().map(|it| cut(it.span)).collect::<Vec<_>>(),
            ["<!-- one -->", "<!-- two -->"]
        );
        assert_eq!(tree.elements().count(), 6);
    }

    #[test]
    fn a_document_read_after_others_is_as_if_it_were_the_first() {
        let shown = |tree: &Tree<'_>| format!("{tree:?}");
        let broken = "<a b='1'> <c>x<!-- --><d e='2'>";
        let mut reader = TreeReader::default();
        for source in [SOURCE, "<a/>", broken, "<b> </b>", "", SOURCE] {
            let again = reader.read(source.as_bytes()).map(shown);
            assert_eq!(
                again,
                Tree::read(source.as_bytes()).as_ref().map(shown).map_err(Clone::clone),
                "{source}"
            );
        }
    }

    #[test]
    fn blanks_are_kept_where_they_are_text_and_not_between_elements() {
        for (source, expected) in [
            ("<a> <b/> <c/> </a>", "<b><c>"),
            ("<a> </a>", "' '"),
            ("<a> <!-- c --> </a>", "' '' '"),
            ("<a> x<b/> y </a>", "' x'<b>' y '"),
            ("<a> <![CDATA[x]]> </a>", "' ''x'' '"),
            ("<a>x <b/></a>", "'x '<b>"),
            ("<a>\n  <b> </b>\n</a>", "<b>"),
            ("<a></a>", ""),
        ] {
            let tree = Tree::read(source.as_bytes()).expect("well-formed");
            let shown: String = tree
                .root()
                .nodes()
                .map(|node| match node {
                    Node::Element(element) => format!("<{}>", element.name()),
                    Node::Text(text, _) => format!("'{text}'"),
                })
                .collect();
            assert_eq!(shown, expected, "{source}");
        }
    }
}
