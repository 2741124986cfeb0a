//! Where in the source a value stands, as an editor counts. Knows nothing of XML.

use std::fmt::{self, Display, Formatter};

use super::Span;

/// A line and a column, both counted from 1; the column in characters, not in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LineColumn {
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
}

impl Display for LineColumn {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// The lines of a source, found once, for whoever has many places to name.
///
/// A source that is not UTF-8 is counted with one column for every sequence of bytes that a decoder would replace.
#[derive(Debug)]
pub struct Lines<'a> {
    source: &'a [u8],
    /// Where each begins.
    starts: Vec<usize>,
    /// How many characters stand before each block of so many bytes: a document may be one line of megabytes, with thousands of
    /// places to name. Only for a source that is UTF-8 and longer than a block.
    before: Vec<usize>,
}

const BLOCK: usize = 4096;

impl<'a> Lines<'a> {
    /// Looks at the whole source once.
    pub fn of(source: &'a [u8]) -> Self {
        let feeds = source.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        let starts = std::iter::once(0).chain(feeds.map(|(at, _)| at + 1)).collect();
        let mut before = Vec::new();
        if source.len() > BLOCK && std::str::from_utf8(source).is_ok() {
            let mut characters = 0;
            for block in source.chunks(BLOCK) {
                before.push(characters);
                characters += begun(block);
            }
        }
        Self { source, starts, before }
    }

    /// The line and the column of a byte; one beyond the end is taken for the end.
    pub fn line_column(&self, offset: usize) -> LineColumn {
        let offset = offset.min(self.source.len());
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts[line - 1];
        let characters = if self.before.is_empty() {
            String::from_utf8_lossy(&self.source[start..offset]).chars().count()
        } else {
            self.characters_before(offset) - self.characters_before(start)
        };
        LineColumn { line, column: characters + 1 }
    }

    /// How many characters begin before a byte.
    fn characters_before(&self, offset: usize) -> usize {
        let block = (offset / BLOCK).min(self.before.len() - 1);
        self.before[block] + begun(&self.source[block * BLOCK..offset])
    }

    /// The place of a line, counted from 1, without its end.
    pub fn line(&self, line: usize) -> Option<Span> {
        let start = *self.starts.get(line.checked_sub(1)?)?;
        let end = self.starts.get(line).map_or(self.source.len(), |next| next - 1);
        let end = if self.source[start..end].ends_with(b"\r") { end - 1 } else { end };
        Some(Span::new(start, end))
    }
}

/// How many characters of UTF-8 begin in these bytes: all but those that go on with one.
fn begun(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_counted_as_a_short_one_is() {
        let line = "äx東\u{1f4be}".repeat(3000);
        for source in [format!("{line}\n{line}"), line] {
            let lines = Lines::of(source.as_bytes());
            assert!(!lines.before.is_empty());
            for (offset, _) in source.char_indices().step_by(97).chain([(source.len(), ' ')]) {
                let expected = Span::at(offset).line_column(source.as_bytes());
                assert_eq!(lines.line_column(offset), expected, "{offset}");
            }
        }
    }

    #[test]
    fn columns_count_characters_and_lines_count_line_feeds() {
        let rows = [
            ("start", b"abc" as &[u8], 0, (1, 1)),
            ("end of the source", b"abc", 3, (1, 4)),
            ("beyond the source", b"abc", 9, (1, 4)),
            ("after a line feed", b"a\nb", 2, (2, 1)),
            ("on a line feed", b"a\nb", 1, (1, 2)),
            ("after CR LF", b"a\r\nb", 3, (2, 1)),
            ("after two characters of two bytes", "äöx".as_bytes(), 4, (1, 3)),
            ("after a byte that is no character", b"a\xffx", 2, (1, 3)),
        ];
        for (case, source, offset, (line, column)) in rows {
            assert_eq!(Span::at(offset).line_column(source), LineColumn { line, column }, "{case}");
            assert_eq!(
                Lines::of(source).line_column(offset),
                LineColumn { line, column },
                "{case}"
            );
        }
    }
}
