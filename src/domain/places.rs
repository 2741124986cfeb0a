//! The places of a domain document where libvirt writes the path of a file, directory, device or
//! socket of the host that a guest, or what serves the guest, opens.
//!
//! Decides which places those are and nothing else. Taken from libvirt's own schema
//! (`domaincommon.rng` and `storagecommon.rng` of 9.0, 11.3 and 12.8; a test compares the table
//! with the schema of the machine it runs on) and, where the schema says only "text", from
//! `domain_conf.c`. A place too many costs a comparison; a place too few lets a guest start on an
//! empty directory.
//!
//! Not here, on purpose:
//! - what is a name and never a path: `source/@name`, `@pool`, `@volume`, `@network`, ...;
//! - what the guest sees: `filesystem/target`, `interface/guest`, `os/root`, `os/cmdline`;
//! - arguments and environment for QEMU in its own namespace (`qemu:commandline`): they are not
//!   libvirt's to understand, and a domain that needs a share for them names it in its metadata.

/// One element that holds paths.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The elements it stands in, from below `domain`, steps separated by `/`; `""` is `domain`.
    pub parents: &'static [&'static str],
    /// How far below one of the parents it stands.
    pub reach: Reach,
    /// Its name.
    pub name: &'static str,
    /// What in it holds a path.
    pub items: &'static [Item],
}

/// How far below its parent an element stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Directly in it.
    Child,
    /// At any depth: backing stores, mirrors and data stores nest without end.
    Descendant,
}

/// What in an element holds a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    /// The text between its tags.
    Text,
    /// An attribute.
    Attribute(&'static str),
    /// An attribute that holds a path or a name of another kind; only what begins with `/` is a
    /// path.
    AttributeIfAbsolute(&'static str),
}

use Item::{Attribute, AttributeIfAbsolute, Text};

/// The devices that the schema builds from `qemucdev`, a character device of the host.
const CHARACTER_DEVICES: &[&str] = &[
    "devices/serial",
    "devices/parallel",
    "devices/console",
    "devices/channel",
    "devices/redirdev",
    "devices/smartcard",
    "devices/rng/backend",
];

/// What the schema builds from `diskSource`, with all that nests in it.
const STORAGE: &[&str] = &["devices/disk", "os/nvram"];

/// Every place, grouped as the schema's definitions are.
pub const TABLE: &[Row] = &[
    // bootloader: run by the Xen driver on the host.
    child(&[""], "bootloader", &[Text]),
    // os: osbootkernel, loader, acpiTable; shim is in 11.3, varstore in 12.8.
    child(&["os"], "loader", &[Text]),
    child(&["os"], "nvram", &[Text, Attribute("template")]),
    child(&["os"], "varstore", &[Attribute("path"), Attribute("template")]),
    child(&["os"], "kernel", &[Text]),
    child(&["os"], "initrd", &[Text]),
    child(&["os"], "shim", &[Text]),
    child(&["os"], "dtb", &[Text]),
    child(&["os/acpi"], "table", &[Text]),
    // osexe: seen from inside the container, whose root may be the host's.
    child(&["os"], "init", &[Text]),
    child(&["os"], "initdir", &[Text]),
    // sysinfo-fwcfg: a file handed to the guest's firmware.
    child(&["sysinfo"], "entry", &[Attribute("file")]),
    // launchSecurity: a socket; in 12.8.
    child(&["launchSecurity"], "quoteGenerationService", &[Attribute("path")]),
    // blkiotune: libvirt looks the device up when the guest starts.
    child(&["blkiotune/device"], "path", &[Text]),
    // disk: diskSource{File,Block,Dir,VhostUser} here, in backingStore, in mirror, in dataStore.
    descendant(
        STORAGE,
        "source",
        &[Attribute("file"), Attribute("dev"), Attribute("dir"), Attribute("path")],
    ),
    // diskMirror: libvirt writes a file's path on the element as well, for readers of old.
    descendant(STORAGE, "mirror", &[Attribute("file")]),
    // diskSourceNetwork: what the host's client of a network disk opens.
    descendant(STORAGE, "host", &[Attribute("socket")]),
    descendant(STORAGE, "config", &[Attribute("file")]),
    descendant(STORAGE, "identity", &[Attribute("keyfile"), Attribute("agentsock")]),
    descendant(STORAGE, "knownHosts", &[Attribute("path")]),
    // lease: opened by the lock manager.
    child(&["devices/lease"], "target", &[Attribute("path")]),
    // filesystem: directories, images, and the socket of a virtiofsd that somebody else runs.
    child(
        &["devices/filesystem"],
        "source",
        &[Attribute("dir"), Attribute("file"), Attribute("dev"), Attribute("socket")],
    ),
    child(&["devices/filesystem"], "binary", &[Attribute("path")]),
    // memorydev: nvdimm and virtio-pmem. memoryBacking takes its directory from qemu.conf.
    child(&["devices/memory/source"], "path", &[Text]),
    child(&["devices/pstore"], "path", &[Text]),
    // emulator
    child(&["devices"], "emulator", &[Text]),
    // qemucdevSrcDef: dev, file, pipe, unix and pty name a path, nmdm two.
    child(
        CHARACTER_DEVICES,
        "source",
        &[Attribute("path"), Attribute("master"), Attribute("slave")],
    ),
    descendant(&["devices"], "log", &[Attribute("file")]),
    // The pseudo terminal of a running guest, once more.
    child(&["devices"], "serial", &[Attribute("tty")]),
    child(&["devices"], "parallel", &[Attribute("tty")]),
    child(&["devices"], "console", &[Attribute("tty")]),
    // smartcard: the directory of the certificates, which are named in it.
    child(&["devices/smartcard"], "database", &[Text]),
    // rng-backend
    child(&["devices/rng"], "backend", &[Text]),
    // tpm-backend: passthrough; emulator's own state; external.
    child(&["devices/tpm/backend"], "device", &[Attribute("path")]),
    child(&["devices/tpm/backend"], "source", &[Attribute("path")]),
    child(&["devices/shmem"], "server", &[Attribute("path")]),
    child(&["devices/input"], "source", &[Attribute("dev"), Attribute("evdev")]),
    // hostdevcaps: LXC only. rom: an image that libvirt hands to QEMU.
    child(&["devices/hostdev/source"], "block", &[Text]),
    child(&["devices/hostdev/source"], "char", &[Text]),
    child(&["devices/hostdev", "devices/interface"], "rom", &[Attribute("file")]),
    // interface: vhost-user sockets; the device of vdpa, where other types name a network card.
    child(&["devices/interface"], "source", &[Attribute("path"), AttributeIfAbsolute("dev")]),
    child(
        &["devices/interface"],
        "backend",
        &[Attribute("tap"), Attribute("vhost"), Attribute("logFile")],
    ),
    child(&["devices/interface"], "script", &[Attribute("path")]),
    child(&["devices/interface"], "downscript", &[Attribute("path")]),
    // graphics, video
    child(&["devices"], "graphics", &[Attribute("socket"), Attribute("xauth")]),
    child(&["devices/graphics"], "listen", &[Attribute("socket")]),
    child(&["devices/graphics"], "gl", &[Attribute("rendernode")]),
    child(&["devices/video/model"], "acceleration", &[Attribute("rendernode")]),
    // audio: file, pipewire; OSS names a device where ALSA names a card.
    child(&["devices"], "audio", &[Attribute("path"), Attribute("runtimeDir")]),
    child(&["devices/audio"], "input", &[AttributeIfAbsolute("dev")]),
    child(&["devices/audio"], "output", &[AttributeIfAbsolute("dev")]),
];

const fn child(
    parents: &'static [&'static str],
    name: &'static str,
    items: &'static [Item],
) -> Row {
    Row { parents, reach: Reach::Child, name, items }
}

