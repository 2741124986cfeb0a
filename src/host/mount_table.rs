//! The mount table. To ask for it never blocks, whatever the mounts in it do.
//!
//! Its text grows with every mount of the host, and a host may have thousands. So where the kernel can tell single mounts (Linux
//! 6.13), those are asked for that a walk to the path enters, and the text is for all else.

use std::io;
use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, open, openat, openat2};
use nix::sys::stat::Mode;

use super::sys;
use crate::mounts::{MountEntry, MountTable, ToldMount, WANTED};
use crate::share::MountPoint;

/// Reads the mount table of this thread's mount namespace, which is that of the process.
pub fn text() -> io::Result<Vec<u8>> {
    std::fs::read("/proc/thread-self/mountinfo")
}

/// The mounts that a walk to the path enters; `None` where only the text tells.
///
/// The walk opens each component with `O_PATH`, which asks no file system anything but the name, and looks up no name on a remote
/// one. What is mounted at its end is opened, too, and closed before this returns, or it would keep the mount busy. About the
/// root of a mount the kernel asks a file system that has a `d_weak_revalidate` (`complete_walk` in fs/namei.c): FUSE has none, and
/// NFS asks its server only for opens without `O_PATH`; 9p may ask.
pub fn way(path: &MountPoint) -> Option<MountTable<'static>> {
    let mut directory = open("/", FLAGS, Mode::empty()).ok()?;
    let mut id = sys::mount_of(&directory).ok()?;
    let root = told(id)?.entry;
    // A process whose root directory is not where a mount begins.
    if *root.mount_point != *b"/" || root.is_remote() {
        return None;
    }
    let mut entered = vec![root];
    for component in path.components() {
        if entered.last()?.is_remote() {
            return None;
        }
        directory = match openat2(&directory, component, within_the_mount()) {
            Ok(next) => next,
            Err(Errno::EXDEV) => {
                let next = openat(&directory, component, FLAGS, Mode::empty()).ok()?;
                let top = sys::mount_of(&next).ok()?;
                entered.extend(stack(top, id)?);
                id = top;
                next
            }
            // Nothing can be mounted there.
            Err(Errno::ENOENT | Errno::ENOTDIR) => break,
            Err(_) => return None,
        };
    }
    Some(MountTable::of(entered))
}

/// The mount that a descriptor is on; `None` where only the text tells.
pub(super) fn of_descriptor(fd: &impl AsFd) -> Option<MountEntry<'static>> {
    Some(told(sys::mount_of(fd).ok()?)?.entry)
}

/// The mounts from the one on the mount `below` up to the topmost one.
fn stack(top: u64, below: u64) -> Option<Vec<MountEntry<'static>>> {
    let mut stack = Vec::new();
    let mut id = top;
    while id != below {
        let ToldMount { entry, parent } = told(id)?;
        // The lowest of all is its own parent: the tree has changed meanwhile.
        if parent == id {
            return None;
        }
        stack.push(entry);
        id = parent;
    }
    stack.reverse();
    Some(stack)
}

fn told(mount: u64) -> Option<ToldMount> {
    ToldMount::parse(&sys::statmount(mount, WANTED).ok()?)
}

/// `O_DIRECTORY` would have an automount mounted, and wait for it.
const FLAGS: OFlag = OFlag::O_PATH.union(OFlag::O_CLOEXEC).union(OFlag::O_NOFOLLOW);

