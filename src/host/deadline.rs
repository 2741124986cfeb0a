//! An instant by which something must have ended.

use std::time::{Duration, Instant};

/// A point in time that steps share: each takes what is left, none starts a clock of its own.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    begun: Instant,
    end: Instant,
}

/// A client that is well answers in a few milliseconds, also on a busy host.
const LOOK: Duration = Duration::from_millis(100);

impl Deadline {
    /// So long from now.
    pub fn after(length: Duration) -> Self {
        let begun = Instant::now();
        Self { begun, end: begun + length }
    }

    /// So long from now, or this one's end if that is sooner.
    #[must_use]
    pub fn at_most(self, length: Duration) -> Self {
        let begun = Instant::now();
        Self { begun, end: self.end.min(begun + length) }
    }

    /// What is left of it; nothing when it is over.
    pub fn left(self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    /// Whether it is over.
    pub fn is_over(self) -> bool {
        self.left().is_zero()
    }

    /// Whether to begin a look at something that may keep silent. What does not answer within this time has not been asked.
    pub fn has_time_for_a_look(self) -> bool {
        self.left() >= LOOK
    }

    /// How long it was at first.
    pub fn length(self) -> Duration {
        self.end.saturating_duration_since(self.begun)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_never_gets_more_than_the_whole_has_left() {
        let whole = Deadline::after(Duration::from_millis(50));
        assert!(whole.at_most(Duration::from_secs(60)).left() <= Duration::from_millis(50));
        assert!(whole.at_most(Duration::from_millis(1)).left() <= Duration::from_millis(1));
        assert!(Deadline::after(Duration::ZERO).is_over());
    }
}
