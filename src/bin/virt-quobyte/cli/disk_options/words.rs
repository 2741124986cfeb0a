//! libvirt's words as values of options: clap lists them, and says which one was nearly right.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use virt_quobyte::diskxml::Word;

/// The parser of one set of words.
pub(super) fn word<W: Word>() -> impl TypedValueParser<Value = W> {
    PossibleValuesParser::new(W::ALL.iter().map(|word| word.as_str())).map(|text: String| {
        let word = W::ALL.iter().copied().find(|word| word.as_str() == text);
        word.expect("one of those that were offered")
    })
}
