//! Reads the numbers out of the logs that are there. A log without one that it should have is an error: then a test prints
//! something else than it did, and `counts.toml` or the test is to be changed.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};

use crate::wanted::{Number, Take, Wanted};

/// What was found, and in which logs.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) numbers: BTreeMap<String, f64>,
    logs: BTreeSet<String>,
}

impl Read {
    pub(crate) fn names(&self) -> String {
        self.logs.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
    }
}

/// Reads all that is wanted from the logs that are below `target`.
pub(crate) fn read(wanted: &Wanted, target: &Path) -> Result<Read> {
    let mut read = Read { numbers: BTreeMap::new(), logs: BTreeSet::new() };
    let mut missing = Vec::new();
    let mut texts = BTreeMap::new();
    for (name, number) in &wanted.0 {
        let text = match texts.entry(&number.log) {
            Entry::Occupied(there) => there.into_mut(),
            Entry::Vacant(place) => place.insert(text(&target.join(&number.log))?),
        };
        let Some(text) = text else { continue };
        match found(number, text) {
            Ok(value) => {
                read.numbers.insert(name.clone(), value);
                read.logs.insert(number.log.clone());
            }
            Err(error) => missing.push(format!("- {name}, of target/{}: {error:#}", number.log)),
        }
    }
    ensure!(missing.is_empty(), "not every number is in its log:\n{}", missing.join("\n"));
    ensure!(!read.logs.is_empty(), "there is no log below {}: run make test", target.display());
    Ok(read)
}

/// A log, if it is there.
fn text(file: &Path) -> Result<Option<String>> {
    match fs::read(file) {
        Ok(text) => Ok(Some(String::from_utf8_lossy(&text).into_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| file.display().to_string()),
    }
}

/// The one number that all lines make.
fn found(number: &Number, text: &str) -> Result<f64> {
    let lines = text.lines().filter(|line| line.contains(&number.line));
    let groups = lines.flat_map(|line| number.pattern.captures_iter(line));
    let values = groups.map(|groups| {
        let digits = groups.get(1).context("its expression has no group")?.as_str();
        digits.replace(',', "").parse().with_context(|| format!("'{digits}' is no number"))
    });
    let values: Vec<f64> = values.collect::<Result<_>>()?;
    let Some(first) = values.first() else {
        bail!("no line with '{}' has {}", number.line, number.pattern);
    };
    Ok(match number.take {
        Take::Only => {
            ensure!(
                values.iter().all(|value| value.total_cmp(first).is_eq()),
                "there are several: {values:?}"
            );
            *first
        }
        Take::Sum => values.iter().sum(),
        Take::Least => values.iter().copied().fold(f64::INFINITY, f64::min),
        Take::Most => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
crash points tried: prepare 12, release 3
ok      7.0 s  two hosts: it moves (2 moves, 1,234 blocks)
ok      1.5 s  two hosts: it moves again (1 move, 6 blocks; after 2.5 s)
";

    fn of(words: &str) -> Result<f64> {
        let number: Number = toml::from_str(&format!("log = 'x'\n{words}")).expect("a number");
        found(&number, LOG)
    }

    #[test]
    fn several_numbers_are_made_one_as_is_said() {
        let cases = [
            ("line = 'tried'\ntake = 'sum'", 15.0),
            ("line = 'two hosts'\npattern = '([0-9]+) moves?'\ntake = 'sum'", 3.0),
            ("line = 'two hosts'\npattern = '([0-9,]+) blocks'\ntake = 'most'", 1234.0),
            ("line = 'two hosts'\npattern = '([0-9,]+) blocks'\ntake = 'least'", 6.0),
            ("line = 'again'\npattern = 'after ([0-9.]+) s'", 2.5),
        ];
        for (words, value) in cases {
            let read = of(words).unwrap_or_else(|error| panic!("{words}: {error}"));
            assert!(read.total_cmp(&value).is_eq(), "{words}: {read}");
        }
    }

    #[test]
    fn a_number_that_is_not_there_or_not_the_only_one_is_an_error() {
        for words in [
            "line = 'nobody'",
            "line = 'two hosts'\npattern = '([0-9]+) restores'",
            "line = 'tried'",
            "line = 'tried'\npattern = 'prepare'",
        ] {
            assert!(of(words).is_err(), "{words}");
        }
    }
}
