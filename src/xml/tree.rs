//! A whole document: its elements, attributes and texts, each with its place.
//!
//! Everything has its place in the source, so that a fix can leave every other byte alone. Declarations of namespaces are resolved,
//! and are no attributes here; blanks between elements are not kept. One vector a kind, so that the memory of one document serves
//! the next: thousands are read one after the other.

use std::borrow::Cow;
use std::fmt::{self, Debug, Formatter};

use super::namespaces::{declared_prefix, split};
use super::{Document, Fault, Markup, Namespace, Span, is_blank};

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

/// One element of a tree.
#[derive(Clone, Copy)]
pub struct ElementRef<'t, 'a> {
    tree: &'t Tree<'a>,
    index: u32,
}

/// What stands in an element.
#[derive(Debug, Clone, Copy)]
pub enum Node<'t, 'a> {
    /// An element.
    Element(ElementRef<'t, 'a>),
    /// A piece of text, decoded. One text can come in several pieces.
    Text(&'t str, Span),
}

/// The nodes in an element, in their order.
#[derive(Debug, Clone)]
pub struct Children<'t, 'a> {
    tree: &'t Tree<'a>,
    next: Option<u32>,
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

impl<'t, 'a> ElementRef<'t, 'a> {
    fn element(self) -> &'t Element<'a> {
        &self.tree.elements[self.index as usize]
    }

    /// The tree that it is in.
    pub fn tree(self) -> &'t Tree<'a> {
        self.tree
    }

    /// Its name as written, prefix included.
    pub fn name(self) -> &'a str {
        self.element().name
    }

    /// Its name without the prefix.
    pub fn local(self) -> &'a str {
        self.element().local
    }

    /// Its namespace.
    pub fn namespace(self) -> &'t Namespace<'a> {
        &self.element().namespace
    }

    /// Whether it is an element of libvirt's, which are in no namespace, with this name.
    pub fn is(self, name: &str) -> bool {
        matches!(self.namespace(), Namespace::None) && self.local() == name
    }

    /// From `<` of its start tag to the end of it all.
    pub fn span(self) -> Span {
        Span::new(self.start_tag().start, self.element().end)
    }

    /// Its start tag, whole.
    pub fn start_tag(self) -> Span {
        self.element().start_tag
    }

    /// Its name in the start tag.
    pub fn name_span(self) -> Span {
        let start = self.start_tag().start + 1;
        Span::new(start, start + self.name().len())
    }

    /// Whether it is an empty-element tag, `<a/>`.
    pub fn is_self_closing(self) -> bool {
        self.element().end == self.start_tag().end
            && self.tree.source[self.start_tag().range()].ends_with("/>")
    }

    /// Its attributes, in their order.
    pub fn attributes(self) -> &'t [TreeAttribute<'a>] {
        let (first, end) = self.element().attributes;
        &self.tree.attributes[first as usize..end as usize]
    }

    /// Its attribute of this name, in no namespace.
    pub fn attribute(self, name: &str) -> Option<&'t TreeAttribute<'a>> {
        self.attributes().iter().find(|attribute| attribute.name == name)
    }

    /// The value of its attribute of this name.
    pub fn value(self, name: &str) -> Option<&'t str> {
        self.attribute(name).map(|attribute| attribute.value.as_ref())
    }

    /// The element that it stands in.
    pub fn parent(self) -> Option<Self> {
        self.element().parent.map(|index| Self { tree: self.tree, index })
    }

    /// What stands in it.
    pub fn nodes(self) -> Children<'t, 'a> {
        Children { tree: self.tree, next: self.element().first }
    }

    /// The elements that stand directly in it.
    pub fn children(self) -> impl Iterator<Item = Self> + Clone {
        self.nodes().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(..) => None,
        })
    }

    /// The elements of libvirt's that stand directly in it and have this name.
    pub fn all(self, name: &str) -> impl Iterator<Item = Self> {
        self.children().filter(move |child| child.is(name))
    }

    /// The first of [`all`](Self::all), which is the one that libvirt takes.
    pub fn child(self, name: &str) -> Option<Self> {
        self.children().find(|child| child.is(name))
    }

    /// The first element at the end of a path of names, like `os/nvram`.
    pub fn at(self, path: &str) -> Option<Self> {
        path.split('/').try_fold(self, ElementRef::child)
    }

    /// The text that stands directly in it, all pieces together.
    pub fn text(self) -> Cow<'t, str> {
        let mut texts = self.nodes().filter_map(|node| match node {
            Node::Text(text, _) => Some(text),
            Node::Element(_) => None,
        });
        let first = texts.next().map_or(Cow::Borrowed(""), Cow::Borrowed);
        texts.fold(first, |all, piece| all + piece)
    }

    /// Where its text stands: from the first piece to the last; empty behind the start tag if there is none.
    pub fn text_span(self) -> Span {
        let mut places = self.nodes().filter_map(|node| match node {
            Node::Text(_, span) => Some(span),
            Node::Element(_) => None,
        });
        let Some(first) = places.next() else { return Span::at(self.start_tag().end) };
        Span::new(first.start, places.last().unwrap_or(first).end)
    }
}

impl Debug for ElementRef<'_, '_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "<{}> at {}", self.name(), self.start_tag().start)
    }
}

impl PartialEq for ElementRef<'_, '_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.tree, other.tree) && self.index == other.index
    }
}

impl Eq for ElementRef<'_, '_> {}

impl<'t, 'a> Iterator for Children<'t, 'a> {
    type Item = Node<'t, 'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let link = &self.tree.nodes[self.next? as usize];
        self.next = link.next;
        Some(match &link.kind {
            Kind::Element(index) => Node::Element(ElementRef { tree: self.tree, index: *index }),
            Kind::Text(text, span) => Node::Text(text, *span),
        })
    }
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
