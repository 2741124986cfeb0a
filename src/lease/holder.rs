//! A holder and its lease.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::DomainUuid;
use crate::escape::Escaped;

/// Who needs a share to stay mounted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    /// A guest. Its name may change (rename, migration under another name), its UUID does not.
    Domain(DomainUuid),
    /// Whoever mounted it by hand.
    Administrator,
}

/// The record that one holder holds one share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lease {
    /// Who.
    #[serde(with = "holder_as_text")]
    pub holder: Holder,
    /// What the domain was called when the lease was made. Text from libvirt: escape it before it is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain_name: Option<String>,
    /// When it was made, in seconds since 1970.
    pub since: u64,
    /// The libvirt daemon that asked for it. If that daemon was killed during a start, nobody will ever ask to drop the
    /// lease: libvirt then calls neither `stopped` nor `release`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daemon: Option<Daemon>,
}

/// A process, told apart from a later one that got its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Daemon {
    /// Its process id.
    pub pid: u32,
    /// When it started, in clock ticks since boot: field 22 of proc(5)'s `stat`.
    pub start_time: u64,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domain(uuid) => write!(f, "domain {uuid}"),
            Self::Administrator => f.write_str("the administrator"),
        }
    }
}

/// "domain web1 (e4f1...)": safe to log.
impl fmt::Display for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.holder, &self.domain_name) {
            (Holder::Domain(uuid), Some(name)) => {
                write!(f, "domain {} ({uuid})", Escaped(name))
            }
            (holder, _) => holder.fmt(f),
        }
    }
}

/// `domain:UUID` or `administrator`.
mod holder_as_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::Holder;

    pub(super) fn serialize<S: Serializer>(holder: &Holder, to: S) -> Result<S::Ok, S::Error> {
        match holder {
            Holder::Domain(uuid) => to.collect_str(&format_args!("domain:{uuid}")),
            Holder::Administrator => to.serialize_str("administrator"),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Holder, D::Error> {
        let text = String::deserialize(from)?;
        if text == "administrator" {
            return Ok(Holder::Administrator);
        }
        text.strip_prefix("domain:")
            .and_then(|uuid| uuid.parse().ok())
            .map(Holder::Domain)
            .ok_or_else(|| D::Error::custom("a holder is 'administrator' or 'domain:UUID'"))
    }
}
