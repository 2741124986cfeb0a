//! One line of mountinfo.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::share::Export;

/// One mount, as proc(5) describes a line of mountinfo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MountEntry<'a> {
    /// Its id; the kernel gives a freed one to another mount.
    pub id: u32,
    /// The id of the mount that it sits on.
    pub parent: u32,
    /// The device number of the file system.
    pub device: DeviceNumber,
    /// Which directory of the file system is at the mount point: not `/` for a bind mount of a part.
    pub root: Cow<'a, [u8]>,
    /// Where it is mounted.
    pub mount_point: Cow<'a, [u8]>,
    /// `fuse.quobyte` and the like.
    pub fstype: Cow<'a, [u8]>,
    /// What is mounted, in the words of who mounted it.
    pub source: Cow<'a, [u8]>,
    /// The file system's own options.
    pub super_options: Cow<'a, [u8]>,
}

/// A device number, `major:minor`. For FUSE the minor is also the number of its connection under `/sys/fs/fuse/connections`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceNumber {
    /// 0 for file systems without a block device.
    pub major: u32,
    /// The number within the major.
    pub minor: u32,
}

impl fmt::Display for DeviceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.major, self.minor)
    }
}

/// A text that is no device number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a device number has the form MAJOR:MINOR")]
pub struct DeviceNumberError;

impl FromStr for DeviceNumber {
    type Err = DeviceNumberError;

    fn from_str(text: &str) -> Result<Self, DeviceNumberError> {
        let (major, minor) = text.split_once(':').ok_or(DeviceNumberError)?;
        match (major.parse(), minor.parse()) {
            (Ok(major), Ok(minor)) => Ok(Self { major, minor }),
            _ => Err(DeviceNumberError),
        }
    }
}

/// A line that is not of mountinfo's form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the mount table is not of the form that proc(5) gives")]
pub struct UnreadableLine {
    /// Counted from 1.
    pub line: usize,
}

impl<'a> MountEntry<'a> {
    /// Reads `36 35 98:0 /root /mnt opts optional... - type source superopts`.
    pub(super) fn parse(line: &'a [u8]) -> Option<Self> {
        let mut fields = line.split(|&b| b == b' ');
        let id = number(fields.next()?)?;
        let parent = number(fields.next()?)?;
        let device = std::str::from_utf8(fields.next()?).ok()?.parse().ok()?;
        let root = unescape(fields.next()?);
        let mount_point = unescape(fields.next()?);
        let _per_mount_options = fields.next()?;
        // Any number of optional fields, ended by a lone hyphen.
        fields.by_ref().find(|&field| field == b"-")?;
        let fstype = unescape(fields.next()?);
        let source = unescape(fields.next()?);
        let super_options = unescape(fields.next().unwrap_or_default());
        Some(Self { id, parent, device, root, mount_point, fstype, source, super_options })
    }

    /// Whether it is a mount of a Quobyte client, of whatever volume.
    ///
    /// Clients from 2.x on show the type `fuse.quobyte`; those of 1.x showed `fuse` with a source `quobyte@...`.
    pub fn is_quobyte(&self) -> bool {
        *self.fstype == *b"fuse.quobyte"
            || (*self.fstype == *b"fuse" && self.source.starts_with(b"quobyte@"))
    }

    /// Whether the mount contradicts the export: it says that it shows another volume, or a part of one.
    ///
    /// The registries are not compared: how a client prints them (commas as `|`, an SRV name resolved) is its own affair.
    ///
    /// What is bound out of a mount of all volumes has the source of all of them; only the directory says which one it is. There a
    /// volume can be reached by its id, too: that is another name than the export's, and nothing says that both are one volume. Of a
    /// source without a volume the directory is all that can be compared.
    pub fn contradicts(&self, export: &Export) -> bool {
        let wanted = trim_slash(export.volume().as_bytes());
        let root = self.root.strip_prefix(b"/").unwrap_or(&self.root);
        let shown = self.source.strip_prefix(b"quobyte@").and_then(|shown| {
            let slash = shown.iter().position(|&b| b == b'/')?;
            Some(trim_slash(&shown[slash + 1..]))
        });
        match (shown, root) {
            (None, b"") => false,
            (None | Some(b""), root) => root != wanted,
            (Some(volume), b"") => volume != wanted,
            (Some(volume), root) => {
                let within = wanted.strip_prefix(volume).and_then(|rest| rest.strip_prefix(b"/"));
                within != Some(root)
            }
        }
    }

    /// Whether other users than the one who mounted may look in: without it QEMU cannot open an image.
    pub fn allows_other_users(&self) -> bool {
        self.super_options.split(|&b| b == b',').any(|option| option == b"allow_other")
    }

    /// Whether to look at a path on it could block on somebody else's server.
    pub fn is_remote(&self) -> bool {
        const REMOTE: &[&[u8]] = &[
            b"nfs",
            b"nfs4",
            b"cifs",
            b"smb3",
            b"ceph",
            b"9p",
            b"afs",
            b"autofs",
            b"lustre",
            b"virtiofs",
        ];
        let fstype = &*self.fstype;
        fstype == b"fuse" || fstype.starts_with(b"fuse.") || REMOTE.contains(&fstype)
    }
}

fn trim_slash(volume: &[u8]) -> &[u8] {
    volume.strip_suffix(b"/").unwrap_or(volume)
}

