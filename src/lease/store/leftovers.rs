//! What processes that died have left beside the records: names that no lease stands behind, and halves of records.
//!
//! They do no harm, and the next process that takes a share's record away takes them too. Where no other comes, the administrator
//! has them found.

use super::{LockedShare, StateDir, StateError, keys_in, names_in, remove_if_there};
use crate::domain::DomainUuid;
use crate::lease::{Holder, ShareRecord};
use crate::share::ShareKey;

/// What is left of one share.
#[derive(Debug)]
pub struct Leftovers {
    /// The domains that are named, and have no lease.
    domains: Vec<DomainUuid>,
    has_half_record: bool,
}

impl Leftovers {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.domains.is_empty() && !self.has_half_record
    }
}

impl StateDir {
    /// The shares of which anything at all is kept, in the order of their keys.
    pub fn traced(&self) -> Result<Vec<ShareKey>, StateError> {
        let mut keys = self.recorded()?;
        keys.extend(keys_in(&self.path, ".json.new")?);
        keys.extend(keys_in(&self.path.join("let-go"), "")?);
        let domains = self.path.join("domains");
        for domain in names_in(&domains)? {
            keys.extend(keys_in(&domains.join(domain), "")?);
        }
        keys.sort_unstable();
        keys.dedup();
        Ok(keys)
    }
}

impl LockedShare<'_> {
    /// What is left beside a record, or in place of one.
    pub fn leftovers(&self, record: Option<&ShareRecord>) -> Result<Leftovers, StateError> {
        let mut domains = self.let_go()?;
        for name in names_in(&self.dir.path.join("domains"))? {
            if let Some(uuid) = name.to_str().and_then(|name| name.parse::<DomainUuid>().ok())
                && self.dir.held_by(&uuid)?.contains(&self.key)
            {
                domains.push(uuid);
            }
        }
        domains.sort_unstable();
        domains.dedup();
        domains.retain(|uuid| {
            record.is_none_or(|record| record.lease_of(&Holder::Domain(*uuid)).is_none())
        });
        let has_half_record = self.dir.new_record_path(&self.key).symlink_metadata().is_ok();
        Ok(Leftovers { domains, has_half_record })
    }

    /// Takes it away.
    pub fn take_away(&self, leftovers: &Leftovers) -> Result<(), StateError> {
        for domain in &leftovers.domains {
            self.forget_domain(domain)?;
        }
        remove_if_there(&self.dir.new_record_path(&self.key))
    }
}
