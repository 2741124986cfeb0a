//! Where a finding is, in lines and columns. The lines of a document are counted only if it has a finding.

use std::sync::OnceLock;

use virt_quobyte::xml::{LineColumn, Lines, Span};

use crate::cli::{Document, LintReport};

/// The places of a report's documents.
#[derive(Debug)]
pub(super) struct Places<'g> {
    lines: Vec<(&'g [u8], OnceLock<Lines<'g>>)>,
}

/// From where to where, both counted from 1; the end is the column after the last character.
#[derive(Debug, Clone, Copy)]
pub(super) struct Region {
    pub(super) start: LineColumn,
    pub(super) end: LineColumn,
}

impl<'g> Places<'g> {
    pub(super) fn of(report: &LintReport<'g>) -> Self {
        let lines = |document: &Document<'g>| (document.source, OnceLock::new());
        Self { lines: report.documents.iter().map(lines).collect() }
    }

    /// The lines of the document of this number.
    pub(super) fn lines(&self, document: usize) -> &Lines<'g> {
        let (source, lines) = &self.lines[document];
        lines.get_or_init(|| Lines::of(source))
    }

    pub(super) fn region(&self, document: usize, span: Span) -> Region {
        let lines = self.lines(document);
        let (start, end) = (lines.line_column(span.start), lines.line_column(span.end));
        Region { start, end }
    }
}
