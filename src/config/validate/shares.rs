//! What one share says, and that no two say the same.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, DefaultHasher, Hash};

use crate::share::{ClientOptions, Export, MountPoint, Share, ShareKey, ShareMode, ShareName};

use super::super::fault::OtherShare;
use super::super::merge::MergedShare;
use super::directory;
use super::{Fault, Located, Problems, Subject, word};

/// A share of which each part is either right, or was told to be wrong.
#[derive(Debug)]
pub(super) struct Candidate<'m> {
    written: &'m MergedShare,
    name: Option<ShareName>,
    export: Option<(Export, ShareKey)>,
    mode: Option<ShareMode>,
    mount_point: Option<Located<MountPoint>>,
    options: Option<ClientOptions>,
}

impl<'m> Candidate<'m> {
    /// Reads a share. Without a usable mount base, one that names no mount point has none.
    pub(super) fn read(
        written: &'m MergedShare,
        mount_base: Option<&MountPoint>,
        problems: &mut Problems<'_>,
    ) -> Self {
        let mut key = Keys { share: written, problems };
        let name = key.required("name", written.name.as_ref(), "gold");
        let name = name.and_then(|given| key.text("name", given, |t| Ok(t.parse()?)));
        let export = key.required("export", written.export.as_ref(), "registry.example.org/gold");
        let export = export.and_then(|given| {
            let export: Export = key.text("export", given, |t| t.parse().map_err(Fault::Export))?;
            let share_key = export.key();
            Some((export, share_key))
        });
        let mode = match &written.mode {
            Some(given) => key.text("mode", given, mode),
            None => Some(ShareMode::Managed),
        };
        let mount_point = match (&written.mount_point, &written.export, &export, mount_base) {
            (Some(given), ..) => key
                .text("mount_point", given, directory::mount_point)
                .map(|mount_point| given.with(mount_point)),
            (None, Some(given), Some((_, share_key)), Some(mount_base)) => {
                Some(given.with(mount_base.join_key(share_key)))
            }
            (None, ..) => None,
        };
        let options = match &written.options {
            Some(given) => key.options(given, mode),
            None => Some(ClientOptions::default()),
        };
        Self { written, name, export, mode, mount_point, options }
    }

    /// The share, if all of it is right.
    pub(super) fn into_share(self) -> Option<Share> {
        let (export, key) = self.export?;
        Some(Share {
            name: self.name?,
            export,
            key,
            mode: self.mode?,
            mount_point: self.mount_point?.value,
            options: self.options?,
        })
    }

    pub(super) fn key(&self) -> Option<&ShareKey> {
        self.export.as_ref().map(|(_, key)| key)
    }

    /// Given, or that of the export's key.
    pub(super) fn mount_point(&self) -> Option<&Located<MountPoint>> {
        self.mount_point.as_ref()
    }

    /// Whether it is in the other's place only because it has the other's export, which is told as such.
    pub(super) fn repeats(&self, other: &Self) -> bool {
        self.written.mount_point.is_none() && self.key() == other.key()
    }

    /// The subject of a problem with this share's mount point.
    pub(super) fn mount_point_subject(&self) -> Subject {
        let value = self.mount_point.as_ref().map(|mount_point| mount_point.value.as_str());
        subject(self.written, "mount_point", value)
    }

    /// How a problem with another share names this one.
    pub(super) fn as_other(&self, problems: &Problems<'_>) -> OtherShare {
        OtherShare {
            name: self.written.name.as_ref().map(|name| name.value.clone()),
            place: problems.place(self.written.origin),
        }
    }
}

/// Without a seed, for which the kernel would have to be asked: whoever could choose names that collide can do worse.
type Seen<K, V> = HashMap<K, V, BuildHasherDefault<DefaultHasher>>;

/// Tells which names and which exports are there twice.
pub(super) fn check_distinct(shares: &[Candidate<'_>], problems: &mut Problems<'_>) {
    let mut names = Seen::with_capacity_and_hasher(shares.len(), BuildHasherDefault::new());
    let mut exports = Seen::with_capacity_and_hasher(shares.len(), BuildHasherDefault::new());
    for share in shares {
        if let (Some(name), Some(given)) = (&share.name, &share.written.name)
            && let Some(first) = first(&mut names, name, given.origin)
        {
            let fault = Fault::NameTaken(problems.place(first));
            let subject = Subject { share: Some(given.value.clone()), ..Subject::default() };
            problems.add(given.origin, subject, fault);
        }
        if let (Some((export, _)), Some(given)) = (&share.export, &share.written.export)
            && let Some(first) = first(&mut exports, export, share)
        {
            let fault = Fault::ExportTaken(first.as_other(problems));
            let subject = subject(share.written, "export", Some(&given.value));
            problems.add(given.origin, subject, fault);
        }
    }
}

/// Whoever had this first, or nobody, and then it is this one.
fn first<K: Hash + Eq, V: Copy>(seen: &mut Seen<K, V>, key: K, value: V) -> Option<V> {
    match seen.entry(key) {
        Entry::Occupied(first) => Some(*first.get()),
        Entry::Vacant(entry) => {
            entry.insert(value);
            None
        }
    }
}

fn mode(text: &str) -> Result<ShareMode, Fault> {
    word(text, &[ShareMode::Managed, ShareMode::Verified].map(|mode| (mode.as_str(), mode)))
}

fn subject(share: &MergedShare, key: &'static str, value: Option<&str>) -> Subject {
    Subject {
        share: share.name.as_ref().map(|name| name.value.clone()),
        key: Some(key),
        value: value.map(str::to_owned),
    }
}

/// Reads the keys of one share.
struct Keys<'k, 'f> {
    share: &'k MergedShare,
    problems: &'k mut Problems<'f>,
}

impl Keys<'_, '_> {
    fn required<'g>(
        &mut self,
        key: &'static str,
        given: Option<&'g Located<String>>,
        example: &'static str,
    ) -> Option<&'g Located<String>> {
        let given = given.ok_or(Fault::Missing { key, example });
        let subject = || match &self.share.name {
            Some(_) => Subject { key: None, ..subject(self.share, key, None) },
            None => Subject { key: Some("[[share]]"), ..Subject::default() },
        };
        self.problems.sift(given, self.share.origin, subject)
    }

    fn text<T>(
        &mut self,
        key: &'static str,
        given: &Located<String>,
        read: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        let subject = || subject(self.share, key, Some(&given.value));
        self.problems.sift(read(&given.value), given.origin, subject)
    }

    fn options(
        &mut self,
        given: &Located<Vec<String>>,
        mode: Option<ShareMode>,
    ) -> Option<ClientOptions> {
        let options = match mode {
            Some(ShareMode::Verified) if !given.value.is_empty() => Err(Fault::OptionsUnread),
            _ => ClientOptions::parse(&given.value).map_err(Fault::from),
        };
        self.problems.sift(options, given.origin, || subject(self.share, "options", None))
    }
}
