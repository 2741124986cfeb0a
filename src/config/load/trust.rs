//! Whether only root could have written what root is about to obey.
//!
//! A path is walked from the root directory down, link by link. Each directory that is entered must belong to root and be
//! writable by nobody else, so by the time a name is looked up in it, nobody else can change what the name stands for. That
//! is why plain path names are enough here, without a race. The one exception is a sticky directory of root's, such as
//! `/tmp`: others can add names to it, but not replace one that belongs to root, and each entry's owner is checked in turn.
//!
//! A process that is not root may also trust its own user, who could run it with any other configuration anyway.

use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use super::{Account, FileFault, Unusable, Writers};

/// What the kernel allows, see `path_resolution(7)`.
const MOST_LINKS: u32 = 40;

const STICKY: u32 = 0o1000;
const GROUP_MAY_WRITE: u32 = 0o020;
const OTHERS_MAY_WRITE: u32 = 0o002;

/// Whose files are trusted: root's, and those of this user.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trust {
    pub(super) user: u32,
}

/// Where a step of a path comes from.
#[derive(Debug, Clone, Copy)]
enum From {
    Path,
    Link,
}

impl Trust {
    pub(super) fn of_this_process() -> Self {
        Self { user: nix::unistd::geteuid().as_raw() }
    }

    /// Follows an absolute path to a name that is no link; `None` if the path does not exist.
    ///
    /// All directories on the way have been checked then, the last name's own permissions only if it is a directory.
    pub(super) fn resolve(self, path: &Path) -> Result<Option<PathBuf>, Unusable> {
        let mut here = PathBuf::from("/");
        let root = fs::symlink_metadata(&here).map_err(FileFault::Unreadable);
        root.and_then(|root| self.check_directory(&root))
            .map_err(|fault| Unusable::new(&here, fault))?;
        let mut ahead = Vec::new();
        let mut links = 0;
        add_steps(&mut ahead, path, From::Path);
        while let Some((name, from)) = ahead.pop() {
            // Every link before it is resolved, so the parent is the one that the kernel would find.
            if name == ".." {
                here.pop();
                continue;
            }
            let next = here.join(&name);
            let metadata = match (fs::symlink_metadata(&next), from) {
                (Ok(metadata), _) => metadata,
                (Err(error), From::Path) if error.kind() == ErrorKind::NotFound => return Ok(None),
                (Err(error), From::Link) if error.kind() == ErrorKind::NotFound => {
                    return Err(Unusable::new(path, FileFault::Dangling));
                }
                (Err(error), _) => return Err(Unusable::new(&next, FileFault::Unreadable(error))),
            };
            if metadata.is_symlink() {
                links += 1;
                if links > MOST_LINKS {
                    return Err(Unusable::new(path, FileFault::Links));
                }
                let target =
                    self.follow(&next, &metadata).map_err(|fault| Unusable::new(&next, fault))?;
                if target.is_absolute() {
                    here = PathBuf::from("/");
                }
                add_steps(&mut ahead, &target, From::Link);
                continue;
            }
            if metadata.is_dir() {
                self.check_directory(&metadata).map_err(|fault| Unusable::new(&next, fault))?;
            } else if !ahead.is_empty() {
                return Err(Unusable::new(&next, FileFault::NotADirectory));
            }
            here = next;
        }
        Ok(Some(here))
    }

    /// Whether only those who are trusted can write a file.
    pub(super) fn check_file(self, metadata: &Metadata) -> Result<(), FileFault> {
        self.check_owner(metadata)?;
        let mode = metadata.mode() & 0o7777;
        let by = if mode & OTHERS_MAY_WRITE != 0 {
            Writers::Everybody
        } else if mode & GROUP_MAY_WRITE != 0 {
            Writers::Group(account("group", "/etc/group", metadata.gid()))
        } else {
            return Ok(());
        };
        Err(FileFault::Writable { by, mode })
    }

    fn check_directory(self, metadata: &Metadata) -> Result<(), FileFault> {
        if metadata.uid() == 0 && metadata.mode() & STICKY != 0 {
            return Ok(());
        }
        self.check_file(metadata)
    }

    /// In a sticky directory anybody can put a link; who may change it is only a matter of its owner.
    fn follow(self, link: &Path, metadata: &Metadata) -> Result<PathBuf, FileFault> {
        self.check_owner(metadata)?;
        fs::read_link(link).map_err(FileFault::Unreadable)
    }

    fn check_owner(self, metadata: &Metadata) -> Result<(), FileFault> {
        match metadata.uid() {
            0 => Ok(()),
            uid if uid == self.user => Ok(()),
            uid => Err(FileFault::Owner(account("user", "/etc/passwd", uid))),
        }
    }
}

/// Puts the steps of a path before those that are still ahead. The next one is the last of the list.
fn add_steps(ahead: &mut Vec<(OsString, From)>, path: &Path, from: From) {
    for component in path.components().rev() {
        match component {
            Component::Normal(name) => ahead.push((name.to_owned(), from)),
            Component::ParentDir => ahead.push(("..".into(), from)),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
}

/// The account of a number, with its name for the message.
///
/// The name service is not asked: it may wait for a network, and a hook must not.
fn account(kind: &'static str, database: &str, id: u32) -> Account {
    // A name that cannot be found is only a message with a number in it.
    let lines = fs::read_to_string(database).unwrap_or_default();
    let name = lines.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(id)).then(|| name.to_owned())
    });
    Account { kind, id, name }
}
