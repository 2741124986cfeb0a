//! Which numbers there are: `counts.toml`.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context as _, Result};
use regex_lite::Regex;
use serde::{Deserialize, Deserializer};

use crate::here;

/// All of them, by their names.
#[derive(Debug, Deserialize)]
pub(crate) struct Wanted(pub(crate) BTreeMap<String, Number>);

/// Where one number is to be found.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Number {
    /// A file below `target`.
    pub(crate) log: String,
    /// What a line with it holds, as it stands.
    pub(crate) line: String,
    /// The number in such a line is a group of this; each, where there are several.
    #[serde(default = "any", deserialize_with = "expression")]
    pub(crate) pattern: Regex,
    #[serde(default)]
    pub(crate) take: Take,
}

/// What becomes of several.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Take {
    /// There is one; or it is the same everywhere.
    #[default]
    Only,
    Sum,
    Least,
    Most,
}

impl Wanted {
    pub(crate) fn read() -> Result<Self> {
        let text = fs::read_to_string(here("counts.toml")).context("tests/proof/counts.toml")?;
        toml::from_str(&text).context("tests/proof/counts.toml")
    }
}

fn any() -> Regex {
    Regex::new(r"([0-9]+(?:\.[0-9]+)?)").expect("an expression")
}

fn expression<'de, D: Deserializer<'de>>(text: D) -> Result<Regex, D::Error> {
    Regex::new(&String::deserialize(text)?).map_err(serde::de::Error::custom)
}
