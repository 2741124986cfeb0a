//! Where in the source a value stands. Knows bytes, lines and columns; nothing of XML.

use std::fmt::{self, Display, Formatter};
use std::ops::Range;

/// A range of bytes of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl Span {
    pub(crate) fn new(start: usize, end: usize) -> Self {
        debug_assert!(start <= end, "a span ends at or after its start");
        Self { start, end }
    }

    /// The place between two bytes, for what is missing there.
    pub(crate) fn at(offset: usize) -> Self {
        Self::new(offset, offset)
    }

    /// For slicing the source.
    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }

    /// Where the span begins, as an editor counts. `source` is what was read.
    ///
    /// A source that is not UTF-8 is counted with one column for every sequence of bytes that a
    /// decoder would replace.
    pub fn line_column(self, source: &[u8]) -> LineColumn {
        let before = &source[..self.start.min(source.len())];
        let line_start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        LineColumn {
            line: before.split(|&byte| byte == b'\n').count(),
            column: String::from_utf8_lossy(&before[line_start..]).chars().count() + 1,
        }
    }
}

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

/// A value together with the place it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    /// The value, decoded.
    pub value: T,
    /// Where its raw form stands in the source.
    pub span: Span,
}

#[cfg(test)]
mod tests {
    use super::*;

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
        }
    }
}
