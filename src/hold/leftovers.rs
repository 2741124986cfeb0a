//! What processes that died have left of a share beside its record.

use super::{Cause, Mode};
use crate::host::deadline::Deadline;
use crate::lease::StateDir;
use crate::share::ShareKey;

/// Looks whether there is any, and takes it away if that is wanted.
pub fn leftovers(
    key: &ShareKey,
    mode: Mode,
    state: &StateDir,
    deadline: Deadline,
) -> Result<bool, Cause> {
    let failed = |error| Cause::state_of_key(key, error);
    let lock = state.lock_to_look(key, deadline).map_err(failed)?;
    // A record that cannot be read is somebody else's matter, and what it said of these names is not known.
    let Ok(record) = lock.read() else { return Ok(false) };
    let left = lock.leftovers(record.as_ref()).map_err(failed)?;
    if mode == Mode::Apply {
        lock.take_away(&left).map_err(failed)?;
    }
    Ok(!left.is_empty())
}
