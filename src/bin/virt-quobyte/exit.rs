//! What the exit statuses mean.

use std::process::ExitCode;

/// The exit statuses, the same for every command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitStatus {
    /// All is well.
    Well,
    /// What was asked about is not as it should be.
    NotWell,
    /// The command line makes no sense.
    Usage,
    /// The question could not be answered.
    Failed,
}

impl ExitStatus {
    /// Of what was asked about.
    pub(crate) const fn of(is_well: bool) -> Self {
        if is_well { Self::Well } else { Self::NotWell }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(match status {
            ExitStatus::Well => 0,
            ExitStatus::NotWell => 1,
            ExitStatus::Usage => 2,
            ExitStatus::Failed => 3,
        })
    }
}
