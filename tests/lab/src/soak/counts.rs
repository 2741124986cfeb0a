//! How often something was done and how often not, by what it is called.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

#[derive(Debug, Default)]
pub(super) struct Counts(BTreeMap<String, (usize, usize)>);

impl Counts {
    pub(super) fn add(&mut self, what: impl Display, well: bool) {
        let count = self.0.entry(what.to_string()).or_default();
        if well { count.0 += 1 } else { count.1 += 1 }
    }

    pub(super) fn done(&self, what: &str) -> usize {
        self.0.get(what).map_or(0, |(well, _)| *well)
    }

    pub(super) fn total(&self) -> usize {
        self.0.values().map(|(well, ill)| well + ill).sum()
    }

    pub(super) fn print(&self, title: &str, [well, ill]: [&str; 2]) {
        println!("{title}: {}", self.total());
        for (what, (done, not)) in &self.0 {
            println!("  {what}: {done} {well}, {not} {ill}");
        }
    }
}

/// What was done, on one line.
impl Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (what, (done, _))) in self.0.iter().enumerate() {
            write!(f, "{}{what} {done}", if number == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}
