//! What holds for every document, not for the ones that somebody thought of.

use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::sample::Index;
use virt_quobyte::domain::places::{Item, Reach, Row, TABLE};
use virt_quobyte::domain::{self, Domain, Wanted};

use crate::documents::{Fixture, fixtures};

/// Where the root element of a document ends: everything behind it may be missing.
fn end_of_root(source: &[u8]) -> usize {
    let tag = b"</domain>";
    let at = source.windows(tag.len()).rposition(|window| window == tag);
    at.expect("an end tag") + tag.len()
}

#[test]
fn every_beginning_of_a_document_is_refused() {
    for Fixture { name, source, .. } in fixtures() {
        let end = end_of_root(source);
        // All of them where it is short; where it is long, some in every tag.
        let step = if end < 2000 { 1 } else { 7 };
        for cut in (0..end).step_by(step) {
            let Err(error) = domain::read(&source[..cut]) else {
                panic!("{name} is read without its bytes from {cut} on");
            };
            assert!(error.span.end <= cut, "{name}, cut at {cut}: {error}");
        }
        assert!(domain::read(&source[..end]).is_ok(), "{name}");
    }
}

/// A document that comes with a migration carries passwords, as attributes; what is said of it reaches logs.
#[test]
fn no_damage_makes_a_refusal_tell_a_password() {
    const SECRET: &str = "S3cret";
    let whole = format!(
        "<domain type='kvm'><name>web1</name><uuid>4dea22b3-1d52-d8f3-2516-782e98ab3fa0</uuid><devices>\
         <graphics type='vnc' passwd='{SECRET}' port=\"1\"/><disk type='file'><source file='/a'/></disk></devices></domain>"
    );
    let mut refused = 0;
    for at in 0..whole.len() {
        for byte in ["", "<", ">", "/", "&", ";", "'", "\"", "=", " ", "x", "\0"] {
            for end in [at, at + 1] {
                let damaged = [&whole[..at], byte, &whole[end..]].concat();
                let Err(error) = domain::read(damaged.as_bytes()) else { continue };
                assert!(!error.to_string().contains(SECRET), "{damaged}: {error}");
                refused += 1;
            }
        }
    }
    assert!(refused > 1000, "{refused}");
}

/// Pieces of markup, as a regular expression.
const MARKUP: &str = "(<|>|/|<!|--|\\[CDATA\\[|\\]\\]>|<\\?|\\?>|xml|&|;|#|'|\"|=| |a|domain|name|\
                      \u{e4}|\u{feff}){0,30}";

/// What can be said about the spans of any document that was read.
fn spans_are_sound(domain: &Domain, source: &[u8]) {
    let value = |range: std::ops::Range<usize>| {
        let (before, after) = (source[range.start - 1], source[range.end]);
        assert!(before == after && matches!(before, b'\'' | b'"'), "a value in quotation marks");
        assert!(!source[range].contains(&before));
    };
    let text = |range: std::ops::Range<usize>| {
        assert_eq!(source[range.start - 1], b'>');
        // An empty-element tag has no end tag, and no text that could be kept.
        assert!(source[range.end..].starts_with(b"</"));
    };
    text(domain.name.span.range());
    if let Some(uuid) = &domain.uuid {
        text(uuid.span.range());
    }
    for path in &domain.paths {
        if path.place.to_string().contains('@') {
            value(path.span.range());
        } else {
            text(path.span.range());
        }
    }
    for share in &domain.shares {
        value(share.span.range());
    }
}

#[derive(Debug, Clone)]
enum Change {
    Delete(Index, usize),
    Insert(Index, Vec<u8>),
    Replace(Index, u8),
    Copy(Index, Index, usize),
    Cut(Index),
}

fn change() -> impl Strategy<Value = Change> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "<",
            ">",
            "/>",
            "</",
            "'",
            "\"",
            "&",
            ";",
            "&#10;",
            "<!--",
            "-->",
            "<![CDATA[",
            "]]>",
            "<?",
            "?>",
            "<?xml version='1.0'?>",
            "<!DOCTYPE a>",
            "xmlns=''",
            "xmlns:vq='u'",
            "\0",
            " ",
            "\r\n",
            "<a/>",
            "<!-->",
            "<!--->",
            "<!>",
            "<!D",
            "\u{feff}",
        ])
        .prop_map(|piece| piece.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 1..4),
    ];
    prop_oneof![
        (any::<Index>(), 1..20_usize).prop_map(|(at, count)| Change::Delete(at, count)),
        (any::<Index>(), piece).prop_map(|(at, piece)| Change::Insert(at, piece)),
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Change::Replace(at, byte)),
        (any::<Index>(), any::<Index>(), 1..60_usize)
            .prop_map(|(from, to, count)| Change::Copy(from, to, count)),
        any::<Index>().prop_map(Change::Cut),
    ]
}

