//! The README's parts: texts of this package with the numbers in them.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::counts::Counts;
use crate::{here, marked};

const TEXTS: [&str; 2] = ["table.md", "scopes.md"];

pub(crate) fn write(counts: &Counts) -> Result<()> {
    let (file, text) = readme(counts)?;
    fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))
}

/// The README, and what it is to be.
fn readme(counts: &Counts) -> Result<(PathBuf, String)> {
    let file = here("../../README.md");
    let mut text = fs::read_to_string(&file).context("README.md")?;
    for name in TEXTS {
        let part = fs::read_to_string(here(name)).with_context(|| name.to_owned())?;
        let part =
            filled(&part, |number| value(counts, number)).with_context(|| name.to_owned())?;
        let mark = format!("<!-- from tests/proof/{name}, by make tables -->\n");
        text = marked::replaced(&text, &mark, &part).context("README.md")?;
    }
    Ok((file, text))
}

/// The text with each `{name}` replaced.
fn filled(text: &str, value: impl Fn(&str) -> Option<String>) -> Result<String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, braced)) = rest.split_once('{') {
        let (name, after) = braced.split_once('}').context("a brace is not closed")?;
        let Some(value) = value(name) else { bail!("there is no number '{name}'") };
        filled.push_str(before);
        filled.push_str(&value);
        rest = after;
    }
    Ok(filled + rest)
}

fn value(counts: &Counts, name: &str) -> Option<String> {
    if name == "cores" {
        return Some(counts.cores.to_string());
    }
    counts.numbers.get(name).map(|number| shown(*number))
}

/// Whole numbers by threes; others to a tenth.
fn shown(number: f64) -> String {
    if number.fract() != 0.0 {
        return format!("{number:.1}");
    }
    let digits = format!("{number:.0}");
    let mut shown = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::wanted::Wanted;

    #[test]
    fn the_published_texts_are_those_of_the_counts() {
        let (file, expected) = readme(&Counts::read().expect("the counts")).expect("the text");
        let is = fs::read_to_string(&file).expect("readable");
        assert!(is == expected, "{} is out of date: make tables", file.display());
    }

    #[test]
    fn every_number_that_is_read_is_published_and_none_is_kept_that_nothing_reads() {
        let wanted: BTreeSet<String> = Wanted::read().expect("wanted").0.into_keys().collect();
        let kept: BTreeSet<String> = Counts::read().expect("counts").numbers.into_keys().collect();
        assert_eq!(wanted, kept);
        let texts = TEXTS.map(|name| fs::read_to_string(here(name)).expect("readable")).concat();
        for name in wanted {
            assert!(texts.contains(&format!("{{{name}}}")), "nothing shows {name}");
        }
    }

    #[test]
    fn a_name_that_has_no_number_is_an_error() {
        let value = |name: &str| (name == "one").then(|| "1".to_owned());
        assert_eq!(filled("a {one} b {one}.", value).expect("filled"), "a 1 b 1.");
        assert!(filled("a {two}", value).is_err());
        assert!(filled("a {one", value).is_err());
    }

    #[test]
    fn numbers_are_shown_as_people_write_them() {
        let cases =
            [(0.0, "0"), (110.0, "110"), (1234.0, "1,234"), (1e6, "1,000,000"), (5.1, "5.1")];
        for (number, expected) in cases {
            assert_eq!(shown(number), expected);
        }
    }
}
