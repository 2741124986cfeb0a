//! What one client sees of another's work.

use std::time::Duration;

use super::{Seen, Word, does_not_hold, holds, not_asked, of, seconds};

/// What is seen within this time was not missing.
const AT_ONCE: Duration = Duration::from_millis(200);

pub(super) fn name(seen: &Seen) -> Word {
    of(&seen.name_apart, |outcome| match outcome {
        Ok(None) => holds("a second client on this host did not see it while it was waited for"),
        Ok(Some(later)) if *later > AT_ONCE => {
            holds(format!("a second client on this host saw it {} later", seconds(*later)))
        }
        Ok(Some(_)) => {
            not_asked("a second client on this host saw it at once; another host was not tried")
        }
        Err(errno) => does_not_hold(format!("a second client on this host gave {errno}")),
    })
}
