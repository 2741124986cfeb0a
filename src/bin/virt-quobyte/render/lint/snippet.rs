//! The line that a finding is on, fit for a terminal: nothing in it that a terminal would obey or an eye take for something else,
//! and of a long line no more than is around the finding.

use std::borrow::Cow;
use std::ops::Range;

use virt_quobyte::xml::Span;

/// A line or a part of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) text: String,
    /// What is wrong, in bytes of `text`.
    pub(super) marked: Range<usize>,
    pub(super) beginning: Beginning,
}

/// Whether `text` has the line's beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beginning {
    Shown,
    CutOff,
}

/// More than any terminal shows to either side; what is shown of it, the renderer decides by its width.
const AROUND: usize = 1000;

/// What is on the first line of a span. `line` is the place of that line.
pub(super) fn line(source: &[u8], line: Span, span: Span) -> Line {
    let from = line.start.max(boundary(source, span.start.saturating_sub(AROUND)));
    let end = span.end.min(line.end).max(span.start);
    let to = line.end.min(boundary(source, end.saturating_add(AROUND).min(source.len())));
    let mut text = String::with_capacity(to - from);
    let mut add = |bytes: &[u8]| {
        push_shown(&mut text, bytes);
        text.len()
    };
    let start = add(&source[from..span.start]);
    let marked = start..add(&source[span.start..end]);
    add(&source[end..to.max(end)]);
    let beginning = if from == line.start { Beginning::Shown } else { Beginning::CutOff };
    Line { text, marked, beginning }
}

/// A place at or before this one at which no character is cut.
fn boundary(source: &[u8], mut at: usize) -> usize {
    while at > 0 && source.get(at).is_some_and(|byte| byte & 0xc0 == 0x80) {
        at -= 1;
    }
    at
}

fn push_shown(text: &mut String, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        text.extend(chunk.valid().chars().map(shown));
        if !chunk.invalid().is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
}

/// A text with nothing in it that does not print, whatever it was before.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    if text.chars().all(|c| shown(c) == c) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(shown).collect())
}

fn shown(character: char) -> char {
    match character {
        ' '..='~' | '\t' | '\n' => character,
        _ if character.escape_debug().len() > 1 => char::REPLACEMENT_CHARACTER,
        _ => character,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(source: &[u8], start: usize, end: usize) -> Line {
        let feed = |byte: &u8| *byte == b'\n';
        let first = source[..start].iter().rposition(feed).map_or(0, |at| at + 1);
        let last = source[start..].iter().position(feed).map_or(source.len(), |at| start + at);
        line(source, Span { start: first, end: last }, Span { start, end })
    }

    #[test]
    fn what_is_marked_is_what_was_found_whatever_stands_before_it() {
        let rows: [(&str, &[u8], Range<usize>, &str, &str); 6] = [
            ("plain", b"<a>\n<b c='d'/>\n", 8..11, "<b c='d'/>", "='d"),
            ("escape sequences", "\u{9b}31m=x".as_bytes(), 5..7, "\u{fffd}31m=x", "=x"),
            ("bidirectional", "a\u{202e}b='c'".as_bytes(), 4..5, "a\u{fffd}b='c'", "b"),
            ("no text", b"a\xff\xfeb", 3..4, "a\u{fffd}\u{fffd}b", "b"),
            ("over the end of the line", b"ab\ncd", 1..5, "ab", "b"),
            ("nothing", b"ab", 1..1, "ab", ""),
        ];
        for (case, source, span, text, marked) in rows {
            let line = of(source, span.start, span.end);
            assert_eq!(line.text, text, "{case}");
            assert_eq!(&line.text[line.marked], marked, "{case}");
        }
    }

    #[test]
    fn of_a_long_line_a_part_is_shown_that_cuts_no_character() {
        let source = format!("{}x{}", "ä".repeat(700), "ö".repeat(100_000));
        let line = of(source.as_bytes(), 1400, 1401);
        assert_eq!(&line.text[line.marked], "x");
        assert_eq!(line.text.chars().count(), 500 + 1 + 500);
        assert_eq!(line.beginning, Beginning::CutOff);
        assert!(!line.text.contains(char::REPLACEMENT_CHARACTER), "{}", line.text);
    }
}
