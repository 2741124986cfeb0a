//! Leases in the one spelling that this program writes, read and written without serde: a share may have a thousand of them, and
//! each start and each end of one of its guests reads and writes them all.
//!
//! What is read here is what serde would have read, and what is written is what serde would have written, byte for byte. Any other
//! spelling is left to serde.

use std::io::{self, Read, Write};

use super::{Daemon, Holder, Lease};
use crate::domain::DomainUuid;

/// The key of a record's leases, as far as the first of them. Within a text each of its quotes would have a backslash before it, so
/// where these bytes are there is such a key.
const LEASES: &str = "\"leases\":[";

/// How much is read and written at a time. Memory for a whole record would be asked of the kernel page by page, and that takes longer
/// than to read the record, or to write it.
const PIECE: usize = 16 * 1024;

/// More than a lease takes whose domain has a name that people can read.
const LONG: usize = 2 * 1024;

/// The leases of a record in JSON that is about so long, and the record without them; `None` if any of them is not plain.
pub(super) fn read(from: impl Read, length: usize) -> io::Result<Option<(String, Vec<Lease>)>> {
    let piece = Vec::with_capacity((length + 1).clamp(LONG, PIECE));
    let mut pieces = Pieces { from, piece, at: 0, more: More::Expected };
    let Some(begin) = memchr::memmem::find(pieces.rest()?, LEASES.as_bytes()) else {
        return Ok(None);
    };
    pieces.at = begin + LEASES.len();
    let mut without = pieces.piece[..pieces.at].to_vec();
    // Room for more than there are of domains'.
    let mut leases = Vec::with_capacity(length / 50);
    while pieces.rest()?.first() != Some(&b']') {
        if !leases.is_empty() {
            match pieces.rest()?.first() {
                Some(b',') => pieces.at += 1,
                _ => return Ok(None),
            }
        }
        let Some(lease) = pieces.lease()? else { return Ok(None) };
        leases.push(lease);
    }
    without.extend_from_slice(&pieces.piece[pieces.at..]);
    pieces.from.read_to_end(&mut without)?;
    Ok(String::from_utf8(without).ok().map(|without| (without, leases)))
}

/// Writes a record in JSON that has no leases, with these in their place, and tells how long it is.
pub(super) fn write(without: &str, leases: &[Lease], to: &mut impl Write) -> io::Result<usize> {
    const MOST: usize = 180;
    let begin = without.find(LEASES).expect("each record has the key") + LEASES.len();
    let (head, rest) = without.split_at(begin);
    let mut piece =
        Vec::with_capacity(without.len() + leases.len().saturating_mul(MOST).min(PIECE));
    let mut written = 0;
    piece.extend_from_slice(head.as_bytes());
    for (at, lease) in leases.iter().enumerate() {
        if at > 0 {
            piece.push(b',');
        }
        put_lease(&mut piece, lease);
        if piece.len() > PIECE - MOST {
            to.write_all(&piece)?;
            written += piece.len();
            piece.clear();
        }
    }
    piece.extend_from_slice(rest.as_bytes());
    piece.push(b'\n');
    to.write_all(&piece)?;
    Ok(written + piece.len())
}

fn put_lease(text: &mut Vec<u8>, lease: &Lease) {
    // Named one by one, so that a field that is added cannot be forgotten here.
    let Lease { holder, domain_name, since, daemon } = lease;
    text.extend_from_slice(b"{\"holder\":\"");
    match holder {
        Holder::Domain(uuid) => {
            text.extend_from_slice(DOMAIN);
            text.extend_from_slice(&uuid.to_ascii());
        }
        Holder::Administrator => text.extend_from_slice(ADMINISTRATOR),
    }
    text.push(b'"');
    if let Some(name) = domain_name {
        text.extend_from_slice(b",\"domain_name\":");
        put_text(text, name);
    }
    text.extend_from_slice(b",\"since\":");
    put_number(text, *since);
    if let Some(Daemon { pid, start_time }) = daemon {
        text.extend_from_slice(b",\"daemon\":{\"pid\":");
        put_number(text, u64::from(*pid));
        text.extend_from_slice(b",\"start_time\":");
        put_number(text, *start_time);
        text.push(b'}');
    }
    text.push(b'}');
}

