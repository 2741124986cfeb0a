//! libvirt's own domain documents, as `tests/corpus/fetch` has put them there.

use std::fs;
use std::path::{Path, PathBuf};

/// One document.
pub(crate) struct Document {
    pub(crate) path: PathBuf,
    pub(crate) text: Vec<u8>,
}

/// The newest corpus of this clone.
pub(crate) fn fetched(clone: &Path) -> Option<PathBuf> {
    let place = clone.join("target/corpus");
    let versions = fs::read_dir(place).ok()?.map(|entry| entry.expect("readable").path());
    versions.filter(|version| version.join("tests").is_dir()).max_by_key(|version| numbers(version))
}

fn numbers(version: &Path) -> Vec<u32> {
    let name = version.file_name().unwrap_or_default().to_string_lossy();
    name.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect()
}

/// The documents in the directories over which libvirt's own schema test runs its grammar of domains, in the order of their
/// names. A link to another one is not read twice.
pub(crate) fn all(corpus: &Path) -> Vec<Document> {
    let test = fs::read_to_string(corpus.join("tests/virschematest.c")).expect("readable");
    let (_, list) = test.split_once("schemaDomain[] = {").expect("libvirt's list of directories");
    let (list, _) = list.split_once("\n};").expect("the end of that list");
    let directories = list.split(".dir = \"").skip(1).filter_map(|rest| rest.split('"').next());
    let mut documents: Vec<Document> =
        directories.flat_map(|dir| within(&corpus.join(dir))).collect();
    documents.sort_by(|one, other| one.path.cmp(&other.path));
    documents
}

fn within(directory: &Path) -> Vec<Document> {
    let entries = fs::read_dir(directory)
        .unwrap_or_else(|error| panic!("{}: {error}", directory.display()))
        .map(|entry| entry.expect("readable"));
    let files = entries.filter(|entry| {
        entry.file_type().expect("its type").is_file()
            && entry.path().extension().is_some_and(|extension| extension == "xml")
    });
    files
        .map(|file| Document { text: fs::read(file.path()).expect("readable"), path: file.path() })
        .collect()
}
