//! Collects what is wrong while files are read and judged, and brings it into the order of the files.

use std::ops::Range;

use super::SourceFile;
use super::fault::Fault;
use super::origin::Origin;
use super::problem::{ConfigError, Place, Position, Problem, Subject};

/// The problems that were found so far.
#[derive(Debug)]
pub(super) struct Problems<'f> {
    files: &'f [SourceFile],
    found: Vec<(Origin, Subject, Fault)>,
}

impl<'f> Problems<'f> {
    pub(super) fn of(files: &'f [SourceFile]) -> Self {
        Self { files, found: Vec::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    pub(super) fn add(&mut self, origin: Origin, subject: Subject, fault: Fault) {
        self.found.push((origin, subject, fault));
    }

    /// The value, or `None` once it is told what is wrong with it.
    pub(super) fn sift<T>(
        &mut self,
        result: Result<T, Fault>,
        origin: Origin,
        subject: impl FnOnce() -> Subject,
    ) -> Option<T> {
        result.map_err(|fault| self.add(origin, subject(), fault)).ok()
    }

    pub(super) fn in_file(&mut self, file: usize) -> FileProblems<'_, 'f> {
        FileProblems { problems: self, file }
    }

    /// How a place is called in a message about another one.
    pub(super) fn place(&self, origin: Origin) -> Place {
        place(self.files, origin)
    }

    pub(super) fn into_error(self) -> ConfigError {
        let Self { files, mut found } = self;
        found.sort_by_key(|&(origin, ..)| origin);
        let problem =
            |(origin, subject, fault)| Problem { place: place(files, origin), subject, fault };
        ConfigError { problems: found.into_iter().map(problem).collect() }
    }
}

fn place(files: &[SourceFile], origin: Origin) -> Place {
    let SourceFile { path, text } = &files[origin.file];
    Place::File { path: path.clone(), at: Some(Position::of(text, origin.start)) }
}

/// The same, for whoever reads one file and knows only positions in it.
#[derive(Debug)]
pub(super) struct FileProblems<'p, 'f> {
    problems: &'p mut Problems<'f>,
    file: usize,
}

impl FileProblems<'_, '_> {
    pub(super) fn add(&mut self, span: &Range<usize>, fault: Fault) {
        self.problems.add(Origin::new(self.file, span), Subject::default(), fault);
    }

    pub(super) fn add_error(&mut self, error: &toml::de::Error, fault: fn(String) -> Fault) {
        self.add(&error.span().unwrap_or_default(), fault(error.message().to_owned()));
    }
}