const DOMAIN: &[u8] = b"domain:";
const ADMINISTRATOR: &[u8] = b"administrator";

fn put_text(text: &mut Vec<u8>, value: &str) {
    if value.bytes().all(is_plain) {
        text.push(b'"');
        text.extend_from_slice(value.as_bytes());
        text.push(b'"');
    } else {
        serde_json::to_writer(text, value).expect("a Vec takes everything");
    }
}

fn put_number(text: &mut Vec<u8>, number: u64) {
    serde_json::to_writer(text, &number).expect("a Vec takes everything");
}

/// Whether a byte stands for itself in a text of JSON.
fn is_plain(byte: u8) -> bool {
    byte >= 0x20 && byte != b'"' && byte != b'\\'
}

/// A record that is being read.
struct Pieces<R> {
    from: R,
    piece: Vec<u8>,
    /// How much of the piece is done with.
    at: usize,
    more: More,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum More {
    Expected,
    Ended,
}

impl<R: Read> Pieces<R> {
    /// What comes next: all of a lease that is not too long, or all that there is.
    fn rest(&mut self) -> io::Result<&[u8]> {
        if self.piece.len() - self.at < LONG && self.more == More::Expected {
            self.piece.drain(..self.at);
            self.at = 0;
            let room = self.piece.capacity() - self.piece.len();
            let read = self.from.by_ref().take(room as u64).read_to_end(&mut self.piece)?;
            if read < room {
                self.more = More::Ended;
            }
        }
        Ok(&self.piece[self.at..])
    }

    fn lease(&mut self) -> io::Result<Option<Lease>> {
        let mut rest = self.rest()?;
        let before = rest.len();
        let lease = lease(&mut rest);
        let taken = before - rest.len();
        self.at += taken;
        Ok(lease)
    }
}

fn lease(text: &mut &[u8]) -> Option<Lease> {
    take(text, "{\"holder\":\"")?;
    let holder = if take(text, "administrator\"").is_some() {
        Holder::Administrator
    } else {
        take(text, "domain:")?;
        let (uuid, rest) = text.split_first_chunk()?;
        let holder = Holder::Domain(DomainUuid::of_ascii(uuid)?);
        *text = rest;
        take(text, "\"")?;
        holder
    };
    let domain_name = match take(text, ",\"domain_name\":\"") {
        Some(()) => Some(string(text)?.to_owned()),
        None => None,
    };
    take(text, ",\"since\":")?;
    let since = number(text)?;
    let daemon = match take(text, ",\"daemon\":{\"pid\":") {
        Some(()) => {
            let pid = number(text)?.try_into().ok()?;
            take(text, ",\"start_time\":")?;
            let start_time = number(text)?;
            take(text, "}")?;
            Some(Daemon { pid, start_time })
        }
        None => None,
    };
    take(text, "}")?;
    Some(Lease { holder, domain_name, since, daemon })
}

/// Goes past a word, if the text begins with it.
fn take(text: &mut &[u8], word: &str) -> Option<()> {
    *text = text.strip_prefix(word.as_bytes())?;
    Some(())
}

/// Goes past a text and the quote at its end.
fn string<'t>(text: &mut &'t [u8]) -> Option<&'t str> {
    let end = memchr::memchr(b'"', text)?;
    let (value, rest) = text.split_at(end);
    *text = &rest[1..];
    // All bytes are looked at, so that many are at once.
    let is_plain = value.iter().fold(true, |plain, &byte| plain & is_plain(byte));
    std::str::from_utf8(value).ok().filter(|_| is_plain)
}

/// Goes past a number that has no sign, no fraction, no exponent, and no zero in front.
fn number(text: &mut &[u8]) -> Option<u64> {
    // As many digits as any number of 64 bits can have, and not one of 65.
    const MOST: usize = 19;
    let mut value: u64 = 0;
    let mut digits = 0;
    for byte in text.iter().take(MOST + 1).take_while(|byte| byte.is_ascii_digit()) {
        value = value.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
        digits += 1;
    }
    let (number, rest) = text.split_at(digits);
    let is_more = digits > MOST || matches!(rest.first(), Some(b'.' | b'e' | b'E'));
    if is_more || number.is_empty() || (number.len() > 1 && number[0] == b'0') {
        return None;
    }
    *text = rest;
    Some(value)
}