fn within_the_mount() -> OpenHow {
    let resolve = ResolveFlag::RESOLVE_BENEATH
        | ResolveFlag::RESOLVE_NO_SYMLINKS
        | ResolveFlag::RESOLVE_NO_MAGICLINKS
        | ResolveFlag::RESOLVE_NO_XDEV;
    OpenHow::new().flags(FLAGS).resolve(resolve)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use nix::mount::{MntFlags, MsFlags, mount, umount2};
    use nix::sched::{CloneFlags, unshare};
    use proptest::prelude::*;
    use proptest::test_runner::{Config, TestRunner};

    use super::*;

    /// What is done to a little tree of directories.
    #[derive(Debug, Clone)]
    enum Change {
        Mount(usize, usize),
        Bind(usize, usize),
        Unmount(usize),
    }

    const PLACES: [&str; 8] = ["a", "a/b", "a/b/c", "a/b c", "ab", "d", "d/a", "d/\\x#,"];
    const SOURCES: [&str; 3] = ["none", "quobyte@r/v", "with blank\\and\ttab#"];

    fn changes() -> impl Strategy<Value = Vec<Change>> {
        let place = || 0..PLACES.len();
        prop::collection::vec(
            prop_oneof![
                3 => (place(), 0..SOURCES.len()).prop_map(|(at, of)| Change::Mount(at, of)),
                1 => (place(), place()).prop_map(|(from, to)| Change::Bind(from, to)),
                1 => place().prop_map(Change::Unmount),
            ],
            0..12,
        )
    }

    fn apply(top: &Path, change: &Change) {
        let none = None::<&str>;
        let at = |place: usize| top.join(PLACES[place]);
        let directories =
            || PLACES.iter().for_each(|place| drop(fs::create_dir_all(top.join(place))));
        directories();
        // What cannot be done is not done.
        let _done = match *change {
            Change::Mount(place, of) => {
                mount(Some(SOURCES[of]), &at(place), Some("tmpfs"), MsFlags::empty(), none)
            }
            Change::Bind(from, to) => mount(Some(&at(from)), &at(to), none, MsFlags::MS_BIND, none),
            Change::Unmount(place) => umount2(&at(place), MntFlags::empty()),
        };
        directories();
    }

    /// Of a mount all that both ways tell alike.
    fn plain(entry: &MountEntry<'_>) -> impl PartialEq + std::fmt::Debug + use<> {
        let text = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
        (
            (entry.id, entry.parent, entry.device, entry.allows_other_users()),
            [&entry.root, &entry.mount_point, &entry.fstype, &entry.source]
                .map(|field| text(field)),
        )
    }

    fn both_agree(path: &Path) {
        let path: MountPoint = path.to_str().expect("UTF-8").parse().expect("a normal path");
        let way = way(&path).expect("it was told before");
        let text = text().expect("readable");
        let table = MountTable::parse(&text).expect("a good table");
        let seen = |table: &MountTable<'_>| {
            let at: Vec<_> = table.at(&path).into_iter().map(plain).collect();
            (at, table.under(&path).map(plain))
        };
        assert_eq!(format!("{:?}", seen(&way)), format!("{:?}", seen(&table)), "{path}");
    }

    /// In a mount namespace of the thread's own.
    #[test]
    fn single_mounts_and_the_text_tell_the_same() {
        let none = None::<&str>;
        let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
        let is_told = || way(&"/proc/sys".parse().expect("a good path")).is_some();
        let prepared = unshare(CloneFlags::CLONE_NEWNS);
        if prepared.and_then(|()| mount(none, "/", none, private, none)).is_err() || !is_told() {
            println!(
                "skipped: single mounts are told by Linux 6.13 and later, and to try them needs root"
            );
            return;
        }
        let dir = tempfile::tempdir().expect("a tempdir");
        let top = dir.path().canonicalize().expect("it is there");
        mount(Some("top"), &top, Some("tmpfs"), MsFlags::empty(), none).expect("a file system");
        let mut runner =
            TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(100) });
        let checked = runner.run(&changes(), |changes| {
            for change in &changes {
                apply(&top, change);
            }
            for place in PLACES.into_iter().chain(["none", "a/none/b"]) {
                both_agree(&top.join(place));
            }
            both_agree(Path::new("/proc/self/fd"));
            for place in PLACES.iter().rev().cycle().take(20 * PLACES.len()) {
                let _nothing_mounted = umount2(&top.join(place), MntFlags::MNT_DETACH);
            }
            Ok(())
        });
        // More than is asked for at first.
        let long = "x".repeat(3_000);
        let place = top.join(PLACES[0]);
        mount(Some(long.as_str()), &place, Some("tmpfs"), MsFlags::empty(), none).expect("mounted");
        both_agree(&place);
        umount2(&top, MntFlags::MNT_DETACH).expect("unmounted");
        checked.expect("both ways agree");
    }
}