const fn descendant(
    parents: &'static [&'static str],
    name: &'static str,
    items: &'static [Item],
) -> Row {
    Row { parents, reach: Reach::Descendant, name, items }
}

impl Row {
    fn holds(&self, parent: &str, name: &str) -> bool {
        self.name == name && self.parents.iter().any(|root| self.reach.covers(root, parent))
    }
}

impl Reach {
    fn covers(self, root: &str, parent: &str) -> bool {
        match (parent.strip_prefix(root), self) {
            (Some(""), _) => true,
            (Some(below), Self::Descendant) => below.starts_with('/'),
            _ => false,
        }
    }
}

/// What holds a path in the element `name` that stands in `parent`, written as in [`TABLE`].
pub fn items<'a>(parent: &'a str, name: &'a str) -> impl Iterator<Item = Item> + 'a {
    // Nearly all elements are in no row, and every element asks.
    let rows = if NAMES & mark(name) == 0 { &[] } else { TABLE };
    rows.iter().filter(move |row| row.holds(parent, name)).flat_map(|row| row.items).copied()
}

/// The marks of the names in the table.
const NAMES: u128 = {
    let mut names = 0;
    let mut row = 0;
    while row < TABLE.len() {
        names |= mark(TABLE[row].name);
        row += 1;
    }
    names
};

/// A bit of the ends and the length of a name: others may have it too, so it can only say no.
const fn mark(name: &str) -> u128 {
    match name.as_bytes() {
        [] => 0,
        [first, .., last] => 1 << ((*first as usize * 5 + *last as usize * 3 + name.len()) % 128),
        [only] => 1 << (*only as usize % 128),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_is_known_by_where_it_stands() {
        let file_dev_dir_path: &[Item] =
            &[Attribute("file"), Attribute("dev"), Attribute("dir"), Attribute("path")];
        let rows = [
            ("a child", "os", "kernel", &[Text] as &[Item]),
            ("a child of domain", "", "bootloader", &[Text]),
            ("the name alone is not enough", "", "kernel", &[]),
            ("nor is a deeper place", "os/type", "kernel", &[]),
            ("below, directly", "devices/disk", "source", file_dev_dir_path),
            ("below, far", "devices/disk/mirror/source/dataStore", "source", file_dev_dir_path),
            ("beside a parent that it begins like", "devices/diskette", "source", &[]),
            ("one of several parents", "devices/hostdev", "rom", &[Attribute("file")]),
            ("a name, never a path", "devices/disk", "target", &[]),
        ];
        for (case, parent, name, expected) in rows {
            assert_eq!(items(parent, name).collect::<Vec<_>>(), expected, "{case}");
        }
    }

    #[test]
    fn every_row_is_found_by_its_name() {
        for row in TABLE {
            assert_ne!(NAMES & mark(row.name), 0, "{}", row.name);
        }
        assert_eq!(NAMES & mark("address"), 0, "a mark that no name in the table has");
    }

    #[test]
    fn no_place_is_listed_twice() {
        for row in TABLE {
            for parent in row.parents {
                let found: Vec<_> = items(parent, row.name).collect();
                for item in row.items {
                    let count = found.iter().filter(|other| *other == item).count();
                    assert_eq!(count, 1, "{parent}/{} {item:?}", row.name);
                }
            }
        }
    }
}