fn number(digits: &[u8]) -> Option<u32> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Undoes the kernel's escapes: blank, tab, newline, backslash and '#' as a backslash and three octal digits.
fn unescape(field: &[u8]) -> Cow<'_, [u8]> {
    if !field.contains(&b'\\') {
        return Cow::Borrowed(field);
    }
    let mut plain = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&first, after)) = rest.split_first() {
        if let (b'\\', Some((code, beyond))) = (first, after.split_at_checked(3))
            && let Some(byte) = octal(code)
        {
            plain.push(byte);
            rest = beyond;
        } else {
            plain.push(first);
            rest = after;
        }
    }
    Cow::Owned(plain)
}

fn octal(code: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(code).ok()?, 8).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(line: &str) -> MountEntry<'_> {
        MountEntry::parse(line.as_bytes()).expect("a good line")
    }

    #[test]
    fn the_lines_that_clients_are_known_to_show_are_recognised() {
        for (rest, quobyte, allow_other) in [
            (
                "- fuse quobyte@VOL rw,user_id=1000,group_id=100,default_permissions,allow_other",
                true,
                true,
            ),
            (
                "- fuse quobyte@10.0.28.3:7866|10.0.66.3:7866/ rw,user_id=0,group_id=0,allow_other",
                true,
                true,
            ),
            (
                "shared:7 - fuse.quobyte quobyte@192.168.0.1/data rw,user_id=0,group_id=0,allow_other",
                true,
                true,
            ),
            ("shared:7 master:2 - fuse.quobyte quobyte@r/v rw,user_id=0", true, false),
            ("- fuse sshfs@host rw", false, false),
            ("- ext4 /dev/vda rw", false, false),
            ("- fuse.quobyte2 x rw", false, false),
        ] {
            let line = format!("92 27 0:53 / /mnt rw,nosuid,nodev,noatime {rest}");
            let entry = entry(&line);
            assert_eq!(
                (entry.is_quobyte(), entry.allows_other_users()),
                (quobyte, allow_other),
                "{rest}"
            );
            assert_eq!(entry.device, DeviceNumber { major: 0, minor: 53 });
        }
    }

    #[test]
    fn only_a_mount_that_says_another_volume_contradicts_the_export() {
        for (root, source, export, contradicts) in [
            ("/", "quobyte@a|b/vol", "a,b/vol", false),
            ("/", "quobyte@a,b/vol", "a,b/vol", false),
            ("/", "quobyte@10.0.0.1/vol", "srv.example.org/vol", false),
            ("/", "quobyte@a/other", "a/vol", true),
            ("/", "quobyte@a/", "a/vol", true),
            ("/", "quobyte@a/", "a/", false),
            ("/", "quobyte@a/vol/", "a/vol", false),
            ("/", "quobyte@VOL", "a/vol", false),
            // Bound out of a mount of all volumes.
            ("/vol", "quobyte@a/", "a/vol", false),
            ("/vol", "quobyte@a/", "a/vol/", false),
            ("/tenant/vol", "quobyte@a/", "a/tenant/vol", false),
            ("/vm\\040images", "quobyte@a/", "a/vm images", false),
            ("/0815-uuid", "quobyte@a/", "a/0815-uuid", false),
            ("/0815-uuid", "quobyte@a/", "a/vol", true),
            ("/other", "quobyte@a/", "a/vol", true),
            ("/vol2", "quobyte@a/", "a/vol", true),
            ("/vo", "quobyte@a/", "a/vol", true),
            ("/VOL", "quobyte@a/", "a/vol", true),
            ("/vol/images", "quobyte@a/", "a/vol", true),
            ("/tenant", "quobyte@a/", "a/tenant/vol", true),
            ("/vol", "quobyte@a/", "a/", true),
            ("/vol//deleted", "quobyte@a/", "a/vol", true),
            // Bound out of a mount of one volume.
            ("/images", "quobyte@a/vol", "a/vol", true),
            ("/vol", "quobyte@a/vol", "a/vol", true),
            ("/images", "quobyte@a/vol", "a/vol/images", false),
            ("/images//deleted", "quobyte@a/vol", "a/vol/images", true),
            ("/b", "quobyte@a/vol", "a/volb", true),
            // Of which volume, nobody says.
            ("/vol", "quobyte@VOL", "a/vol", false),
            ("/images", "quobyte@VOL", "a/vol", true),
        ] {
            let line = format!("92 27 0:53 {root} /mnt rw - fuse.quobyte {source} rw");
            let export = export.parse().expect("a good export");
            assert_eq!(entry(&line).contradicts(&export), contradicts, "{root} {source}");
        }
    }

    #[test]
    fn lines_of_another_form_are_not_read() {
        for bad in [
            "",
            "1",
            "1 2 3 / /",
            "1 2 0:3 / / rw x y z",
            "x 2 0:3 / / rw - t s o",
            "1 2 03 / / rw - t s o",
        ] {
            assert_eq!(MountEntry::parse(bad.as_bytes()), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn every_path_survives_the_kernels_escaping(path in prop::collection::vec(1_u8..=255, 1..60)) {
            use std::fmt::Write;
            let mut escaped = String::new();
            let mut bytes = Vec::new();
            for &byte in &path {
                if b" \t\n\\#".contains(&byte) {
                    escaped.clear();
                    write!(escaped, "\\{byte:03o}").expect("a String takes everything");
                    bytes.extend_from_slice(escaped.as_bytes());
                } else {
                    bytes.push(byte);
                }
            }
            prop_assert_eq!(&*unescape(&bytes), &path[..]);
        }

        #[test]
        fn no_line_makes_the_reader_panic(line in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = MountEntry::parse(&line);
        }
    }
}
