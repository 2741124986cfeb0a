//! What is kept on disk of one share: its leases, and the mount that we made for it.

use std::io::{self, Cursor, Read, Seek, Write};

use serde::{Deserialize, Serialize};

use super::{Holder, Lease, plain};
use crate::as_text;
use crate::mounts::MountId;
use crate::share::{Export, MountPoint, Share, ShareKey, ShareName};

/// The only version there is. A record of another one was written by another release of this program.
const VERSION: u32 = 1;

/// The most that is read of a record, and written: room for some fifty thousand leases.
pub(super) const LARGEST: usize = 16 << 20;

/// Everything that is known of one share, in one file, so that a reader never sees half a change.
///
/// It says enough to unmount the share without any configuration: a configuration that was broken or changed since the
/// mount must not keep a guest's end from being handled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShareRecord {
    version: u32,
    /// Which boot of the host it speaks of: a state directory that survived a reboot says nothing true.
    pub boot_id: String,
    /// The share's name when the record was last written.
    #[serde(with = "as_text")]
    pub name: ShareName,
    /// The export.
    #[serde(with = "as_text")]
    pub export: Export,
    /// Where it is mounted.
    #[serde(with = "as_text")]
    pub mount_point: MountPoint,
    /// Who holds the share.
    pub leases: Vec<Lease>,
    /// Since when nobody holds the share, in seconds since 1970, if its mount is kept for a while all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_since: Option<u64>,
    /// The mount that we made, or began to make.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mount: Option<MountRecord>,
}

/// The record that *we* made a mount. Without one, a mount is never unmounted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "state", deny_unknown_fields)]
pub enum MountRecord {
    /// The client was about to be started on a mount point that had nothing mounted. What is found mounted there later, of
    /// this very volume, is what it made: the hook died before it could note more.
    Attempted {
        /// The client's systemd unit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unit: Option<String>,
        /// When, in seconds since 1970.
        since: u64,
        /// When, in clock ticks since boot: what was started before that is none of the attempt. Earlier releases did not note it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        begun: Option<u64>,
    },
    /// The mount was made, seen and found healthy.
    Made {
        /// Which mount it is.
        id: MountId,
        /// The client's systemd unit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unit: Option<String>,
        /// When, in seconds since 1970.
        since: u64,
    },
}

/// Why a record cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// It is not of our form.
    #[error("it is not a share's record: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// It was written by another release.
    #[error("it has version {0} and this program knows version {VERSION}")]
    OtherVersion(u32),
    /// It is filed under another share's key.
    #[error("it is the record of the share with the key {0}")]
    OtherShare(ShareKey),
    /// It is larger than any.
    #[error("it has more than {LARGEST} bytes, which no share's record has")]
    TooLarge,
    /// It is no file at all.
    #[error("it is {0}, and a share's record is a file")]
    NotAFile(&'static str),
}

impl RecordError {
    /// Whether the record is damaged, and not just another release's.
    pub const fn is_damage(&self) -> bool {
        !matches!(self, Self::OtherVersion(_))
    }
}

impl ShareRecord {
    /// The record of a share that nobody holds and nothing is known of.
    pub fn new(share: &Share, boot_id: &str) -> Self {
        Self {
            version: VERSION,
            boot_id: boot_id.to_owned(),
            name: share.name.clone(),
            export: share.export.clone(),
            mount_point: share.mount_point.clone(),
            leases: Vec::new(),
            idle_since: None,
            mount: None,
        }
    }

    /// The share as it is recorded: enough to look at it and to unmount it, whatever the configuration says by now.
    pub fn share(&self) -> Share {
        Share::of_record(self.name.clone(), self.export.clone(), self.mount_point.clone())
    }

    /// Reads the text of a record that is filed under a key.
    pub fn parse(text: &[u8], key: &ShareKey) -> Result<Self, RecordError> {
        let read = Self::read_from(&mut Cursor::new(text), text.len(), key);
        read.expect("what is in memory can be read")
    }

