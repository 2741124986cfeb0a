//! Where a value was written.

use std::ops::Range;

use toml::Spanned;

/// A place in one of the files.
///
/// It orders by file and then by position, which is the order in which problems are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Origin {
    /// The index of the file.
    pub(super) file: usize,
    /// The byte at which it begins.
    pub(super) start: usize,
}

impl Origin {
    pub(super) fn new(file: usize, span: &Range<usize>) -> Self {
        Self { file, start: span.start }
    }
}

/// A value with the place where it was written.
#[derive(Debug, Clone)]
pub(super) struct Located<T> {
    pub(super) value: T,
    pub(super) origin: Origin,
}

impl<T> Located<T> {
    pub(super) fn new(file: usize, spanned: Spanned<T>) -> Self {
        let origin = Origin::new(file, &spanned.span());
        Self { value: spanned.into_inner(), origin }
    }

    /// Another value in the same place.
    pub(super) fn with<U>(&self, value: U) -> Located<U> {
        Located { value, origin: self.origin }
    }
}
