//! Why it did not go well with a share.

use std::fmt;

use crate::apply::{StepError, Stopped};
use crate::lease::StateError;
use crate::observe::ObserveError;
use crate::plan::Refusal;
use crate::share::{Share, ShareKey};

/// Why a share could not be acquired, and what became of the attempt.
#[derive(Debug)]
pub struct Failure {
    /// Why.
    pub cause: Cause,
    /// Why what had been done could not all be undone.
    pub undo: Option<Box<Cause>>,
}

/// What went wrong with a share.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// It was decided that it is not to be.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A step failed.
    #[error("share {share}: {source}")]
    Step {
        /// The share's name.
        share: String,
        /// The step, and why.
        source: Box<Stopped>,
    },
    /// An earlier attempt to mount cannot be ended.
    #[error("share {share}: an earlier attempt to mount was cut off: {source}")]
    Attempt {
        /// The share's name.
        share: String,
        /// Why.
        source: Box<StepError>,
    },
    /// The state directory failed.
    #[error("share {share}: {source}")]
    State {
        /// The share's name.
        share: String,
        /// Why.
        source: StateError,
    },
    /// It could not be seen what state the share is in.
    #[error("share {share}: {source}")]
    Observe {
        /// The share's name.
        share: String,
        /// Why.
        source: ObserveError,
    },
    /// Its turn came too late.
    #[error(
        "share {share}: the hook's time was over before the share could be looked at: what came before took too long; see deadlines.hook"
    )]
    OutOfTime {
        /// The share's name.
        share: String,
    },
    /// The old client cannot be held until the new one is there, or its mount not put back.
    #[cfg(feature = "admin")]
    #[error("share {share}: {source}")]
    Keep {
        /// The share's name.
        share: String,
        /// Why.
        source: Box<crate::host::kept_mount::KeepError>,
    },
    /// Which boot this is could not be read.
    #[error("cannot read /proc/sys/kernel/random/boot_id: {0}")]
    BootId(#[source] std::io::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.cause)?;
        match &self.undo {
            Some(undo) => write!(f, " (and undoing what had been done failed too: {undo})"),
            None => Ok(()),
        }
    }
}

impl Cause {
    pub(super) fn state(share: &Share, source: StateError) -> Self {
        Self::State { share: share.name.to_string(), source }
    }

    pub(super) fn state_of_key(key: &ShareKey, source: StateError) -> Self {
        Self::State { share: key.to_string(), source }
    }

    pub(super) fn step(share: &Share, source: Box<Stopped>) -> Self {
        Self::Step { share: share.name.to_string(), source }
    }

    /// Whether somebody else had the share's lock for too long.
    pub fn is_busy_lock(&self) -> bool {
        matches!(self, Self::State { source: StateError::Busy { .. }, .. })
    }
}
