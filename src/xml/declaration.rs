//! Processing instructions, of which only one has a meaning: the XML declaration (XML 1.0, 2.6,
//! 2.8 and 4.3.3).

use super::error::{Fault, Problem};
use super::span::Span;

use super::attributes::{self, Attribute};
use super::chars::{is_name, is_space};

/// Checks `<?...?>`; `first` is where a document's first character stands.
pub(super) fn check(raw: &str, span: Span, first: usize) -> Result<(), Fault> {
    let inner = &raw["<?".len()..raw.len() - "?>".len()];
    let target_length = inner.bytes().position(is_space).unwrap_or(inner.len());
    let (target, rest) = inner.split_at(target_length);
    if !is_name(target) {
        return Err(Fault::new(Problem::NoName, Span::at(span.start + 2)));
    }
    if !target.eq_ignore_ascii_case("xml") {
        return Ok(());
    }
    if target != "xml" || span.start != first {
        return Err(Fault::new(Problem::MisplacedDeclaration, span));
    }
    let mut said = Vec::new();
    attributes::scan(rest, span.start + 2 + target_length, &mut said)?;
    judge(&said).map_err(|problem| Fault::new(problem, span))
}

fn judge(said: &[Attribute<'_>]) -> Result<(), Problem> {
    let mut rest = said.iter().map(|Attribute { name, value, .. }| (*name, &**value)).peekable();
    // An XML 1.0 reader takes any 1.x for 1.0.
    let minor =
        rest.next_if(|(name, _)| *name == "version").and_then(|(_, it)| it.strip_prefix("1."));
    if !minor.is_some_and(|minor| !minor.is_empty() && minor.bytes().all(|it| it.is_ascii_digit()))
    {
        return Err(Problem::BadDeclaration);
    }
    if let Some((_, encoding)) = rest.next_if(|(name, _)| *name == "encoding")
        && !["UTF-8", "UTF8", "US-ASCII", "ASCII"]
            .iter()
            .any(|it| encoding.eq_ignore_ascii_case(it))
    {
        return Err(Problem::OtherEncoding);
    }
    if let Some((_, standalone)) = rest.next_if(|(name, _)| *name == "standalone")
        && !matches!(standalone, "yes" | "no")
    {
        return Err(Problem::BadDeclaration);
    }
    if rest.next().is_some() { Err(Problem::BadDeclaration) } else { Ok(()) }
}
