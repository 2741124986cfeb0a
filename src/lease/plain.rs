//! Leases in the one spelling that this program writes, read and written without serde: a share may have a thousand of them, and
//! each start and each end of one of its guests reads and writes them all.
//!
//! What is read here is what serde would have read, and what is written is what serde would have written, byte for byte. Any other
//! spelling is left to serde.

use super::{Daemon, Holder, Lease};

/// The key of a record's leases, as far as the first of them. Within a text each of its quotes would have a backslash before it, so
/// where these bytes are there is such a key.
const LEASES: &str = "\"leases\":[";

/// The leases of a record in JSON, and the record without them; `None` if any of them is not plain.
pub(super) fn split(text: &[u8]) -> Option<(String, Vec<Lease>)> {
    let text = std::str::from_utf8(text).ok()?;
    let (head, mut rest) = text.split_at(text.find(LEASES)? + LEASES.len());
    // Room for more than there are of domains'.
    let mut leases = Vec::with_capacity(rest.len() / 50);
    if !rest.starts_with(']') {
        loop {
            leases.push(lease(&mut rest)?);
            if take(&mut rest, ",").is_none() {
                break;
            }
        }
    }
    take(&mut rest, "]")?;
    Some(([head, "]", rest].concat(), leases))
}

/// A record in JSON that has no leases, with these in their place.
pub(super) fn join(without: &str, leases: &[Lease]) -> Vec<u8> {
    const MOST: usize = 180;
    let begin = without.find(LEASES).expect("each record has the key") + LEASES.len();
    let (head, rest) = without.split_at(begin);
    // A newline comes after it.
    let mut text = Vec::with_capacity(without.len() + leases.len() * MOST + 1);
    text.extend_from_slice(head.as_bytes());
    for (at, lease) in leases.iter().enumerate() {
        if at > 0 {
            text.push(b',');
        }
        put_lease(&mut text, lease);
    }
    text.extend_from_slice(rest.as_bytes());
    text
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

fn lease(text: &mut &str) -> Option<Lease> {
    take(text, "{\"holder\":\"")?;
    let holder = match string(text)? {
        "administrator" => Holder::Administrator,
        domain => Holder::Domain(domain.strip_prefix("domain:")?.parse().ok()?),
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
fn take(text: &mut &str, word: &str) -> Option<()> {
    *text = text.strip_prefix(word)?;
    Some(())
}

/// Goes past a text and the quote at its end.
fn string<'t>(text: &mut &'t str) -> Option<&'t str> {
    let end = memchr::memchr(b'"', text.as_bytes())?;
    let (value, rest) = text.split_at(end);
    *text = &rest[1..];
    // All bytes are looked at, so that many are at once.
    value.bytes().fold(true, |plain, byte| plain & is_plain(byte)).then_some(value)
}

/// Goes past a number that has no sign, no fraction, no exponent, and no zero in front.
fn number(text: &mut &str) -> Option<u64> {
    let mut value: u64 = 0;
    let mut digits = 0;
    for byte in text.bytes().take_while(u8::is_ascii_digit) {
        value = value.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?;
        digits += 1;
    }
    let (number, rest) = text.split_at(digits);
    let is_more = matches!(rest.bytes().next(), Some(b'.' | b'e' | b'E'));
    if is_more || number.is_empty() || (number.len() > 1 && number.starts_with('0')) {
        return None;
    }
    *text = rest;
    Some(value)
}
