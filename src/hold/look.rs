//! What is seen of a share, under its lock.

use super::{Cause, Mode};
use crate::apply::Ground;
use crate::lease::ShareRecord;
use crate::observe::{self, AskClient, Heard, Running};
use crate::plan;

/// Sees in what state a share is; an attempt of which nothing is to be seen is ended first, because it could still mount.
pub(super) fn look<'a>(
    ground: &Ground<'a>,
    record: &'a ShareRecord,
    ask: AskClient,
) -> Result<plan::Observed<'a>, Cause> {
    settled(ground, see(ground, record, None, ask)?, None, ask)
}

/// The same, but who is only to show something ends nothing.
pub(super) fn look_to<'a>(
    mode: Mode,
    ground: &Ground<'a>,
    record: &'a ShareRecord,
    ask: AskClient,
) -> Result<plan::Observed<'a>, Cause> {
    match mode {
        Mode::Apply => look(ground, record, ask),
        Mode::Show => see(ground, record, None, ask),
    }
}

pub(super) fn see<'a>(
    ground: &Ground<'a>,
    record: &'a ShareRecord,
    running: Option<&Running>,
    ask: AskClient,
) -> Result<plan::Observed<'a>, Cause> {
    let share = ground.share;
    let let_go = ground.lock.let_go().map_err(|e| Cause::state(share, e))?;
    let heard = Heard { let_go: &let_go, running };
    observe::observe(share, record, heard, ask, ground.deadline)
        .map_err(|source| Cause::Observe { share: share.name.to_string(), source })
}

pub(super) fn settled<'a>(
    ground: &Ground<'a>,
    seen: plan::Observed<'a>,
    running: Option<&Running>,
    ask: AskClient,
) -> Result<plan::Observed<'a>, Cause> {
    if !plan::attempt_is_open(&seen) {
        return Ok(seen);
    }
    let share = ground.share;
    tracing::warn!(
        share = share.name.as_str(),
        "share {}: an earlier attempt to mount was cut off",
        share.name
    );
    let failed =
        |source| Cause::Attempt { share: share.name.to_string(), source: Box::new(source) };
    ground.end_attempt(seen.record, ground.deadline).map_err(failed)?;
    see(ground, seen.record, running, ask)
}