    /// Reads a record that is about so long, from its beginning.
    pub(super) fn read_from(
        from: &mut (impl Read + Seek),
        length: usize,
        key: &ShareKey,
    ) -> io::Result<Result<Self, RecordError>> {
        // What is set aside for it is no more than any record has, whatever the file claims.
        let length = length.min(LARGEST);
        let read = if let Some(record) = Self::with_plain_leases(&mut *from, length)? {
            Ok(record)
        } else {
            // What is not as this program writes it is read as a whole, and told as such.
            from.rewind()?;
            let mut text = Vec::with_capacity(length + 1);
            from.take(LARGEST as u64 + 1).read_to_end(&mut text)?;
            Self::of_whole(&text)
        };
        Ok(read.and_then(|record| record.of_share(key)))
    }

    fn of_share(self, key: &ShareKey) -> Result<Self, RecordError> {
        let found = self.export.key();
        if found == *key { Ok(self) } else { Err(RecordError::OtherShare(found)) }
    }

    fn of_whole(text: &[u8]) -> Result<Self, RecordError> {
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        if text.len() > LARGEST {
            return Err(RecordError::TooLarge);
        }
        match serde_json::from_slice::<Self>(text) {
            Ok(record) if record.version == VERSION => Ok(record),
            read => {
                // The version first: what another release wrote is to be named as such, not as damage.
                let Version { version } = serde_json::from_slice(text)?;
                if version != VERSION {
                    return Err(RecordError::OtherVersion(version));
                }
                Ok(read?)
            }
        }
    }

    fn with_plain_leases(from: &mut impl Read, length: usize) -> io::Result<Option<Self>> {
        let Some((without, leases)) = plain::read(from.take(LARGEST as u64), length)? else {
            return Ok(None);
        };
        let record = serde_json::from_str::<Self>(&without).ok();
        let record = record.filter(|record| record.version == VERSION);
        Ok(record.map(|record| Self { leases, ..record }))
    }

    /// The text to keep.
    pub fn to_text(&self) -> Vec<u8> {
        let mut text = Vec::new();
        self.write_to(&mut text).expect("a Vec takes everything");
        text
    }

    /// Writes that text, and tells how long it is.
    pub(super) fn write_to(&self, to: &mut impl Write) -> io::Result<usize> {
        let Self { version, boot_id, name, export, mount_point, leases, idle_since, mount } = self;
        let without = Self {
            version: *version,
            boot_id: boot_id.clone(),
            name: name.clone(),
            export: export.clone(),
            mount_point: mount_point.clone(),
            leases: Vec::new(),
            idle_since: *idle_since,
            mount: mount.clone(),
        };
        // Without blanks: with many leases they would be a third of it, written and read at every start.
        let without = serde_json::to_string(&without).expect("a record has no map and no float");
        plain::write(&without, leases, to)
    }

    /// The lease of a holder.
    pub fn lease_of(&self, holder: &Holder) -> Option<&Lease> {
        self.leases.iter().find(|lease| lease.holder == *holder)
    }

    /// Adds a lease, in place of an earlier one of the same holder.
    pub fn put_lease(&mut self, lease: Lease) {
        self.drop_lease(&lease.holder.clone());
        self.leases.push(lease);
        self.idle_since = None;
    }

    /// Drops a holder's lease, if there is one.
    pub fn drop_lease(&mut self, holder: &Holder) {
        self.leases.retain(|lease| lease.holder != *holder);
    }

    /// Whether nothing is known any more, so that the file can go.
    pub fn is_blank(&self) -> bool {
        self.leases.is_empty() && self.mount.is_none()
    }
}

impl MountRecord {
    /// The systemd unit that the client runs in.
    pub fn unit(&self) -> Option<&str> {
        match self {
            Self::Attempted { unit, .. } | Self::Made { unit, .. } => unit.as_deref(),
        }
    }

