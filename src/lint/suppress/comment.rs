//! `<!-- virt-quobyte: allow VQ501, VQ505 the image is read once -->`
//!
//! Directly before an element it holds for that element and all in it; before the root or first in it, for the whole document.
//! "Directly" is with nothing but white space and other comments between.

use super::{Allow, Mistake, Read, named};
use crate::lint::disk::remove_lines;
use crate::lint::subject::Subject;
use crate::xml::{Comment, ElementRef, Span, Tree, is_blank};

const CALL: &str = "virt-quobyte:";

/// Every comment that calls for us.
pub(super) fn all(subject: &Subject<'_, '_>) -> Vec<Read> {
    let tree = subject.tree();
    let calls = tree.comments().iter().filter_map(|comment| {
        let inner = Span::new(comment.span.start + "<!--".len(), comment.span.end - "-->".len());
        let text = &tree.source()[inner.range()];
        let said = text.trim_start().strip_prefix(CALL)?;
        Some((comment, Span::new(inner.end - said.len(), inner.end)))
    });
    let mut elements = None;
    let mut after = None;
    let mut read: Vec<_> = Vec::new();
    // From the last to the first, so that of comments in a row each knows where the next one leads.
    for (comment, said) in calls.collect::<Vec<_>>().into_iter().rev() {
        let elements = elements.get_or_insert_with(|| tree.elements().collect::<Vec<_>>());
        let scope = scope(tree, elements, comment, &mut after);
        read.push(allow(tree.source(), comment, said, scope.map(ElementRef::span)));
    }
    read.reverse();
    read
}

/// Where the run of blanks and comments that begins behind a comment ends.
struct Run {
    start: usize,
    end: usize,
}

/// The element that a comment is about.
fn scope<'t, 'a>(
    tree: &'t Tree<'a>,
    elements: &[ElementRef<'t, 'a>],
    comment: &Comment,
    after: &mut Option<Run>,
) -> Option<ElementRef<'t, 'a>> {
    let end = run_end(tree, comment.span.end, after.as_ref());
    *after = Some(Run { start: comment.span.start, end });
    let found = elements.binary_search_by_key(&end, |element| element.span().start).ok()?;
    // The first element after the root's own is the first in it.
    Some(if found == 1 { elements[0] } else { elements[found] })
}

fn run_end(tree: &Tree<'_>, from: usize, after: Option<&Run>) -> usize {
    let mut at = from;
    loop {
        let rest = &tree.source()[at..];
        let rest = &rest[rest.bytes().take_while(u8::is_ascii_whitespace).count()..];
        at = tree.source().len() - rest.len();
        if let Some(run) = after.filter(|run| run.start == at) {
            return run.end;
        }
        match rest.strip_prefix("<!--").and_then(|comment| comment.find("-->")) {
            Some(length) => at += "<!--".len() + length + "-->".len(),
            None => return at,
        }
    }
}

fn allow(source: &str, comment: &Comment, said: Span, scope: Option<Span>) -> Read {
    const LIKE: &str = "<!-- virt-quobyte: allow VQ501 reason -->";
    let mistake = |span, message: String| Mistake { span, message };
    let mut words = Words { source, rest: said };
    let verb = words.next();
    if verb.is_none_or(|verb| &source[verb.range()] != "allow") {
        let span = verb.unwrap_or(comment.span);
        return Err(mistake(span, format!("this is no suppression; {LIKE} would be right")));
    }
    let mut rules = Vec::new();
    loop {
        let Some(word) = words.next() else {
            return Err(mistake(comment.span, format!("no rule is named; {LIKE} would be right")));
        };
        rules.push((named(&source[word.range()], word)?, word));
        if !words.comma() {
            break;
        }
    }
    if is_blank(&source[words.rest.range()]) {
        let message = "a suppression without a reason; say behind the code why it is right here";
        return Err(mistake(comment.span, message.to_owned()));
    }
    let Some(scope) = scope else {
        let message = "this suppression stands before no element; directly before the one that it is about would be right";
        return Err(mistake(comment.span, message.to_owned()));
    };
    Ok(Allow { rules, scope, removal: remove_lines(source, comment.span) })
}

/// The words of a comment, which white space and commas end.
struct Words<'s> {
    source: &'s str,
    rest: Span,
}

impl Words<'_> {
    fn skip_blanks(&mut self) {
        let text = &self.source[self.rest.range()];
        self.rest.start = self.rest.end - text.trim_start().len();
    }

    fn comma(&mut self) -> bool {
        self.skip_blanks();
        let is_one = self.source[self.rest.range()].starts_with(',');
        self.rest.start += usize::from(is_one);
        is_one
    }
}

impl Iterator for Words<'_> {
    type Item = Span;

    fn next(&mut self) -> Option<Span> {
        self.skip_blanks();
        let text = &self.source[self.rest.range()];
        let length = text.find(|c: char| c.is_whitespace() || c == ',').unwrap_or(text.len());
        let word = Span::new(self.rest.start, self.rest.start + length);
        self.rest.start = word.end;
        (length > 0).then_some(word)
    }
}
