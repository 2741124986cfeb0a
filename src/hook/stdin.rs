//! The domain's XML, from standard input.

use std::io::{self, Read};

use crate::host;

/// More than any domain's XML; the reader refuses a document of this size, so no more than this is worth keeping.
const ROOM: usize = crate::xml::MAX_SIZE + 1;

/// Reads standard input to its end, also beyond what is kept: libvirt writes until all is taken.
pub(super) fn read() -> io::Result<Vec<u8>> {
    let mut stdin = host::standard_input();
    let mut document = Vec::with_capacity(16 * 1024);
    stdin.by_ref().take(ROOM as u64).read_to_end(&mut document)?;
    if document.len() == ROOM {
        io::copy(&mut *stdin, &mut io::sink())?;
    }
    Ok(document)
}