    /// When an attempt began, in clock ticks since boot, if that is known.
    pub const fn begun(&self) -> Option<u64> {
        match self {
            Self::Attempted { begun, .. } => *begun,
            Self::Made { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lease::Daemon;
    use crate::mounts::DeviceNumber;
    use proptest::prelude::*;

    fn record() -> ShareRecord {
        let export: Export = "a,b/gold".parse().expect("a good export");
        let name = "gold".parse().expect("a good name");
        let share = Share::of_record(name, export, "/srv/gold".parse().expect("a good path"));
        let mut record = ShareRecord::new(&share, "b00t");
        record.put_lease(Lease {
            holder: Holder::Domain("4dea22b3-1d52-d8f3-2516-782e98ab3fa0".parse().expect("a UUID")),
            domain_name: Some("web\n1".into()),
            since: 7,
            daemon: Some(Daemon { pid: 12, start_time: 34 }),
        });
        record.put_lease(Lease {
            holder: Holder::Administrator,
            domain_name: None,
            since: 8,
            daemon: None,
        });
        let id = MountId {
            unique: Some(1 << 40),
            id: 320,
            device: DeviceNumber { major: 0, minor: 53 },
        };
        record.mount = Some(MountRecord::Made { id, unit: Some("u.scope".into()), since: 9 });
        record
    }

    fn plainly(mut text: &[u8]) -> Option<ShareRecord> {
        let length = text.len();
        ShareRecord::with_plain_leases(&mut text, length).expect("what is in memory can be read")
    }

    #[test]
    fn the_form_on_disk_is_the_one_that_the_last_release_wrote() {
        let kept = include_str!("../../tests/fixtures/records/gold.v1.json");
        let json = |text: &[u8]| serde_json::from_slice::<serde_json::Value>(text).expect("JSON");
        assert_eq!(json(&record().to_text()), json(kept.as_bytes()));
        let read =
            ShareRecord::parse(kept.as_bytes(), &record().export.key()).expect("a good record");
        assert_eq!(read, record());
    }

    /// Or all of it would only be slower.
    #[test]
    fn what_this_program_wrote_is_read_the_short_way() {
        let mut record = record();
        record.leases[0].domain_name = Some("wéb1".into());
        assert_eq!(plainly(&record.to_text()), Some(record.clone()));
        record.leases.clear();
        assert_eq!(plainly(&record.to_text()), Some(record));
    }

    #[test]
    fn a_thousand_leases_are_read_the_short_way_wherever_a_piece_ends() {
        /// Gives no more than so many bytes at a time.
        struct Slow<'t>(&'t [u8], usize);
        impl Read for Slow<'_> {
            fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
                let most = room.len().min(self.1);
                self.0.read(&mut room[..most])
            }
        }
        let mut record = record();
        for number in 0..1000 {
            let uuid = format!("{number:032x}").parse().expect("a UUID");
            let name = "n".repeat(number % 40);
            record.put_lease(Lease {
                holder: Holder::Domain(uuid),
                domain_name: Some(name),
                since: 7,
                daemon: None,
            });
        }
        record.leases.remove(0);
        let text = record.to_text();
        for most in [1, 1000, 16 * 1024, 1 << 20] {
            for told in [0, text.len() / 2, text.len(), 2 * text.len()] {
                let read = ShareRecord::with_plain_leases(&mut Slow(&text, most), told);
                assert_eq!(read.expect("readable").as_ref(), Some(&record), "{most}, {told}");
            }
        }
    }

