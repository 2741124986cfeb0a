//! Two ways of doing the same, in turn: each of the one beside the next of the other, so that a machine that grows slower
//! grows slower for both.

use std::time::Duration;

use anyhow::Result;
use serde::{Deserialize, Serialize};

/// What pairs of measurements came to.
#[derive(Debug, Clone)]
pub(crate) struct Pairs {
    pairs: Vec<(Duration, Duration)>,
}

/// The middle of some numbers, and where the quarters at both ends begin.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Spread {
    pub(crate) lower: f64,
    pub(crate) median: f64,
    pub(crate) upper: f64,
}

/// Takes both ways in turn. Each returns the times of its parts: a start and an end, say.
///
/// The first rounds are not counted: they read files that are then in the page cache.
pub(crate) fn in_turn<const N: usize>(
    rounds: usize,
    mut ours: impl FnMut() -> Result<[Duration; N]>,
    mut beside: impl FnMut() -> Result<[Duration; N]>,
) -> Result<[Pairs; N]> {
    for _ in 0..rounds.min(10) {
        ours()?;
        beside()?;
    }
    let mut parts = [(); N].map(|()| Pairs { pairs: Vec::with_capacity(rounds) });
    for _ in 0..rounds {
        let times = ours()?.into_iter().zip(beside()?);
        for (part, pair) in parts.iter_mut().zip(times) {
            part.pairs.push(pair);
        }
    }
    Ok(parts)
}

impl Pairs {
    pub(crate) fn ours(&self) -> Spread {
        Spread::of(self.pairs.iter().map(|(ours, _)| ours.as_secs_f64()))
    }

    pub(crate) fn beside(&self) -> Spread {
        Spread::of(self.pairs.iter().map(|(_, beside)| beside.as_secs_f64()))
    }

    /// Ours as a multiple of what was measured beside it, pair by pair.
    pub(crate) fn ratio(&self) -> Spread {
        Spread::of(
            self.pairs.iter().map(|(ours, beside)| ours.as_secs_f64() / beside.as_secs_f64()),
        )
    }

    /// Whether half of the pairs or more stay within so many times the other and so much more.
    pub(crate) fn within(&self, times: f64, and: Duration) -> bool {
        let over = self.pairs.iter().map(|(ours, beside)| {
            ours.as_secs_f64() - times * beside.as_secs_f64() - and.as_secs_f64()
        });
        Spread::of(over).median <= 0.0
    }

    pub(crate) fn count(&self) -> usize {
        self.pairs.len()
    }
}

impl Spread {
    fn of(numbers: impl Iterator<Item = f64>) -> Self {
        let mut numbers: Vec<f64> = numbers.collect();
        numbers.sort_by(f64::total_cmp);
        let at = |quarter: usize| numbers[(numbers.len() - 1) * quarter / 4];
        Self { lower: at(1), median: at(2), upper: at(3) }
    }

    /// In another unit, and of as many digits as anybody reads.
    pub(crate) fn times(self, unit: f64) -> Self {
        let [lower, median, upper] =
            [self.lower, self.median, self.upper].map(|n| (n * unit * 1e4).round() / 1e4);
        Self { lower, median, upper }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_the_middle_and_the_quarters() {
        let spread = Spread::of([9.0, 1.0, 2.0, 4.0, 3.0].into_iter());
        assert_eq!(spread, Spread { lower: 2.0, median: 3.0, upper: 4.0 });
    }

    #[test]
    fn a_machine_that_grows_slower_leaves_the_ratio_alone() {
        let now = std::cell::Cell::new(1000);
        let slower = |times: u64| {
            now.set(now.get() + 1);
            Ok([Duration::from_micros(now.get() * times)])
        };
        let [pairs] = in_turn(1000, || slower(3), || slower(2)).expect("measured");
        let ratio = pairs.ratio().median;
        assert!((1.49..1.51).contains(&ratio), "{ratio}");
        assert!(pairs.within(1.5, Duration::ZERO) && !pairs.within(1.4, Duration::ZERO));
        assert!(pairs.within(1.0, Duration::from_millis(3)));
    }
}
