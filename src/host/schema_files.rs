//! The files of libvirt's grammars, where its packages put them.

use std::io;
use std::path::{Path, PathBuf};

/// Where they are, by packages and as built from source.
pub const FOLDERS: [&str; 2] = ["/usr/share/libvirt/schemas", "/usr/local/share/libvirt/schemas"];

/// The grammar of domains, if libvirt is installed.
pub fn domain() -> Option<PathBuf> {
    FOLDERS.iter().map(|folder| Path::new(folder).join("domain.rng")).find(|file| file.exists())
}

/// The text of a file of the grammar that begins in `grammar`, by the name that the files of a grammar have for each other.
pub fn text(grammar: &Path, name: &str) -> io::Result<String> {
    std::fs::read_to_string(grammar.with_file_name(name))
}
