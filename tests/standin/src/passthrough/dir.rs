//! Directories that are open. Decides what a listing is: one moment's names, taken when it is read from its start.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{DirEntryExt as _, MetadataExt as _};
use std::sync::{Mutex, PoisonError};

use fuser::{FileHandle, FileType, INodeNo, ReplyDirectory};
use nix::fcntl::OFlag;

use super::Volume;
use super::attr::kind;
use super::inodes::{by_descriptor, reopen};

#[derive(Debug)]
pub(super) struct OpenDir {
    dir: File,
    listing: Mutex<Vec<Name>>,
}

#[derive(Debug)]
struct Name {
    ino: INodeNo,
    kind: FileType,
    text: OsString,
}

impl Volume {
    pub(super) fn open_directory(&self, ino: INodeNo) -> io::Result<FileHandle> {
        let dir = reopen(&*self.inodes.get(ino)?, OFlag::O_RDONLY | OFlag::O_DIRECTORY)?;
        Ok(self.dirs.add(OpenDir { dir, listing: Mutex::default() }))
    }

    /// The offset after a name is its place in the listing, counted from 1.
    pub(super) fn list(
        &self,
        ino: INodeNo,
        handle: FileHandle,
        offset: u64,
        reply: &mut ReplyDirectory,
    ) -> io::Result<()> {
        let open = self.dirs.get(handle)?;
        let mut listing = open.listing.lock().unwrap_or_else(PoisonError::into_inner);
        if offset == 0 {
            *listing = self.names_in(ino, &open.dir)?;
        }
        let places = 1_u64..;
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        for (place, name) in places.zip(listing.iter()).skip(start) {
            if reply.add(name.ino, place, name.kind, &name.text) {
                break;
            }
        }
        Ok(())
    }

    pub(super) fn sync_directory(&self, handle: FileHandle) -> io::Result<()> {
        self.dirs.get(handle)?.dir.sync_all()
    }

    fn names_in(&self, ino: INodeNo, dir: &File) -> io::Result<Vec<Name>> {
        let device = dir.metadata()?.dev();
        let own = |name: &str| Name { ino, kind: FileType::Directory, text: name.into() };
        let mut names = vec![own("."), own("..")];
        for entry in fs::read_dir(by_descriptor(dir))? {
            let entry = entry?;
            names.push(Name {
                ino: self.inodes.number(device, entry.ino()),
                kind: kind(entry.file_type()?)?,
                text: entry.file_name(),
            });
        }
        Ok(names)
    }
}
