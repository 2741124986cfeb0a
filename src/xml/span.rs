//! Where in the source a value stands, in bytes.

use std::ops::Range;

use super::LineColumn;

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

/// A value together with the place it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    /// The value, decoded.
    pub value: T,
    /// Where its raw form stands in the source.
    pub span: Span,
}
