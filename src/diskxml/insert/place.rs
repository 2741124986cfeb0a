//! Where a new element goes in a document, and how it is indented there: like its neighbours.

use crate::diskxml::element::{Element, Layout, Spelling};
use crate::xml::{ElementRef, Span, Tree};

/// Bytes for other bytes.
#[derive(Debug)]
pub(super) struct Splice {
    pub(super) span: Span,
    pub(super) text: String,
}

/// A new element, as it is to be spelled.
#[derive(Debug, Clone, Copy)]
pub(super) struct New<'e> {
    pub(super) element: &'e Element,
    pub(super) spelling: Spelling,
}

impl New<'_> {
    /// Its lines, the last one without its end.
    fn lines(self, layout: Layout<'_>) -> String {
        let lines = self.element.write(self.spelling, layout);
        lines.strip_suffix(layout.line_end).unwrap_or(&lines).to_owned()
    }
}

/// A child of `parent`: behind `after`, or else behind its last child.
pub(super) fn child(
    tree: &Tree<'_>,
    parent: ElementRef<'_, '_>,
    after: Option<ElementRef<'_, '_>>,
    new: New<'_>,
) -> Splice {
    match after.or_else(|| parent.children().last()) {
        Some(neighbour) => behind(tree, parent, neighbour, new),
        None => alone(tree, parent, new),
    }
}

fn behind(
    tree: &Tree<'_>,
    parent: ElementRef<'_, '_>,
    neighbour: ElementRef<'_, '_>,
    new: New<'_>,
) -> Splice {
    let source = tree.source();
    let text = match line_start(source, neighbour.span().start) {
        // Everything on one line stays on it.
        None => new.lines(Layout { margin: "", step: "", line_end: "" }),
        Some(Start { margin, line_end }) => {
            let outer = line_start(source, parent.span().start);
            let step = outer.and_then(|outer| margin.strip_prefix(outer.margin));
            let step = step.filter(|step| !step.is_empty()).unwrap_or("  ");
            line_end.to_owned() + &new.lines(Layout { margin, step, line_end })
        }
    };
    Splice { span: Span::at(behind_comments(tree, neighbour.span().end)), text }
}

/// The only element in `parent`.
fn alone(tree: &Tree<'_>, parent: ElementRef<'_, '_>, new: New<'_>) -> Splice {
    let source = tree.source();
    let outer = line_start(source, parent.span().start);
    let Start { margin, line_end } = outer.unwrap_or(Start { margin: "", line_end: "" });
    let step = if line_end.is_empty() { "" } else { "  " };
    let inner = [margin, step].concat();
    let lines = new.lines(Layout { margin: &inner, step, line_end });
    let end = parent.span().end;
    if parent.is_self_closing() {
        let tag = ["</", parent.name(), ">"].concat();
        let text = [">", line_end, &lines, line_end, margin, &tag].concat();
        return Splice { span: Span::new(end - 2, end), text };
    }
    // What stands between the tags, blanks or comments, stays behind it.
    let at = parent.start_tag().end;
    let rest = source[at..].trim_start_matches([' ', '\t']);
    let text = if rest.starts_with(['\n', '\r']) {
        [line_end, &lines].concat()
    } else {
        [line_end, &lines, line_end, margin].concat()
    };
    Splice { span: Span::at(at), text }
}

/// How the line of an element begins.
#[derive(Debug, Clone, Copy)]
struct Start<'a> {
    margin: &'a str,
    /// That of the line before.
    line_end: &'a str,
}

/// `None` for what does not begin a line.
fn line_start(source: &str, at: usize) -> Option<Start<'_>> {
    let before = &source[..at];
    let margin = &before[before.trim_end_matches([' ', '\t']).len()..];
    let rest = &before[..before.len() - margin.len()];
    if rest.ends_with("\r\n") {
        Some(Start { margin, line_end: "\r\n" })
    } else if rest.ends_with('\n') || rest.is_empty() {
        Some(Start { margin, line_end: "\n" })
    } else {
        None
    }
}

/// A comment on the same line belongs to what it stands behind.
fn behind_comments(tree: &Tree<'_>, end: usize) -> usize {
    let mut at = end;
    for comment in tree.comments().iter().filter(|comment| comment.span.start >= end) {
        let between = &tree.source()[at..comment.span.start];
        if !between.chars().all(|c| c == ' ' || c == '\t') {
            break;
        }
        at = comment.span.end;
    }
    at
}
