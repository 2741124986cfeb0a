//! What a path walk meets: which mounts are stacked at a path, and which one a path lies on.

use super::{DeviceNumber, MountEntry, UnreadableLine};
use crate::share::MountPoint;

/// The mounts of one mount namespace, in the kernel's order.
#[derive(Debug, Clone, Default)]
pub struct MountTable<'a> {
    entries: Vec<MountEntry<'a>>,
}

impl<'a> MountTable<'a> {
    /// Reads the text of `/proc/self/mountinfo`.
    pub fn parse(mountinfo: &'a [u8]) -> Result<Self, UnreadableLine> {
        let lines = mountinfo.strip_suffix(b"\n").unwrap_or(mountinfo);
        if lines.is_empty() {
            return Ok(Self::default());
        }
        let entries = lines
            .split(|&b| b == b'\n')
            .enumerate()
            .map(|(i, line)| MountEntry::parse(line).ok_or(UnreadableLine { line: i + 1 }))
            .collect::<Result<_, _>>()?;
        Ok(Self { entries })
    }

    /// The table of a host that has these mounts only.
    pub fn of(entries: Vec<MountEntry<'a>>) -> Self {
        Self { entries }
    }

    /// The mounts exactly at a path, the lowest first: the last one is what a look at the path meets.
    ///
    /// A mount that something else covers, further up the path, is not among them: nobody can reach it there.
    pub fn at(&self, path: &MountPoint) -> Vec<&MountEntry<'a>> {
        self.walk(path)
            .into_iter()
            .filter(|e| *e.mount_point == *path.as_str().as_bytes())
            .collect()
    }

    /// The mount that a mount point's own directory lies on, whatever is mounted there.
    pub fn under(&self, path: &MountPoint) -> Option<&MountEntry<'a>> {
        let walk = self.walk(path).into_iter();
        walk.rev().find(|e| *e.mount_point != *path.as_str().as_bytes())
    }

    /// Every mount of a Quobyte client, of whatever volume.
    pub fn quobyte(&self) -> impl Iterator<Item = &MountEntry<'a>> {
        self.entries.iter().filter(|entry| entry.is_quobyte())
    }

    /// Every mount of a file system, wherever it is.
    pub fn of_device(&self, device: DeviceNumber) -> impl Iterator<Item = &MountEntry<'a>> {
        self.entries.iter().filter(move |entry| entry.device == device)
    }

    /// The mount of an id.
    pub fn of_id(&self, id: u32) -> Option<&MountEntry<'a>> {
        self.entries.iter().find(|entry| entry.id == id)
    }

    /// The mounts that a walk from the root to the path enters, in that order.
    fn walk(&self, path: &MountPoint) -> Vec<&MountEntry<'a>> {
        let path = path.as_str().as_bytes();
        let mut entered: Vec<&MountEntry<'a>> = Vec::new();
        // The root mount's parent is outside of what the process can see (or is itself).
        let mut next = self.entries.iter().find(|e| {
            *e.mount_point == *b"/"
                && (e.parent == e.id || !self.entries.iter().any(|other| other.id == e.parent))
        });
        while let Some(entry) = next {
            entered.push(entry);
            // The walk meets the child whose mount point is highest up; one stacked on this very mount first of all.
            next = self
                .entries
                .iter()
                .filter(|child| child.parent == entry.id && child.id != entry.id)
                .filter(|child| is_at_or_below(&child.mount_point, path))
                .min_by_key(|child| child.mount_point.len());
            // A table that was torn while it changed could hold a circle.
            if entered.len() > self.entries.len() {
                return Vec::new();
            }
        }
        entered
    }
}

/// Whether `path` is `above` or lies below it, by whole components.
fn is_at_or_below(above: &[u8], path: &[u8]) -> bool {
    if above == b"/" {
        return true;
    }
    path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> MountPoint {
        text.parse().expect("a good path")
    }

    const TABLE: &str = "\
22 1 254:0 / / rw shared:1 - ext4 /dev/vda rw
23 22 0:20 / /proc rw - proc proc rw
30 22 0:40 / /srv/gold rw - fuse.quobyte quobyte@r/gold rw,allow_other
31 30 0:41 / /srv/gold rw - fuse.quobyte quobyte@r/gold rw,allow_other
32 22 0:42 / /srv/with\\040blank rw - fuse.quobyte quobyte@r/blank rw
33 22 0:43 / /data rw - ext4 /dev/vdb rw
34 33 0:44 / /data/in rw - fuse.quobyte quobyte@r/in rw
35 22 0:45 / /cover/deep/x rw - fuse.quobyte quobyte@r/hidden rw
36 22 0:46 / /cover rw - tmpfs tmpfs rw
";

    #[test]
    fn the_stack_at_a_atis_what_a_walk_meets() {
        let table = MountTable::parse(TABLE.as_bytes()).expect("a good table");
        for (at, ids) in [
            ("/srv/gold", vec![30, 31]),
            ("/srv/with blank", vec![32]),
            ("/data/in", vec![34]),
            ("/data/in/deeper", vec![]),
            ("/srv/golden", vec![]),
            ("/srv", vec![]),
            // Covered by the tmpfs on /cover: it is in the table, but nobody gets there.
            ("/cover/deep/x", vec![]),
        ] {
            let found: Vec<u32> = table.at(&path(at)).iter().map(|e| e.id).collect();
            assert_eq!(found, ids, "{at}");
        }
    }

    #[test]
    fn a_mount_points_directory_lies_on_the_deepest_other_mount_of_its_walk() {
        let table = MountTable::parse(TABLE.as_bytes()).expect("a good table");
        for (at, id) in [
            ("/srv/gold", 22),
            ("/srv/gold/in", 31),
            ("/srv/x", 22),
            ("/data/in", 33),
            ("/cover/deep/x/y", 36),
        ] {
            assert_eq!(table.under(&path(at)).map(|e| e.id), Some(id), "{at}");
        }
        let of_device: Vec<u32> = table.of_device(table.entries[6].device).map(|e| e.id).collect();
        assert_eq!(of_device, [34]);
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named() {
        let broken = format!("{TABLE}rubbish\n");
        assert_eq!(MountTable::parse(broken.as_bytes()).expect_err("refused").line, 10);
        assert!(MountTable::parse(b"").expect("no mounts").at(&path("/x")).is_empty());
    }

    #[test]
    fn the_table_of_this_very_system_can_be_read() {
        let text = include_str!("../../tests/fixtures/mountinfo/debian-12-libvirt");
        let table = MountTable::parse(text.as_bytes()).expect("a real table");
        assert_eq!(table.under(&path("/proc/x")).map(|e| &*e.fstype), Some(&b"proc"[..]));
    }

    #[test]
    fn a_circle_in_a_torn_table_ends() {
        let circle = "5 6 0:1 / / rw - a b c\n6 5 0:1 / / rw - a b c\n7 7 0:2 / / rw - a b c\n";
        let table = MountTable::parse(circle.as_bytes()).expect("a readable table");
        assert!(table.at(&path("/x")).is_empty());
    }
}
