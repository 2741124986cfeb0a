//! Who a domain is: its UUID, which everything is keyed on, and its name, which only people use.
//!
//! Decides what libvirt takes for a UUID and for a name. The name is data: it is kept as it is and
//! shown escaped, and nothing may build a path from it.

use std::fmt::{self, Display, Formatter};
use std::ops::Range;
use std::str::FromStr;

use crate::escape::Escaped;

/// A domain's name, as libvirt has it. Shown escaped; [`as_str`](Self::as_str) gives the raw text.
///
/// Not empty is all that libvirt asks of every name (`virDomainDefParseIDs`, libvirt 9.0 to 11.3).
/// That the QEMU driver refuses `/`, and a line feed when a domain is defined, but not when it is
/// created or migrated in, is no reason for a second opinion here.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DomainName(String);

impl DomainName {
    /// The name as it is. Whoever shows it escapes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Display for DomainName {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Escaped(&self.0).fmt(f)
    }
}

impl FromStr for DomainName {
    type Err = EmptyName;

    fn from_str(text: &str) -> Result<Self, EmptyName> {
        if text.is_empty() { Err(EmptyName) } else { Ok(Self(text.to_owned())) }
    }
}

/// A domain name without a character in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the domain name is empty; libvirt wants at least one character")]
pub struct EmptyName;

/// A domain's UUID. Shown in the canonical form: lower case, 8-4-4-4-12.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DomainUuid([u8; 16]);

impl FromStr for DomainUuid {
    type Err = NotAUuid;

    /// Reads what libvirt's `virUUIDParse` reads: 16 pairs of hexadecimal digits, white space
    /// around them, and before and between the pairs any number of hyphens and spaces. After the
    /// last pair a hyphen is one too many.
    fn from_str(text: &str) -> Result<Self, NotAUuid> {
        if let Some(uuid) = text.as_bytes().try_into().ok().and_then(Self::of_ascii) {
            return Ok(uuid);
        }
        let mut rest = text.trim_matches(is_c_space).as_bytes();
        let mut uuid = [0; 16];
        for byte in &mut uuid {
            while let [b'-' | b' ', after @ ..] = rest {
                rest = after;
            }
            let [high, low, after @ ..] = rest else { return Err(NotAUuid) };
            *byte = hex_digit(*high)? << 4 | hex_digit(*low)?;
            rest = after;
        }
        if rest.is_empty() { Ok(Self(uuid)) } else { Err(NotAUuid) }
    }
}

impl DomainUuid {
    /// As it is shown. A record has a thousand of them, and is written at every start: not by way of the formatter.
    pub(crate) fn to_ascii(self) -> [u8; 36] {
        let digit = |half: u8| b"0123456789abcdef"[usize::from(half)];
        let mut text = [b'-'; 36];
        for (byte, at) in self.0.into_iter().zip(PLACES) {
            text[at] = digit(byte >> 4);
            text[at + 1] = digit(byte & 0xf);
        }
        text
    }

    /// Reads what is spelled as it is shown. All bytes are looked at, right or wrong, so that many are at once.
    pub(crate) fn of_ascii(text: &[u8; 36]) -> Option<Self> {
        let mut digits = [0; 32];
        for (shown, plain) in GROUPS {
            digits[plain].copy_from_slice(&text[shown]);
        }
        let values = digits.map(value);
        let mut uuid = [0; 16];
        for (byte, pair) in uuid.iter_mut().zip(values.chunks_exact(2)) {
            *byte = pair[0] << 4 | pair[1];
        }
        let has_hyphens = [8, 13, 18, 23].into_iter().all(|at: usize| text[at] == b'-');
        let all = values.into_iter().fold(0, |all, value| all | value);
        (all != NO_DIGIT && has_hyphens).then_some(Self(uuid))
    }
}

/// Where the two digits of each byte begin.
const PLACES: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];

/// Where the groups of digits are in what is shown, and where without the hyphens.
const GROUPS: [(Range<usize>, Range<usize>); 5] =
    [(0..8, 0..8), (9..13, 8..12), (14..18, 12..16), (19..23, 16..20), (24..36, 20..32)];

