//! Reads the attributes of a start tag, each with the place of its value.
//!
//! quick-xml's own iterator gives no places, and lets pass what libxml2, and so libvirt, refuses:
//! attributes that touch, `<` in a value, names that are none.

use std::borrow::Cow;

use super::error::{Fault, Problem, excerpt};
use super::span::Span;

use super::chars::{is_name, is_space};
use super::references::{Origin, decode};

/// One attribute of a start tag.
#[derive(Debug)]
pub(crate) struct Attribute<'a> {
    /// The name as written, prefix included.
    pub(crate) name: &'a str,
    pub(crate) name_span: Span,
    /// The value, decoded.
    pub(crate) value: Cow<'a, str>,
    /// The raw value, without its quotation marks.
    pub(crate) span: Span,
}

/// Reads `text`, all that follows the name in a start tag, into `attributes`.
pub(super) fn scan<'a>(
    text: &'a str,
    offset: usize,
    attributes: &mut Vec<Attribute<'a>>,
) -> Result<(), Fault> {
    attributes.clear();
    let mut at = 0;
    loop {
        let spaces = count(&text[at..], is_space);
        at += spaces;
        if at == text.len() {
            return repeated(attributes);
        }
        if spaces == 0 {
            return Err(Fault::new(Problem::NoSpaceBetweenAttributes, Span::at(offset + at)));
        }
        let (attribute, length) = attribute(&text[at..], offset + at)?;
        attributes.push(attribute);
        at += length;
    }
}

/// The attribute at the start of `text`, and its length in bytes.
fn attribute(text: &str, offset: usize) -> Result<(Attribute<'_>, usize), Fault> {
    let name_length = count(text, |byte| byte != b'=' && !is_space(byte));
    let (name, rest) = text.split_at(name_length);
    let name_span = Span::new(offset, offset + name_length);
    if !is_name(name) {
        return Err(Fault::new(Problem::BadAttribute, name_span));
    }
    let quoted = value(rest).ok_or_else(|| Fault::new(Problem::BadAttribute, name_span))?;
    let start = name_length + quoted.start;
    let raw = &text[start..start + quoted.length];
    if let Some(found) = raw.bytes().position(|byte| byte == b'<') {
        let at = offset + start + found;
        return Err(Fault::new(Problem::LessThanInValue, Span::new(at, at + 1)));
    }
    let span = Span::new(offset + start, offset + start + raw.len());
    let value = decode(raw, span.start, Origin::Value)?;
    Ok((Attribute { name, name_span, value, span }, start + raw.len() + 1))
}

struct Quoted {
    start: usize,
    length: usize,
}

/// Where the value of `='value'` stands in `text`.
fn value(text: &str) -> Option<Quoted> {
    let equals = count(text, is_space);
    let after = text[equals..].strip_prefix('=')?;
    let open = equals + 1 + count(after, is_space);
    let mark = *text.as_bytes().get(open).filter(|mark| matches!(mark, b'\'' | b'"'))?;
    let length = text.bytes().skip(open + 1).position(|byte| byte == mark)?;
    Some(Quoted { start: open + 1, length })
}

fn count(text: &str, wanted: impl Fn(u8) -> bool) -> usize {
    text.bytes().take_while(|&byte| wanted(byte)).count()
}

/// Names are compared as written: libvirt reads without regard to a duplicate by namespace.
fn repeated(attributes: &[Attribute<'_>]) -> Result<(), Fault> {
    // Pairwise is quickest for what libvirt writes, and would take hours for what others might.
    const FEW: usize = 16;
    let second = if attributes.len() <= FEW {
        (1..attributes.len())
            .find(|&at| attributes[..at].iter().any(|other| other.name == attributes[at].name))
    } else {
        let mut seen = std::collections::HashSet::with_capacity(attributes.len());
        attributes.iter().position(|attribute| !seen.insert(attribute.name))
    };
    match second {
        None => Ok(()),
        Some(at) => {
            let Attribute { name, name_span, .. } = attributes[at];
            Err(Fault::new(Problem::RepeatedAttribute { name: excerpt(name) }, name_span))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names, values and raw values, or what is wrong and with which part of the text.
    type Outcome<'a> = Result<Vec<(&'a str, String, &'a str)>, (Problem, String)>;

    fn read(text: &str) -> Outcome<'_> {
        let mut attributes = Vec::new();
        scan(text, 0, &mut attributes)
            .map_err(|Fault { problem, span }| (problem, text[span.range()].to_owned()))?;
        let shown = attributes.into_iter();
        Ok(shown
            .map(|each| (each.name, each.value.into_owned(), &text[each.span.range()]))
            .collect())
    }

    #[test]
    fn attributes_are_read_with_their_raw_values() {
        let rows = [
            ("none", "", vec![]),
            ("space only", " \n\t", vec![]),
            ("both marks", r#" a='1' b="2""#, vec![("a", "1", "1"), ("b", "2", "2")]),
            ("space around =", " a\n=\t'1' ", vec![("a", "1", "1")]),
            ("the other mark inside", r#" a='"' b="'""#, vec![("a", "\"", "\""), ("b", "'", "'")]),
            ("> inside", " a='x>y'", vec![("a", "x>y", "x>y")]),
            ("empty", " a=''", vec![("a", "", "")]),
            ("a reference", " a='&lt;ä'", vec![("a", "<ä", "&lt;ä")]),
            ("a prefix", " x:a='1' a='2'", vec![("x:a", "1", "1"), ("a", "2", "2")]),
        ];
        for (case, text, expected) in rows {
            let found = read(text).expect(case);
            let found: Vec<_> = found.iter().map(|(a, b, c)| (*a, b.as_str(), *c)).collect();
            assert_eq!(found, expected, "{case}");
        }
    }

    #[test]
    fn what_libxml2_refuses_is_refused_at_its_place() {
        let repeated = |name: &str| Problem::RepeatedAttribute { name: name.to_owned() };
        let rows = [
            (" a='1'b='2'", Problem::NoSpaceBetweenAttributes, ""),
            (" a", Problem::BadAttribute, "a"),
            (" a=", Problem::BadAttribute, "a"),
            (" a=1", Problem::BadAttribute, "a"),
            (" a='1", Problem::BadAttribute, "a"),
            (" ='1'", Problem::BadAttribute, ""),
            (" 1='1'", Problem::BadAttribute, "1"),
            (" / ", Problem::BadAttribute, "/"),
            (" a='1<2'", Problem::LessThanInValue, "<"),
            (" a='&'", Problem::BareAmpersand, "&"),
            (" a='1' b='2' a='3'", repeated("a"), "a"),
        ];
        for (text, problem, at) in rows {
            assert_eq!(read(text), Err((problem, at.to_owned())), "{text}");
        }
    }

    #[test]
    fn a_repetition_is_found_among_many() {
        use std::fmt::Write as _;
        let mut text = String::new();
        for number in 0..40 {
            write!(text, " a{number}=''").expect("a string takes all");
        }
        assert_eq!(read(&text).map(|all| all.len()), Ok(40));
        text.push_str(" a7=''");
        let problem = Problem::RepeatedAttribute { name: "a7".to_owned() };
        assert_eq!(read(&text), Err((problem, "a7".to_owned())));
    }
}
