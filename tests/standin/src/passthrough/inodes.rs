//! The inodes that the kernel knows. Decides their numbers and how long they are kept.
//!
//! Each is held by a descriptor and not by a path: it stays the same inode when names move, and an unlinked file lives on. While it is
//! held, the backing file system cannot give its number to another.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::fs::MetadataExt as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fuser::{FileAttr, INodeNo};
use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;

use super::attr;

/// Numbers from here on are ours; no Linux file system of a test's size counts so far.
const FIRST_OWN: u64 = 1 << 63;

#[derive(Debug)]
pub(super) struct Inodes {
    root: Arc<File>,
    root_key: Key,
    table: Mutex<Table>,
}

/// Device and inode number in the backing file system.
type Key = (u64, u64);

#[derive(Debug, Default)]
struct Table {
    known: HashMap<u64, Known>,
    /// Never forgotten, so that a file has the same number as long as the daemon lives.
    own_numbers: HashMap<Key, u64>,
}

#[derive(Debug)]
struct Known {
    file: Arc<File>,
    lookups: u64,
}

impl Inodes {
    pub(super) fn new(root: File) -> io::Result<Self> {
        let metadata = root.metadata()?;
        let root_key = (metadata.dev(), metadata.ino());
        Ok(Self { root: Arc::new(root), root_key, table: Mutex::default() })
    }

    /// A descriptor that names the inode (`O_PATH`), not one to read or write.
    pub(super) fn get(&self, ino: INodeNo) -> io::Result<Arc<File>> {
        if ino == INodeNo::ROOT {
            return Ok(Arc::clone(&self.root));
        }
        let table = self.lock();
        table.known.get(&ino.0).map(|known| Arc::clone(&known.file)).ok_or(Errno::ESTALE.into())
    }

    /// The kernel will be told of this inode: it counts as looked up once more.
    pub(super) fn remember(&self, file: File) -> io::Result<FileAttr> {
        let metadata = file.metadata()?;
        let mut table = self.lock();
        let number = self.number_in(&mut table, (metadata.dev(), metadata.ino()));
        match table.known.entry(number.0) {
            Entry::Occupied(mut known) => known.get_mut().lookups += 1,
            Entry::Vacant(place) => {
                place.insert(Known { file: Arc::new(file), lookups: 1 });
            }
        }
        attr::of(number, &metadata)
    }

    pub(super) fn forget(&self, ino: INodeNo, count: u64) {
        if let Entry::Occupied(mut known) = self.lock().known.entry(ino.0) {
            let left = known.get().lookups.saturating_sub(count);
            known.get_mut().lookups = left;
            if left == 0 {
                known.remove();
            }
        }
    }

    pub(super) fn number(&self, device: u64, inode: u64) -> INodeNo {
        self.number_in(&mut self.lock(), (device, inode))
    }

    /// The backing number where that is unique and the kernel has no other use for it.
    fn number_in(&self, table: &mut Table, key: Key) -> INodeNo {
        if key == self.root_key {
            return INodeNo::ROOT;
        }
        let (device, inode) = key;
        if device == self.root_key.0 && (2..FIRST_OWN).contains(&inode) {
            return INodeNo(inode);
        }
        let next = FIRST_OWN + table.own_numbers.len() as u64;
        INodeNo(*table.own_numbers.entry(key).or_insert(next))
    }

    /// Nothing in the table is changed in more than one step, so that a panic leaves it whole.
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens what an `O_PATH` descriptor names. The kernel has followed links and created files before it asks.
pub(super) fn reopen(file: &File, flags: OFlag) -> io::Result<File> {
    let never = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW;
    let fd: OwnedFd =
        open(by_descriptor(file).as_str(), (flags - never) | OFlag::O_CLOEXEC, Mode::empty())?;
    Ok(File::from(fd))
}

/// For calls that take no `O_PATH` descriptor.
pub(super) fn by_descriptor(file: &File) -> String {
    format!("/proc/self/fd/{}", file.as_raw_fd())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn an_inode_is_known_until_the_kernel_forgot_every_lookup() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        fs::write(&path, "").unwrap();
        let inodes = Inodes::new(File::open(dir.path()).unwrap()).unwrap();
        let number = inodes.remember(File::open(&path).unwrap()).unwrap().ino;
        assert_eq!(inodes.remember(File::open(&path).unwrap()).unwrap().ino, number);
        inodes.forget(number, 1);
        assert!(inodes.get(number).is_ok());
        inodes.forget(number, 1);
        assert!(inodes.get(number).is_err());
        assert!(inodes.get(INodeNo::ROOT).is_ok());
    }

    #[test]
    fn numbers_of_other_devices_do_not_mix_with_the_volumes() {
        let dir = tempfile::tempdir().unwrap();
        let inodes = Inodes::new(File::open(dir.path()).unwrap()).unwrap();
        let (device, root) = inodes.root_key;
        assert_eq!(inodes.number(device, root), INodeNo::ROOT);
        assert_eq!(inodes.number(device, root + 1), INodeNo(root + 1));
        assert_ne!(inodes.number(device, 1), INodeNo::ROOT);
        let elsewhere = inodes.number(device + 1, root + 1);
        assert_ne!(elsewhere, INodeNo(root + 1));
        assert_ne!(elsewhere, inodes.number(device + 2, root + 1));
        assert_eq!(elsewhere, inodes.number(device + 1, root + 1));
    }
}
