//! One `prepare`: the shares that it has acquired so far, and the way back.

use super::run::in_parallel;
use crate::config::Settings;
use crate::hold::{self, Acquired, Failure};
use crate::host::deadline::Deadline;
use crate::lease::{Lease, StateDir};
use crate::plan::Keep;
use crate::share::{Share, ShareKey};

/// An attempt to give a guest all that it needs.
#[derive(Debug)]
pub(super) struct Attempt<'a> {
    pub(super) settings: &'a Settings,
    pub(super) deadline: Deadline,
    state: &'a StateDir,
    lease: &'a Lease,
    /// What this attempt has made, and must take back if it fails.
    acquired: Vec<ShareKey>,
}

impl<'a> Attempt<'a> {
    pub(super) fn new(
        settings: &'a Settings,
        state: &'a StateDir,
        lease: &'a Lease,
        deadline: Deadline,
    ) -> Self {
        Self { settings, deadline, state, lease, acquired: Vec::new() }
    }

    /// Acquires shares at the same time, and tells every one that could not be.
    pub(super) fn acquire(&mut self, shares: &[Share]) -> Result<(), Vec<Failure>> {
        let results = in_parallel(shares, |share| {
            hold::acquire(share, self.lease, self.settings, self.state, self.deadline)
        });
        let mut failures = Vec::new();
        for (share, result) in shares.iter().zip(results) {
            match result {
                Ok(Acquired::Now) => self.acquired.push(share.key.clone()),
                Ok(Acquired::Before) => {}
                Err(failure) => failures.push(failure),
            }
        }
        if failures.is_empty() { Ok(()) } else { Err(failures) }
    }

    /// Gives back what this attempt acquired.
    pub(super) fn undo(self) {
        // The deadline may be what failed, so the way back has its own.
        let deadline = Deadline::after(self.settings.deadlines.unmount);
        let undone = in_parallel(&self.acquired, |key| {
            hold::release(key, &self.lease.holder, Keep::No, self.settings, self.state, deadline)
        });
        for cause in undone.into_iter().filter_map(Result::err) {
            tracing::error!("undoing a start that failed: {cause}");
        }
    }
}