/// What a byte is worth as a hexadecimal digit.
fn value(digit: u8) -> u8 {
    let decimal = digit.wrapping_sub(b'0');
    let letter = (digit | 0x20).wrapping_sub(b'a');
    if decimal < 10 {
        decimal
    } else if letter < 6 {
        letter + 10
    } else {
        NO_DIGIT
    }
}
const NO_DIGIT: u8 = 0xff;

impl Display for DomainUuid {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.to_ascii()).expect("digits and hyphens"))
    }
}

/// A text that libvirt would not take for a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a UUID; 32 hexadecimal digits such as c7a5fdbd-edaf-9455-926a-d65c16db1809 would be right"
)]
pub struct NotAUuid;

/// The white space of C's `isspace`, which `virUUIDParse` skips; Rust's ASCII white space has no
/// vertical tab.
fn is_c_space(character: char) -> bool {
    matches!(character, '\t'..='\r' | ' ')
}

fn hex_digit(digit: u8) -> Result<u8, NotAUuid> {
    match value(digit) {
        NO_DIGIT => Err(NotAUuid),
        value => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANONICAL: &str = "c7a5fdbd-edaf-9455-926a-d65c16db1809";

    #[test]
    fn a_uuid_is_read_as_libvirt_reads_it_and_shown_canonically() {
        let rows = [
            ("canonical", CANONICAL),
            ("upper case", "C7A5FDBD-EDAF-9455-926A-D65C16DB1809"),
            ("no hyphens", "c7a5fdbdedaf9455926ad65c16db1809"),
            ("hyphens elsewhere", "--c7-a5--fdbdedaf-9455926ad65c16db18-09"),
            ("spaces between pairs", "c7a5fdbd edaf 9455 926a - d65c16db1809"),
            ("white space around", "\n\t\u{b} c7a5fdbd-edaf-9455-926a-d65c16db1809 \r\n"),
            ("a hyphen in front", "- c7a5fdbd-edaf-9455-926a-d65c16db1809"),
        ];
        for (case, text) in rows {
            let uuid: Result<DomainUuid, _> = text.parse();
            assert_eq!(uuid.map(|uuid| uuid.to_string()), Ok(CANONICAL.to_owned()), "{case}");
        }
    }

    #[test]
    fn what_libvirt_takes_for_no_uuid_is_none() {
        let rows = [
            ("nothing", ""),
            ("white space", " \n"),
            ("a digit short", "c7a5fdbd-edaf-9455-926a-d65c16db180"),
            ("a digit too many", "c7a5fdbd-edaf-9455-926a-d65c16db18091"),
            ("a pair too many", "c7a5fdbd-edaf-9455-926a-d65c16db180911"),
            ("a hyphen inside a pair", "c-7a5fdbdedaf9455926ad65c16db1809"),
            ("a hyphen at the end", "c7a5fdbd-edaf-9455-926a-d65c16db1809-"),
            ("a line feed between pairs", "c7a5fdbd\nedaf9455926ad65c16db1809"),
            ("no hexadecimal digit", "g7a5fdbd-edaf-9455-926a-d65c16db1809"),
            ("braces", "{c7a5fdbd-edaf-9455-926a-d65c16db1809}"),
            ("a wide space", "\u{a0}c7a5fdbd-edaf-9455-926a-d65c16db1809"),
        ];
        for (case, text) in rows {
            assert_eq!(text.parse::<DomainUuid>(), Err(NotAUuid), "{case}");
        }
    }

    #[test]
    fn a_name_is_kept_as_it_is_and_shown_escaped() {
        let raw = "web\u{1b}[2J\n\u{202e}01";
        let name: DomainName = raw.parse().expect("not empty");
        assert_eq!(name.as_str(), raw);
        assert_eq!(name.to_string(), r"web\u{1b}[2J\n\u{202e}01");
        assert_eq!("".parse::<DomainName>(), Err(EmptyName));
    }
}
