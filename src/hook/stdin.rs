//! The domain's XML, from standard input.

use std::io::{self, Read};

/// More than any domain's XML; the reader refuses a document of this size, so no more than this is worth keeping.
const ROOM: u64 = crate::xml::MAX_SIZE as u64 + 1;

/// Reads standard input to its end, also beyond what is kept: libvirt writes until all is taken.
pub(super) fn read() -> io::Result<Vec<u8>> {
    let mut stdin = io::stdin().lock();
    let mut document = Vec::with_capacity(16 * 1024);
    stdin.by_ref().take(ROOM).read_to_end(&mut document)?;
    io::copy(&mut stdin, &mut io::sink())?;
    Ok(document)
}
