//! A document that is named on the command line: a file, or `-` for standard input.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context, Result};
use virt_quobyte::xml::MAX_SIZE;

/// Its bytes, and what to call it in an error.
pub(super) fn read(file: &Path) -> Result<(Vec<u8>, String)> {
    // One byte more than the reader takes, so that it says what is wrong.
    let room = MAX_SIZE as u64 + 1;
    let mut source = Vec::new();
    if file == Path::new("-") {
        let stdin = io::stdin().lock();
        stdin.take(room).read_to_end(&mut source).context("cannot read standard input")?;
        return Ok((source, "standard input".to_owned()));
    }
    let name = file.to_string_lossy().escape_debug().to_string();
    File::open(file)
        .and_then(|file| file.take(room).read_to_end(&mut source))
        .with_context(|| format!("cannot read {name}"))?;
    Ok((source, name))
}
