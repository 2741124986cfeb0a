//! Counts what happened, for whoever reads the test's output.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

#[derive(Default)]
pub(super) struct Tally {
    counts: Mutex<BTreeMap<(&'static str, &'static str), usize>>,
    longest: Mutex<BTreeMap<&'static str, Duration>>,
}

impl Tally {
    pub(super) fn count(&self, of: &'static str, what: &'static str) {
        *self.counts.lock().expect("it only counts").entry((of, what)).or_default() += 1;
    }

    pub(super) fn longest(&self, what: &'static str, took: Duration) {
        let mut longest = self.longest.lock().expect("it only compares");
        let so_far = longest.entry(what).or_default();
        *so_far = took.max(*so_far);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ((of, what), count) in &*self.counts.lock().expect("it only counts") {
            write!(f, "\n{count:5}  {of}: {what}")?;
        }
        for (what, took) in &*self.longest.lock().expect("it only compares") {
            write!(f, "\n{:5}  ms, the longest {what}", took.as_millis())?;
        }
        Ok(())
    }
}
