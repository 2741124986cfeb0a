//! The domain reader: every place that it tells of is one of the document, and what it says of a place stands there.

use std::ops::Range;

use virt_quobyte::domain::{self, Domain, DomainUuid, Wanted};
use virt_quobyte::xml::Span;

/// Names in a message are cut; a message beyond this has the document in it.
const LONGEST_MESSAGE: usize = 2_000;

/// Reads bytes as a domain's document.
pub fn check(bytes: &[u8]) {
    match domain::read(bytes) {
        Ok(domain) => {
            let text = std::str::from_utf8(bytes).expect("only UTF-8 is read");
            says_what_stands_there(&domain, text);
            is_a_whole_document(&domain, bytes);
            assert_eq!(domain::read(bytes).as_ref(), Ok(&domain), "another reading says otherwise");
        }
        Err(error) => {
            let Span { start, end } = error.span;
            assert!(start <= end && end <= bytes.len(), "{start}..{end} of {}", bytes.len());
            assert_eq!(error.position, error.span.line_column(bytes));
            super::is_a_message(&error.to_string(), LONGEST_MESSAGE);
            assert_eq!(domain::read(bytes), Err(error), "another reading says otherwise");
        }
    }
}

fn says_what_stands_there(domain: &Domain, text: &str) {
    if let Some(kind) = &domain.kind {
        is_attribute(kind.span, &kind.value, text);
    }
    is_text(domain.name.span, domain.name.value.as_str(), text);
    assert!(!domain.name.value.as_str().is_empty());
    super::is_a_message(&domain.name.value.to_string(), usize::MAX);
    // A UUID is not kept as it is written.
    if let Some(uuid) = &domain.uuid {
        within(uuid.span, text);
        assert_eq!(
            domain::read_uuid(text.as_bytes()),
            Ok(uuid.value),
            "reading a part says otherwise"
        );
        let shown = uuid.value.to_string();
        assert_eq!(shown.parse::<DomainUuid>(), Ok(uuid.value), "{shown}");
    }
    for path in &domain.paths {
        super::is_a_message(&path.place.to_string(), usize::MAX);
        assert!(!path.path.is_empty());
        if path.place.to_string().contains('@') {
            is_attribute(path.span, &path.path, text);
        } else {
            is_text(path.span, &path.path, text);
        }
    }
    for share in &domain.shares {
        let (Wanted::Name(wanted) | Wanted::Export(wanted)) = &share.wanted;
        is_attribute(share.span, wanted, text);
    }
    let mut shares = domain.shares.iter().map(|share| share.span);
    assert!(shares.by_ref().is_sorted(), "requests out of the document's order");
}

fn is_attribute(span: Span, value: &str, text: &str) {
    let raw = within(span, text);
    let (before, after) = (text.as_bytes()[span.start - 1], text.as_bytes()[span.end]);
    assert!(before == after && matches!(before, b'\'' | b'"'), "{raw:?} has no quotation marks");
    assert!(
        !raw.as_bytes().contains(&before) && !raw.contains('<'),
        "{raw:?} is more than a value"
    );
    if !raw.contains(['&', '\t', '\n', '\r']) {
        assert_eq!(raw, value, "nothing in it is to be decoded");
    }
}

fn is_text(span: Span, value: &str, text: &str) {
    let raw = within(span, text);
    assert!(text[..span.start].ends_with('>'), "{raw:?} does not begin after a tag");
    assert!(text[span.end..].starts_with("</"), "{raw:?} does not end at a tag");
    if !raw.contains(['&', '<', '\r']) {
        assert_eq!(raw, value, "nothing in it is to be decoded");
    }
}

fn within(span: Span, text: &str) -> &str {
    let range: Range<usize> = span.range();
    text.get(range.clone()).unwrap_or_else(|| panic!("{range:?} is no range of characters"))
}

/// What libvirt had no time to write to its end is not read; what says nothing may stand behind the end.
fn is_a_whole_document(domain: &Domain, bytes: &[u8]) {
    let spans = domain.paths.iter().map(|path| path.span);
    let spans = spans.chain(domain.shares.iter().map(|share| share.span));
    let last = spans
        .chain([domain.name.span])
        .chain(domain.uuid.iter().map(|uuid| uuid.span))
        .map(|span| span.end)
        .max();
    let cut = &bytes[..last.expect("a name has a place")];
    assert!(domain::read(cut).is_err(), "its beginning is read as a whole");
    let longer = [bytes, b"\n<!-- the end -->\n"].concat();
    assert_eq!(
        domain::read(&longer).as_ref(),
        Ok(domain),
        "a comment behind its end says something"
    );
}