    #[test]
    fn what_is_spelled_otherwise_is_left_to_serde() {
        let mut record = record();
        record.leases[0].domain_name = Some("web1".into());
        let text = String::from_utf8(record.to_text()).expect("JSON is UTF-8");
        assert_eq!(plainly(text.as_bytes()), Some(record));
        for (written, otherwise) in [
            ("\"since\":7", "\"since\":07"),
            ("\"since\":7", "\"since\":7.0"),
            ("\"since\":7", "\"since\":7e1"),
            ("\"since\":7", "\"since\":+7"),
            ("\"since\":7", "\"since\":"),
            ("\"since\":7", "\"since\":18446744073709551616"),
            ("\"since\":7", "\"since\": 7"),
            ("\"pid\":12", "\"pid\":4294967296"),
            ("\"holder\":\"a", "\"holder\":\"\\u0061"),
            ("\"since\":8}", "\"since\":8},"),
            ("\"since\":8}", "\"since\":8,\"else\":0}"),
            ("\"leases\":[", "\"leases\":[],\"leases\":["),
        ] {
            let text = text.replace(written, otherwise);
            assert_eq!(plainly(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_lease_replaces_the_holders_earlier_one() {
        let mut record = record();
        let again = Lease { since: 99, ..record.leases[0].clone() };
        record.put_lease(again.clone());
        assert_eq!(record.leases.len(), 2);
        assert_eq!(record.lease_of(&again.holder), Some(&again));
        record.drop_lease(&again.holder);
        record.drop_lease(&Holder::Administrator);
        record.mount = None;
        assert!(record.is_blank());
    }

    #[test]
    fn what_is_no_record_of_this_share_and_version_is_told_apart() {
        let key = record().export.key();
        let text = String::from_utf8(record().to_text()).expect("JSON is UTF-8");
        let parse =
            |text: &str| ShareRecord::parse(text.as_bytes(), &key).map_err(|e| e.to_string());
        assert_eq!(
            parse(&text.replace("\"version\":1", "\"version\":2")),
            Err("it has version 2 and this program knows version 1".into())
        );
        assert_eq!(
            parse(&text.replace("a,b/gold", "a,b/other")),
            Err("it is the record of the share with the key c0c88b698d6cc99036a668eff47929a1"
                .into())
        );
        for garbage in
            ["", "{}", "\0\0\0", &text[..text.len() / 2], &text.replace("since", "sinse")]
        {
            assert!(parse(garbage).is_err_and(|e| e.starts_with("it is not a share's record: ")));
        }
    }

    fn any_record() -> impl Strategy<Value = ShareRecord> {
        let holder = prop_oneof![
            1 => Just(Holder::Administrator),
            9 => any::<u128>().prop_map(|bits| {
                Holder::Domain(format!("{bits:032x}").parse().expect("a UUID"))
            }),
        ];
        let name = prop::option::of(prop_oneof!["[a-z]{1,8}-[0-9]{1,4}", any::<String>()]);
        let daemon = prop::option::of(
            (any::<u32>(), any::<u64>()).prop_map(|(pid, start_time)| Daemon { pid, start_time }),
        );
        let lease = (holder, name, any::<u64>(), daemon).prop_map(
            |(holder, domain_name, since, daemon)| Lease { holder, domain_name, since, daemon },
        );
        // Most of them small, some that are read and written in several pieces.
        let count = prop_oneof![9 => 0..6_usize, 1 => 150..300_usize];
        count
            .prop_flat_map(move |count| prop::collection::vec(lease.clone(), count))
            .prop_map(|leases| ShareRecord { leases, ..record() })
    }

    proptest! {
        #[test]
        fn what_is_written_is_what_serde_would_write(record in any_record()) {
            let mut text = serde_json::to_vec(&record).expect("JSON");
            text.push(b'\n');
            prop_assert_eq!(record.to_text(), text);
        }

        /// Damaged or not, and wherever: what is read the short way is what serde reads, and what it does not read is left to it.
        #[test]
        fn what_is_read_is_what_serde_would_read(
            record in any_record(),
            damage in prop::collection::vec((any::<prop::sample::Index>(), "[]\\[{}\"\\\\,:0-9a-e. ]"), 0..3),
            taken in 0_usize..2,
        ) {
            let mut text = record.to_text();
            for (at, put) in damage {
                let at = at.index(text.len());
                text.splice(at..(at + taken).min(text.len()), put.bytes());
            }
            let short = plainly(&text);
            let read = serde_json::from_slice::<ShareRecord>(&text).ok();
            prop_assert!(short.is_none() || short == read, "{}", String::from_utf8_lossy(&text));
        }

        #[test]
        fn no_damage_makes_the_reader_panic(at in 0_usize..600, byte in any::<u8>()) {
            let mut text = record().to_text();
            let at = at % (text.len() - 1);
            text[at] = byte;
            let _ = ShareRecord::parse(&text, &record().export.key());
            text.truncate(at);
            prop_assert!(ShareRecord::parse(&text, &record().export.key()).is_err());
        }
    }
}
