//! What was measured, as numbers that can be kept: the file that a run writes, and that the published tables are made from.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::count::Cost;
use crate::pairs::Spread;
use crate::rows::{Goal, Row};

/// All of a run.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Results {
    pub(crate) machine: Machine,
    /// The size of the hook's program.
    pub(crate) hook_bytes: u64,
    pub(crate) rows: Vec<Measured>,
}

/// Where it was measured, as far as that explains a number.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Machine {
    pub(crate) cores: usize,
    pub(crate) kernel: String,
}

/// One line. The times are medians and quartiles, in milliseconds.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Measured {
    pub(crate) ours: String,
    pub(crate) beside: String,
    pub(crate) pairs: usize,
    pub(crate) ours_ms: Spread,
    pub(crate) beside_ms: Spread,
    /// Ours as a multiple of what is beside it, pair by pair.
    pub(crate) times: Spread,
    pub(crate) goal: Option<Judged>,
    pub(crate) cost: Option<Cost>,
    pub(crate) beside_cost: Option<Cost>,
}

/// A goal: at most so many times what is beside it, and so much more; and whether half of the pairs or more keep it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Judged {
    pub(crate) times: f64,
    pub(crate) and_ms: f64,
    pub(crate) met: bool,
}

impl Results {
    pub(crate) fn of(rows: &[Row], hook: &Path) -> Result<Self> {
        let hook_bytes = fs::metadata(hook).context("the hook's program")?.len();
        let cores = available_parallelism().map_or(1, usize::from);
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").context("the kernel")?;
        // What a distribution appends says nothing about a time.
        let kernel = kernel.split('.').take(2).collect::<Vec<_>>().join(".");
        let machine = Machine { cores, kernel };
        Ok(Self { machine, hook_bytes, rows: rows.iter().map(Measured::of).collect() })
    }

    /// Where a run leaves them.
    pub(crate) fn file() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/bench.json")
    }

    pub(crate) fn read(file: &Path) -> Result<Self> {
        let name = || file.display().to_string();
        let text = fs::read_to_string(file).with_context(name)?;
        serde_json::from_str(&text).with_context(name)
    }

    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        let mut text = serde_json::to_string_pretty(self).context("the results")?;
        text.push('\n');
        fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
    }

    /// How many goals there are, and how many are met.
    pub(crate) fn goals(&self) -> (usize, usize) {
        let goals = || self.rows.iter().filter_map(|row| row.goal);
        (goals().count(), goals().filter(|goal| goal.met).count())
    }
}

impl Measured {
    fn of(row: &Row) -> Self {
        let goal = row.goal.map(|Goal { times, and }| Judged {
            times,
            and_ms: milliseconds(and),
            met: row.meets_its_goal(),
        });
        Self {
            ours: row.ours.to_owned(),
            beside: row.beside.to_owned(),
            pairs: row.pairs.count(),
            ours_ms: row.pairs.ours().times(1000.0),
            beside_ms: row.pairs.beside().times(1000.0),
            times: row.pairs.ratio().times(1.0),
            goal,
            cost: row.cost,
            beside_cost: row.beside_cost,
        }
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
