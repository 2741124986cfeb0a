//! What a tree shows of itself: an element with what stands in it, and where.

use std::borrow::Cow;
use std::fmt::{self, Debug, Formatter};

use super::super::{Namespace, Span};
use super::{Element, Kind, Tree, TreeAttribute};

/// One element of a tree.
#[derive(Clone, Copy)]
pub struct ElementRef<'t, 'a> {
    pub(super) tree: &'t Tree<'a>,
    pub(super) index: u32,
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
