//! Decodes raw text: references to characters and to XML's five entities, line ends, and the white
//! space of attribute values (XML 1.0, 2.11, 3.3.3, 4.1 and 4.6). Defines no entity of its own.

use std::borrow::Cow;

use super::error::{Fault, Problem, excerpt};
use super::span::Span;

use super::chars::{is_char, is_name};

/// What a raw text is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// Text of an element.
    Content,
    /// A CDATA section, in which nothing is a reference.
    Cdata,
    /// The value of an attribute, without its quotation marks.
    Value,
}

/// The text that `raw`, which stands at `offset` in the source, means.
pub(super) fn decode(raw: &str, offset: usize, origin: Origin) -> Result<Cow<'_, str>, Fault> {
    let special = |byte: u8| match byte {
        b'\r' => true,
        b'&' => origin != Origin::Cdata,
        b'\t' | b'\n' => origin == Origin::Value,
        _ => false,
    };
    let Some(first) = raw.bytes().position(special) else { return Ok(Cow::Borrowed(raw)) };
    let mut decoded = String::with_capacity(raw.len());
    let (mut done, mut next) = (0, Some(first));
    while let Some(at) = next {
        decoded.push_str(&raw[done..at]);
        let rest = &raw[at..];
        let (character, length) = match rest.as_bytes()[0] {
            b'&' => reference(rest, offset + at)?,
            _ if rest.starts_with("\r\n") => (line_end(origin), 2),
            _ => (line_end(origin), 1),
        };
        decoded.push(character);
        done = at + length;
        next = raw[done..].bytes().position(special).map(|found| done + found);
    }
    decoded.push_str(&raw[done..]);
    Ok(Cow::Owned(decoded))
}

/// Tabs come here only out of attribute values, where they too become a space.
fn line_end(origin: Origin) -> char {
    if origin == Origin::Value { ' ' } else { '\n' }
}

/// The character that the reference at the start of `text` stands for, and its length in bytes.
fn reference(text: &str, offset: usize) -> Result<(char, usize), Fault> {
    let bare = || Fault::new(Problem::BareAmpersand, Span::new(offset, offset + 1));
    let end = text.bytes().position(|byte| byte == b';').ok_or_else(bare)?;
    let body = &text[1..end];
    let span = Span::new(offset, offset + end + 1);
    let character = match body {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "apos" => '\'',
        "quot" => '"',
        _ => match body.strip_prefix('#') {
            Some(number) => {
                character(number).ok_or_else(|| Fault::new(Problem::BadCharacterReference, span))?
            }
            None if is_name(body) => {
                return Err(Fault::new(Problem::UnknownEntity { name: excerpt(body) }, span));
            }
            None => return Err(bare()),
        },
    };
    Ok((character, end + 1))
}

fn character(number: &str) -> Option<char> {
    let (digits, radix) = match number.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    // Rust's own parser would take a sign.
    if !digits.bytes().all(|digit| char::from(digit).is_digit(radix)) {
        return None;
    }
    let code = u32::from_str_radix(digits, radix).ok()?;
    char::from_u32(code).filter(|&character| is_char(character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raw_text_means_what_xml_says() {
        use Origin::{Cdata, Content, Value};
        let rows = [
            ("nothing to do", Content, "/srv/a b", "/srv/a b"),
            ("the five", Content, "&amp;&lt;&gt;&apos;&quot;", "&<>'\""),
            ("decoded once", Value, "&amp;amp;", "&amp;"),
            ("by number", Value, "&#47;a&#x2F;b&#x1F4BE;", "/a/b\u{1f4be}"),
            ("leading zeroes", Value, "&#00047;&#x0002f;", "//"),
            ("line ends in text", Content, "a\r\nb\rc\nd\te", "a\nb\nc\nd\te"),
            ("line ends in a value", Value, "a\r\nb\rc\nd\te", "a b c d e"),
            ("two in a row", Content, "a\r\rb\n\r\nc", "a\n\nb\n\nc"),
            ("line ends by number stay", Value, "a&#10;b&#13;c&#9;d", "a\nb\rc\td"),
            ("CDATA has no references", Cdata, "&amp;\r\n&x", "&amp;\n&x"),
        ];
        for (case, origin, raw, expected) in rows {
            assert_eq!(decode(raw, 0, origin).expect(case), expected, "{case}");
        }
    }

    #[test]
    fn what_names_no_character_is_an_error_at_its_place() {
        let bad = || Problem::BadCharacterReference;
        let unknown = |name: &str| Problem::UnknownEntity { name: name.to_owned() };
        let rows = [
            ("a ; &x;", unknown("x"), 4..7),
            ("&AMP;", unknown("AMP"), 0..5),
            ("a&", Problem::BareAmpersand, 1..2),
            ("a & b;", Problem::BareAmpersand, 2..3),
            ("&;", Problem::BareAmpersand, 0..1),
            ("&#;", bad(), 0..3),
            ("&#x;", bad(), 0..4),
            ("&#X41;", bad(), 0..6),
            ("&#+65;", bad(), 0..6),
            ("&#0;", bad(), 0..4),
            ("&#x1b;", bad(), 0..6),
            ("&#xd800;", bad(), 0..8),
            ("&#xFFFE;", bad(), 0..8),
            ("&#x110000;", bad(), 0..10),
            ("&#99999999999999999999;", bad(), 0..23),
        ];
        for (raw, problem, range) in rows {
            let fault = decode(raw, 100, Origin::Value).expect_err(raw);
            assert_eq!(fault.problem, problem, "{raw}");
            assert_eq!(fault.span, Span::new(100 + range.start, 100 + range.end), "{raw}");
        }
    }
}
