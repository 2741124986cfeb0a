//! All that a guest needs, or nothing of it: its shares, held, and its images, seen.
//!
//! The hook does this for a guest that starts, the admin command for a disk that a running guest is to get. Which shares and
//! which images is decided in [`crate::needs`], what is done to a share in [`crate::hold`]; here is what has been acquired so
//! far, and the way back.

mod images;

use crate::config::Settings;
use crate::hold::{self, Acquired, Cause, Failure};
use crate::host::deadline::Deadline;
use crate::lease::{Lease, StateDir};
use crate::needs::Images;
use crate::share::{Share, ShareKey};
use crate::xml::Span;
pub use images::{Trouble, Unseen};

/// An attempt to give a guest all that it needs.
#[derive(Debug)]
pub struct Attempt<'a> {
    settings: &'a Settings,
    deadline: Deadline,
    state: &'a StateDir,
    lease: &'a Lease,
    held: Vec<(Share, Acquired)>,
}

impl<'a> Attempt<'a> {
    /// One that has not begun. The lease says for whom it is.
    pub fn new(
        settings: &'a Settings,
        state: &'a StateDir,
        lease: &'a Lease,
        deadline: Deadline,
    ) -> Self {
        Self { settings, deadline, state, lease, held: Vec::new() }
    }

    /// Acquires the shares and looks after the images, and after every share that turns up with them. What a failure leaves is
    /// to be given back.
    pub fn gather(&mut self, shares: &[Share], images: &mut Images<'_>) -> Result<(), Trouble> {
        self.acquire(shares).map_err(Trouble::Shares)?;
        images::look_after(self, images)
    }

    /// The shares that its holder holds by now, and whether since this attempt.
    pub fn held(&self) -> &[(Share, Acquired)] {
        &self.held
    }

    /// Acquires shares at the same time, and tells every one that could not be.
    fn acquire(&mut self, shares: &[Share]) -> Result<(), Vec<Failure>> {
        let results = in_parallel(shares, |share| {
            hold::acquire(share, self.lease, self.settings, self.state, self.deadline)
        });
        let mut failures = Vec::new();
        for (share, result) in shares.iter().zip(results) {
            match result {
                Ok(acquired) => self.held.push((share.clone(), acquired)),
                Err(failure) => failures.push(failure),
            }
        }
        if failures.is_empty() { Ok(()) } else { Err(failures) }
    }

    /// Gives back what this attempt acquired, and returns what could not be.
    pub fn undo(self) -> Vec<Cause> {
        let new = self.held.iter().filter(|(_, acquired)| *acquired == Acquired::Now);
        let keys: Vec<ShareKey> = new.map(|(share, _)| share.key.clone()).collect();
        // The deadline of the way there may be what failed, so the way back has its own.
        let deadline = Deadline::after(self.settings.deadlines.unmount);
        let given = in_parallel(&keys, |key| {
            hold::give_back(key, self.lease, self.settings, self.state, deadline)
        });
        given.into_iter().filter_map(Result::err).collect()
    }
}

/// Does the same for each, at the same time: shares never wait for each other.
pub(crate) fn in_parallel<T: Sync, R: Send>(each: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    if let [only] = each {
        return vec![work(only)];
    }
    std::thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = each.iter().map(|one| scope.spawn(move || work(one))).collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, R>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        threads.into_iter().map(join).collect()
    })
}

/// A fault, with its place in the document that it was found in.
pub(crate) fn located(fault: &impl std::fmt::Display, span: Span, document: &[u8]) -> String {
    format!("{fault} (XML {})", span.line_column(document))
}
