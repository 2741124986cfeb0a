//! One mount, as `statmount(2)` describes it.

use std::borrow::Cow;

use super::{DeviceNumber, MountEntry};

/// What is asked for, by the masks of `linux/mount.h`: the device, the ids, the root, the mount point, the type, the options, the
/// subtype and the source.
pub const WANTED: u64 = NEEDED | MNT_OPTS | FS_SUBTYPE;

/// What every mount has. A kernel that does not know the source (before Linux 6.13) does not know the subtype either.
const NEEDED: u64 = 0x1 | 0x2 | 0x8 | 0x10 | 0x20 | SB_SOURCE;

const MNT_OPTS: u64 = 0x80;
const FS_SUBTYPE: u64 = 0x100;
const SB_SOURCE: u64 = 0x200;

/// Where the texts begin, and the places that the others tell are counted from.
const TEXTS: usize = 512;

/// A mount, and the unique id of the one that it sits on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldMount {
    /// The mount. Of its options those are missing that every file system has, `ro` and the like.
    pub entry: MountEntry<'static>,
    /// The unique id of the mount below.
    pub parent: u64,
}

impl ToldMount {
    /// Reads a `struct statmount`; `None` if it does not tell all that a line of mountinfo does.
    pub fn parse(told: &[u8]) -> Option<Self> {
        let long = |at: usize| Some(u64::from_ne_bytes(*told.get(at..)?.first_chunk()?));
        let short = |at: usize| Some(u32::from_ne_bytes(*told.get(at..)?.first_chunk()?));
        let text = |at: usize| {
            let begin = TEXTS.checked_add(usize::try_from(short(at)?).ok()?)?;
            let text = told.get(begin..)?;
            Some(text[..text.iter().position(|&b| b == 0)?].to_vec())
        };
        let mask = long(8)?;
        if mask & NEEDED != NEEDED {
            return None;
        }
        // What is empty is not told.
        let if_told = |flag, at| if mask & flag == 0 { Some(Vec::new()) } else { text(at) };
        let mut fstype = text(36)?;
        let subtype = if_told(FS_SUBTYPE, 120)?;
        if !subtype.is_empty() {
            fstype.push(b'.');
            fstype.extend(subtype);
        }
        let entry = MountEntry {
            id: short(56)?,
            parent: short(60)?,
            device: DeviceNumber { major: short(16)?, minor: short(20)? },
            root: Cow::Owned(text(104)?),
            mount_point: Cow::Owned(text(108)?),
            fstype: Cow::Owned(fstype),
            source: Cow::Owned(text(124)?),
            super_options: Cow::Owned(if_told(MNT_OPTS, 4)?),
        };
        Some(Self { entry, parent: long(48)? })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_answer_makes_the_reader_panic(told in prop::collection::vec(any::<u8>(), 0..1200), mask in any::<bool>()) {
            let mut told = told;
            if let Some(place) = told.get_mut(8..16).filter(|_| mask) {
                place.copy_from_slice(&WANTED.to_ne_bytes());
            }
            let _ = ToldMount::parse(&told);
        }
    }

    #[test]
    fn a_kernel_that_does_not_tell_the_source_is_not_believed() {
        let mut told = vec![0; 1024];
        told[8..16].copy_from_slice(&WANTED.to_ne_bytes());
        assert!(ToldMount::parse(&told).is_some());
        told[8..16].copy_from_slice(&(WANTED & !SB_SOURCE).to_ne_bytes());
        assert_eq!(ToldMount::parse(&told), None);
    }
}
