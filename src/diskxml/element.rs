//! A piece of XML that is to be written: elements with attributes, and in them elements or one text.
//!
//! Decides how it is spelled, in one of two ways that programs compare byte for byte: libvirt's own, and that of lxml, with
//! which Nova writes. Both are fixed, so they are written out here. A writer of somebody else's would have a third.

use std::borrow::Cow;

/// An element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Element {
    name: Cow<'static, str>,
    attributes: Vec<(&'static str, String)>,
    content: Content,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    Elements(Vec<Element>),
    Text(String),
}

/// Whose spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// `virBufferEscapeString` and `virXMLFormatElement`.
    Libvirt,
    /// `lxml.etree.tostring(..., encoding='unicode', pretty_print=True)`.
    Lxml,
}

/// How the lines of an element begin and end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout<'a> {
    /// What stands before the outermost element.
    pub(super) margin: &'a str,
    /// What is added for each level.
    pub(super) step: &'a str,
    pub(super) line_end: &'a str,
}

impl Layout<'static> {
    /// At the margin, two blanks a level.
    pub(super) const PLAIN: Self = Self { margin: "", step: "  ", line_end: "\n" };
}

impl Element {
    pub(super) fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self { name: name.into(), attributes: Vec::new(), content: Content::Elements(Vec::new()) }
    }

    #[expect(clippy::needless_pass_by_value, reason = "a word or a number reads best as itself")]
    pub(super) fn of_text(name: &'static str, text: impl ToString) -> Self {
        Self { content: Content::Text(text.to_string()), ..Self::new(name) }
    }

    #[expect(clippy::needless_pass_by_value, reason = "a word or a number reads best as itself")]
    pub(super) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.attributes.push((name, value.to_string()));
        self
    }

    pub(super) fn with_some(self, name: &'static str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    pub(super) fn add(&mut self, child: Self) {
        match &mut self.content {
            Content::Elements(children) => children.push(child),
            Content::Text(_) => unreachable!("<{}> was made with a text", self.name),
        }
    }

    pub(super) fn has_children(&self) -> bool {
        !matches!(&self.content, Content::Elements(children) if children.is_empty())
    }

    /// As lines, each with its line end.
    pub(super) fn write(&self, spelling: Spelling, layout: Layout<'_>) -> String {
        let mut text = String::new();
        self.write_at(0, spelling, layout, &mut text);
        text
    }

    fn write_at(&self, depth: usize, spelling: Spelling, layout: Layout<'_>, text: &mut String) {
        let indent = |text: &mut String| {
            text.push_str(layout.margin);
            text.push_str(&layout.step.repeat(depth));
        };
        let mark = spelling.quotation_mark();
        indent(text);
        text.extend(["<", &self.name]);
        for (name, value) in &self.attributes {
            text.extend([" ", name, "=", mark]);
            spelling.escape_value(value, text);
            text.push_str(mark);
        }
        match &self.content {
            Content::Elements(children) if children.is_empty() => text.push_str("/>"),
            Content::Elements(children) => {
                text.extend([">", layout.line_end]);
                for child in children {
                    child.write_at(depth + 1, spelling, layout, text);
                }
                indent(text);
                text.extend(["</", &self.name, ">"]);
            }
            Content::Text(content) => {
                text.push('>');
                spelling.escape_text(content, text);
                text.extend(["</", &self.name, ">"]);
            }
        }
        text.push_str(layout.line_end);
    }
}

impl Spelling {
    fn quotation_mark(self) -> &'static str {
        match self {
            Self::Libvirt => "'",
            Self::Lxml => "\"",
        }
    }

    fn escape_value(self, value: &str, text: &mut String) {
        for character in value.chars() {
            match (character, self) {
                ('&', _) => text.push_str("&amp;"),
                ('<', _) => text.push_str("&lt;"),
                ('>', _) => text.push_str("&gt;"),
                ('"', _) => text.push_str("&quot;"),
                ('\'', Self::Libvirt) => text.push_str("&apos;"),
                // A parser would make blanks of them.
                ('\t', _) => text.push_str("&#9;"),
                ('\n', _) => text.push_str("&#10;"),
                ('\r', _) => text.push_str("&#13;"),
                _ => text.push(character),
            }
        }
    }

    fn escape_text(self, content: &str, text: &mut String) {
        for character in content.chars() {
            match (character, self) {
                ('&', _) => text.push_str("&amp;"),
                ('<', _) => text.push_str("&lt;"),
                ('>', _) => text.push_str("&gt;"),
                ('"', Self::Libvirt) => text.push_str("&quot;"),
                ('\'', Self::Libvirt) => text.push_str("&apos;"),
                ('\r', _) => text.push_str("&#13;"),
                _ => text.push(character),
            }
        }
    }
}
