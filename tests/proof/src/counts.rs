//! The numbers that are published: `counts.json`, what was read last of each, and of which machine.

use std::collections::BTreeMap;
use std::fs;
use std::thread;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::here;

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) cores: usize,
    pub(crate) numbers: BTreeMap<String, f64>,
}

impl Counts {
    pub(crate) fn read() -> Result<Self> {
        let text = fs::read_to_string(here("counts.json")).context("tests/proof/counts.json")?;
        serde_json::from_str(&text).context("tests/proof/counts.json")
    }

    /// Those that were read take the place of those that were kept.
    pub(crate) fn take(&mut self, read: &BTreeMap<String, f64>) -> Result<()> {
        self.cores = thread::available_parallelism().context("the number of cores")?.get();
        self.numbers.extend(read.iter().map(|(name, value)| (name.clone(), *value)));
        Ok(())
    }

    pub(crate) fn write(&self) -> Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        fs::write(here("counts.json"), text + "\n").context("tests/proof/counts.json")
    }
}