fn apply(change: &Change, source: &mut Vec<u8>) {
    let size = source.len();
    if size == 0 {
        return;
    }
    let until = |at: usize, count: usize| (at + count).min(size);
    match change {
        Change::Delete(at, count) => {
            let at = at.index(size);
            source.drain(at..until(at, *count));
        }
        Change::Insert(at, piece) => {
            let at = at.index(size);
            source.splice(at..at, piece.iter().copied());
        }
        Change::Replace(at, byte) => source[at.index(size)] = *byte,
        Change::Copy(from, to, count) => {
            let (from, to) = (from.index(size), to.index(size));
            let copy = source[from..until(from, *count)].to_vec();
            source.splice(to..to, copy);
        }
        Change::Cut(at) => source.truncate(at.index(size)),
    }
}

/// A path to be written into a document, and how.
#[derive(Debug, Clone)]
struct Use {
    row: Row,
    parent: &'static str,
    /// What stands between the parent and the element, where the table allows it.
    between: &'static [&'static str],
    item: Item,
    value: String,
    style: Style,
}

/// How a value is spelt: everything that may be a reference is one, or only what must be.
#[derive(Debug, Clone, Copy)]
enum Style {
    Plain,
    References,
    /// Text in a CDATA section where it can be; an attribute in double quotation marks.
    Other,
}

fn any_use() -> impl Strategy<Value = Use> {
    let between = prop::sample::select(vec![
        &[] as &[&str],
        &["backingStore"],
        &["mirror", "backingStore", "backingStore"],
        &["source", "dataStore"],
    ]);
    let value = prop_oneof![
        "/[a-z/. -]{0,20}",
        "/[ -~äΩ東\u{1F4BE}\t\n\r\u{85}\u{2028}]{0,20}",
        "[ -~ä\t\n\r]{0,8}",
    ];
    let style = prop::sample::select(vec![Style::Plain, Style::References, Style::Other]);
    (prop::sample::select(TABLE), any::<(Index, Index)>(), between, value, style).prop_map(
        |(row, (parent, item), between, value, style)| Use {
            row,
            parent: row.parents[parent.index(row.parents.len())],
            between: if row.reach == Reach::Descendant { between } else { &[] },
            item: row.items[item.index(row.items.len())],
            value,
            style,
        },
    )
}

fn spell_value(value: &str, style: Style) -> String {
    let (mark, other) = if matches!(style, Style::Other) { ('"', '\'') } else { ('\'', '"') };
    let mut spelt = String::from(mark);
    for character in value.chars() {
        match (character, style) {
            ('&', Style::Plain) => spelt.push_str("&amp;"),
            ('<', Style::Plain) => spelt.push_str("&lt;"),
            (_, Style::References) => {
                write!(spelt, "&#x{:x};", u32::from(character)).expect("room");
            }
            ('&' | '<' | '\t' | '\n' | '\r', _) => {
                write!(spelt, "&#{};", u32::from(character)).expect("room");
            }
            (_, _) if character == mark => {
                spelt.push_str(if mark == '"' { "&quot;" } else { "&apos;" });
            }
            (_, _) if character == other => spelt.push(other),
            (_, _) => spelt.push(character),
        }
    }
    spelt.push(mark);
    spelt
}

fn spell_text(text: &str, style: Style) -> String {
    if matches!(style, Style::Other) && !text.contains(['\r', ']']) {
        return format!("<![CDATA[{text}]]>");
    }
    let mut spelt = String::new();
    for character in text.chars() {
        match (character, style) {
            (_, Style::References) => write!(spelt, "&#{};", u32::from(character)).expect("room"),
            ('&', _) => spelt.push_str("&amp;"),
            ('<', _) => spelt.push_str("&lt;"),
            ('>', _) => spelt.push_str("&gt;"),
            ('\r', _) => spelt.push_str("&#13;"),
            _ => spelt.push(character),
        }
    }
    spelt
}

