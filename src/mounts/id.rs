//! Which mount it is.

use serde::{Deserialize, Serialize};

use super::{DeviceNumber, MountEntry};
use crate::as_text;

/// Which mount it is, told apart from a later one at the same place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MountId {
    /// The kernel's unique id, never used again (`STATX_MNT_ID_UNIQUE`, from Linux 6.8 on).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unique: Option<u64>,
    /// The id in mountinfo, which another mount may get later.
    pub id: u32,
    /// The device number of the file system, `major:minor`.
    #[serde(with = "as_text")]
    pub device: DeviceNumber,
}

impl MountId {
    /// The id of a line of the mount table, with the unique one where it is known.
    pub fn of(entry: &MountEntry<'_>, unique: Option<u64>) -> Self {
        Self { unique, id: entry.id, device: entry.device }
    }

    /// Whether a line of the mount table can be this mount. The unique id is compared where the mount is touched.
    pub fn is(&self, entry: &MountEntry<'_>) -> bool {
        self.id == entry.id && self.device == entry.device
    }
}
