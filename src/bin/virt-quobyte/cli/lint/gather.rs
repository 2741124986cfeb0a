//! Reads what is to be linted.
//!
//! A folder stands for the `*.xml` in it and below, by name; what is hidden, a symlink or no regular file is left out, so that no
//! fifo is waited for and nothing is looked at twice. What is named is read whatever it is.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::Result;
use virt_quobyte::lint::spread;
use virt_quobyte::xml::MAX_SIZE;

use super::Failure;
use crate::libvirt::{self, Documents, DomainXml};

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) texts: Vec<Text>,
    pub(super) failures: Vec<Failure>,
}

/// One document.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) name: String,
    pub(super) source: Vec<u8>,
    pub(super) wanted: Wanted,
    /// Where it is written back to, if it can be.
    pub(super) file: Option<PathBuf>,
    /// What is in one set is about different domains, and linted together.
    pub(super) set: Set,
}

/// Which of a domain's documents it is: a domain that runs has two, and must not be compared with itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Set {
    /// The only one, or as it is defined.
    Defined,
    /// As it runs, where that is different.
    Running,
}

/// Whether it has to be a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Somebody named it.
    Always,
    /// It was found in a folder.
    IfDomain,
}

/// The name for standard input.
pub(super) const STDIN: &str = "-";

pub(super) fn from_files(paths: &[PathBuf]) -> Gathered {
    let mut gathered = Gathered::default();
    let files: Vec<&PathBuf> = paths.iter().filter(|path| path.as_os_str() != STDIN).collect();
    let mut read = spread(&files, |path| read_file(path)).into_iter();
    for path in paths {
        if path.as_os_str() == STDIN {
            let read = read_some(&mut io::stdin().lock(), 0);
            gathered.add("standard input".to_owned(), None, Wanted::Always, read);
            continue;
        }
        match read.next() {
            // A folder can be opened, but not read.
            Some(Err(error)) if error.kind() == io::ErrorKind::IsADirectory => {
                gathered.folder(path);
            }
            Some(read) => gathered.add(name(path), Some(path), Wanted::Always, read),
            None => {}
        }
    }
    gathered
}

pub(super) fn from_libvirt(uri: &str, names: &[PathBuf]) -> Result<Gathered> {
    let names: Vec<String> = names.iter().map(|it| it.to_string_lossy().into_owned()).collect();
    let mut gathered = Gathered::default();
    for domain in libvirt::domains(uri, &names)? {
        let DomainXml { name, documents } = domain;
        let Documents { defined, running } = match documents {
            Ok(documents) => documents,
            Err(error) => {
                gathered.fail(name, format!("cannot be read: {error:#}"));
                continue;
            }
        };
        let mut add = |name: String, xml: String, set| {
            let (source, wanted) = (xml.into_bytes(), Wanted::Always);
            gathered.texts.push(Text { name, source, wanted, file: None, set });
        };
        match (defined, running) {
            (Some(defined), Some(running)) if defined != running => {
                add(format!("{name} (as defined)"), defined, Set::Defined);
                add(format!("{name} (running)"), running, Set::Running);
            }
            (Some(xml), _) | (None, Some(xml)) => add(name, xml, Set::Defined),
            (None, None) => {}
        }
    }
    gathered.texts.sort_by_key(|text| text.set);
    Ok(gathered)
}

impl Gathered {
    fn add(
        &mut self,
        name: String,
        file: Option<&Path>,
        wanted: Wanted,
        read: io::Result<Vec<u8>>,
    ) {
        match read {
            Ok(source) => {
                let file = file.map(Path::to_owned);
                self.texts.push(Text { name, source, wanted, file, set: Set::Defined });
            }
            Err(error) => self.fail(name, format!("cannot be read: {error}")),
        }
    }

    pub(super) fn fail(&mut self, name: String, why: String) {
        self.failures.push(Failure { name, why });
    }

    fn folder(&mut self, folder: &Path) {
        let mut files = Vec::new();
        self.list(folder, &mut files);
        let read = spread(&files, |path| read_file(path));
        for (path, read) in files.iter().zip(read) {
            self.add(name(path), Some(path), Wanted::IfDomain, read);
        }
    }

    /// The files that a folder stands for, in their order.
    fn list(&mut self, folder: &Path, files: &mut Vec<PathBuf>) {
        let mut entries = Vec::new();
        let listed = fs::read_dir(folder).and_then(|all| {
            for entry in all {
                let entry = entry?;
                entries.push((entry.file_name(), entry.file_type()?));
            }
            Ok(())
        });
        if let Err(error) = listed {
            self.fail(name(folder), format!("cannot be listed: {error}"));
        }
        entries.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        for (entry, kind) in entries {
            let path = folder.join(&entry);
            if entry.as_bytes().starts_with(b".") {
                continue;
            }
            if kind.is_dir() {
                self.list(&path, files);
            } else if kind.is_file() && entry.as_bytes().ends_with(b".xml") {
                files.push(path);
            }
        }
    }
}

/// Reads a file of whatever kind.
fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    let length = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
    read_some(&mut file, length)
}

/// Reads to the end, but not more than one byte above what a document may have, so that the reader of documents says so.
fn read_some(from: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    // With room for one byte more the end is seen without growing.
    let mut source = Vec::with_capacity(length.min(MAX_SIZE) + 1);
    from.take(MAX_SIZE as u64 + 1).read_to_end(&mut source)?;
    Ok(source)
}

fn name(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
