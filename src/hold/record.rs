//! What is kept of a share, as far as it is true: a record of an earlier boot says nothing, and damage is put aside.

use super::{Cause, Mode};
use crate::host::deadline::Deadline;
use crate::host::process;
use crate::lease::{LockedShare, ShareRecord, StateDir, StateError};
use crate::plan::Refusal;
use crate::share::{Share, ShareKey};

/// The share's lock. Who is only to look takes nothing away that a process has left that died.
pub(super) fn lock_to<'s>(
    mode: Mode,
    key: &ShareKey,
    state: &'s StateDir,
    deadline: Deadline,
) -> Result<LockedShare<'s>, StateError> {
    match mode {
        Mode::Apply => state.lock(key, deadline),
        Mode::Show => state.lock_to_look(key, deadline),
    }
}

/// The share's record, with its description brought up to date, or a new one.
pub(super) fn current_record(lock: &LockedShare<'_>, share: &Share) -> Result<ShareRecord, Cause> {
    up_to_date(read_record(lock)?, share)
}

/// A record, if there is one, with its description brought up to date, or a new one.
pub(super) fn up_to_date(record: Option<ShareRecord>, share: &Share) -> Result<ShareRecord, Cause> {
    let mut record = match record {
        Some(record) => record,
        None => ShareRecord::new(share, &process::boot_id().map_err(Cause::BootId)?),
    };
    // A mount that we made stays known by where it is, even if the configuration has moved the share since.
    if record.mount.is_none() {
        record.mount_point.clone_from(&share.mount_point);
    } else if record.mount_point != share.mount_point {
        return Err(Cause::Refused(Refusal::Moved {
            share: share.name.clone(),
            from: record.mount_point,
            to: share.mount_point.clone(),
        }));
    }
    record.name.clone_from(&share.name);
    Ok(record)
}

/// Reads a record: one of an earlier boot says nothing, and damage is put aside.
///
/// Without a record no mount is ours, and what is not ours is never unmounted: damage can leave a mount too many, never take
/// one away from a guest.
pub(super) fn read_record(lock: &LockedShare<'_>) -> Result<Option<ShareRecord>, Cause> {
    let Some(record) = read_record_of_any_boot(lock)? else { return Ok(None) };
    let boot_id = process::boot_id().map_err(Cause::BootId)?;
    if record.boot_id != boot_id {
        lock.doubt_names();
        return Ok(None);
    }
    Ok(Some(record))
}

/// The same, but what is only to be shown stays as it is: damage too.
pub(super) fn read_record_to(
    mode: Mode,
    lock: &LockedShare<'_>,
) -> Result<Option<ShareRecord>, Cause> {
    match (mode, lock.read()) {
        (Mode::Show, Err(StateError::Record { source, .. })) if source.is_damage() => Ok(None),
        _ => read_record(lock),
    }
}

pub(super) fn read_record_of_any_boot(
    lock: &LockedShare<'_>,
) -> Result<Option<ShareRecord>, Cause> {
    let key = lock.key();
    match lock.read() {
        Ok(record) => Ok(record),
        Err(StateError::Record { path, source }) if source.is_damage() => {
            let aside = lock.set_aside().map_err(|e| Cause::state_of_key(key, e))?;
            tracing::error!(
                "{}: {source}; it is now {}, and what it said is not known any more",
                path.display(),
                aside.display()
            );
            Ok(None)
        }
        Err(error) => Err(Cause::state_of_key(key, error)),
    }
}