impl Use {
    fn element(&self) -> Vec<&'static str> {
        let parent = self.parent.split('/').filter(|step| !step.is_empty());
        parent.chain(self.between.iter().copied()).chain([self.row.name]).collect()
    }

    fn write(&self, source: &mut String) {
        let element = self.element();
        for step in &element[..element.len() - 1] {
            write!(source, "<{step}>\n  ").expect("room");
        }
        let (name, style) = (self.row.name, self.style);
        match self.item {
            Item::Text => write!(source, "<{name}>{}</{name}>", spell_text(&self.value, style)),
            Item::Attribute(attribute) | Item::AttributeIfAbsolute(attribute) => {
                let value = spell_value(&self.value, style);
                write!(source, "<{name} type='x' {attribute}={value}/>")
            }
        }
        .expect("room");
        for step in element[..element.len() - 1].iter().rev() {
            write!(source, "<!-- -->\n</{step}>").expect("room");
        }
    }

    /// The place and the path that must be read, if any.
    fn expected(&self) -> Option<(String, String)> {
        let element = self.element().join("/");
        let blank = self.value.chars().all(|it| matches!(it, ' ' | '\t' | '\n' | '\r'));
        match self.item {
            Item::Text if blank => None,
            Item::Text => Some((element, self.value.clone())),
            Item::Attribute(_) if self.value.is_empty() => None,
            Item::AttributeIfAbsolute(_) if !self.value.starts_with('/') => None,
            Item::Attribute(attribute) | Item::AttributeIfAbsolute(attribute) => {
                Some((format!("{element}@{attribute}"), self.value.clone()))
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn no_bytes_make_it_panic(source in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(domain::read(&source).is_err());
    }

    #[test]
    fn no_text_of_markup_makes_it_panic(source in MARKUP) {
        if let Ok(domain) = domain::read(source.as_bytes()) {
            spans_are_sound(&domain, source.as_bytes());
        }
    }

    #[test]
    fn a_changed_document_is_read_soundly_or_refused_at_a_place_in_it(
        which in any::<Index>(),
        changes in prop::collection::vec(change(), 1..4),
    ) {
        let mut source = which.get(fixtures()).source.clone();
        for change in &changes {
            apply(change, &mut source);
        }
        match domain::read(&source) {
            Ok(domain) => spans_are_sound(&domain, &source),
            Err(error) => {
                prop_assert!(error.span.end <= source.len());
                prop_assert!(!error.to_string().chars().any(char::is_control), "{:?}", error);
            }
        }
    }

    #[test]
    fn what_is_written_is_read(
        name in "[ -~äΩ\n\u{202e}]{1,20}",
        uuid in "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        kind in "[a-z]{1,8}",
        requests in prop::collection::vec(("[ -~ä\n]{1,12}", any::<bool>()), 0..4),
        uses in prop::collection::vec(any_use(), 0..12),
        style in prop::sample::select(vec![Style::Plain, Style::References, Style::Other]),
    ) {
        let mut source = format!("<domain type={}>\n", spell_value(&kind, style));
        write!(source, "<name>{}</name><metadata>", spell_text(&name, style)).expect("room");
        source.push_str("<v:shares xmlns:v='urn:virt-quobyte:domain:1'>");
        for (value, by_name) in &requests {
            let attribute = if *by_name { "name" } else { "export" };
            write!(source, "<v:share {attribute}={}/>", spell_value(value, style)).expect("room");
        }
        source.push_str("</v:shares></metadata>");
        for each in &uses {
            each.write(&mut source);
        }
        write!(source, "\n<uuid> {} </uuid></domain>\n", uuid.to_uppercase()).expect("room");

        let domain = domain::read(source.as_bytes());
        let domain = domain.map_err(|error| TestCaseError::fail(format!("{error}: {source}")))?;
        spans_are_sound(&domain, source.as_bytes());
        prop_assert_eq!(domain.name.value.as_str(), &name);
        let alone = domain::read_uuid(source.as_bytes()).expect("it stands there");
        prop_assert_eq!(domain.uuid.map(|uuid| uuid.value), Some(alone));
        prop_assert_eq!(alone.to_string(), uuid);
        prop_assert_eq!(domain.kind.map(|kind| kind.value), Some(kind));
        let found: Vec<_> = domain.shares.into_iter().map(|share| share.wanted).collect();
        let wanted = requests.into_iter().map(|(value, by_name)| {
            if by_name { Wanted::Name(value) } else { Wanted::Export(value) }
        });
        prop_assert_eq!(found, wanted.collect::<Vec<_>>());
        let found: Vec<_> =
            domain.paths.into_iter().map(|path| (path.place.to_string(), path.path)).collect();
        prop_assert_eq!(found, uses.iter().filter_map(Use::expected).collect::<Vec<_>>());
    }
}
