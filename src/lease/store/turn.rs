//! Whose turn it is to change the disks of a domain that runs.
//!
//! No hook ever takes this lock, and who has it may wait for libvirt: it is about commands of administrators only.

use std::fs::File;

use super::{StateDir, StateError, take_lock};
use crate::domain::DomainUuid;
use crate::host::deadline::Deadline;

/// The turn of this process, for as long as the value lives.
#[derive(Debug)]
pub struct Turn {
    _lock: File,
}

impl StateDir {
    /// Waits until nobody else changes the disks of a domain.
    pub fn turn(&self, domain: &DomainUuid, deadline: Deadline) -> Result<Turn, StateError> {
        // Not the UUID as it is written everywhere else: what is searched for it should find what the domain holds.
        let name = format!("turn-{}.lock", domain.to_string().replace('-', ""));
        Ok(Turn { _lock: take_lock(&self.path.join(name), deadline)? })
    }
}
