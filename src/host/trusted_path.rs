//! The way from `/` to a directory of ours, checked component by component.
//!
//! Root mounts at the end of such a path and keeps its state there. If anybody else could rename a directory on the way or put
//! a symlink in, they would choose where. Every component is opened without following links and looked at through the
//! descriptor that the next one is opened from, so what was checked is what is used.
//!
//! The kernel itself stops the walk at every other mount (`openat2` with `RESOLVE_NO_XDEV`). It goes on only if that is known to
//! be no remote file system: to look at a directory there, or up a name in it, could block for ever. A look at the mount table
//! beforehand could not promise that, because somebody may mount in between.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, open, openat, openat2};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat, mkdirat};
use nix::unistd::geteuid;

use super::mount_table;
use crate::mounts::{MountEntry, MountTable};
use crate::share::MountPoint;

/// The end of a path that was walked.
#[derive(Debug)]
pub struct PathEnd {
    /// The directory, opened with `O_PATH`.
    pub directory: OwnedFd,
    /// Its type and permission bits.
    pub mode: u32,
}

/// What to do about a directory that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Say so.
    IsAnError,
    /// Make it and what is missing above it: those with 0755, itself with this mode.
    IsMade {
        /// The last component's mode.
        mode: u32,
    },
}

/// Why a path is not to be trusted.
#[derive(Debug, thiserror::Error)]
pub enum UntrustedPath {
    /// A component is not there.
    #[error("{} does not exist", path.display())]
    Missing {
        /// The component.
        path: PathBuf,
    },
    /// A component is a symlink.
    #[error("{} is a symlink; write the path that it leads to", path.display())]
    Symlink {
        /// The component.
        path: PathBuf,
    },
    /// A component is no directory.
    #[error("{} is not a directory", path.display())]
    NotADirectory {
        /// The component.
        path: PathBuf,
    },
    /// Somebody else than root owns a component.
    #[error("{} belongs to uid {uid}; it must belong to root", path.display())]
    Owner {
        /// The component.
        path: PathBuf,
        /// Its owner.
        uid: u32,
    },
    /// Others than its owner can change a component.
    #[error("{} has mode {mode:04o}, so others than root can change it; chmod go-w it", path.display())]
    Writable {
        /// The component.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A component lies on a file system whose server could keep us waiting.
    #[error("{} lies on a mount of type {}, which can keep whoever looks at it waiting; a local directory is needed", path.display(), fstype.escape_debug())]
    Remote {
        /// The component.
        path: PathBuf,
        /// The mount's type.
        fstype: String,
    },
    /// The system refused.
    #[error("cannot {what} {}: {source}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// The component.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Walks from `/` to a directory and returns it.
///
/// What `/` itself lies on is not asked: this program was started from there.
pub fn walk(path: &MountPoint, missing: Missing) -> Result<PathEnd, UntrustedPath> {
    walk_by(Way::Openat2, path, missing)
}

fn walk_by(mut way: Way, path: &MountPoint, missing: Missing) -> Result<PathEnd, UntrustedPath> {
    let mut so_far = PathBuf::from("/");
    let mut directory = open("/", FLAGS, Mode::empty()).map_err(refused("open", &so_far))?;
    let mut stat = checked(&directory, &so_far, Ancestor::Is)?;
    let mut components = path.components().peekable();
    while let Some(component) = components.next() {
        so_far.push(component);
        let is_last = components.peek().is_none();
        let name = OsString::from(component);
        let mut opened = way.open(&directory, &name);
        if let (Err(Errno::ENOENT), Missing::IsMade { mode }) = (opened.as_ref(), missing) {
            let mode = Mode::from_bits_truncate(if is_last { mode } else { 0o755 });
            match mkdirat(&directory, name.as_os_str(), mode) {
                // Another process made it meanwhile: it is checked like any other.
                Ok(()) | Err(Errno::EEXIST) => {}
                Err(errno) => return Err(refused("make", &so_far)(errno)),
            }
            opened = way.open(&directory, &name);
        }
        let next = match opened {
            Ok(next) => next,
            Err(Errno::ENOENT) => return Err(UntrustedPath::Missing { path: so_far }),
            Err(errno) => return Err(refused("open", &so_far)(errno)),
        };
        directory = match next {
            Next::SameMount(directory) => directory,
            Next::PerhapsAnother(directory) => {
                local(&directory, &so_far)?;
                directory
            }
        };
        let ancestor = if is_last { Ancestor::IsNot } else { Ancestor::Is };
        stat = checked(&directory, &so_far, ancestor)?;
    }
    Ok(PathEnd { directory, mode: stat.st_mode })
}

/// `O_PATH` asks no file system anything. `O_DIRECTORY` would have an automount mounted, and wait for it.
const FLAGS: OFlag = OFlag::O_PATH.union(OFlag::O_CLOEXEC).union(OFlag::O_NOFOLLOW);

/// How a component is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// With the kernel's own word that it is on the same mount.
    Openat2,
    /// As it was done before Linux 5.6. Every component may then be on another mount.
    Openat,
}

/// A component that was opened, and nothing else done to it.
enum Next {
    SameMount(OwnedFd),
    PerhapsAnother(OwnedFd),
}

impl Way {
    fn open(&mut self, directory: &OwnedFd, name: &OsString) -> nix::Result<Next> {
        let plainly =
            || openat(directory, name.as_os_str(), FLAGS, Mode::empty()).map(Next::PerhapsAnother);
        if *self == Self::Openat {
            return plainly();
        }
        // A link as the last component is opened itself all the same, with these flags.
        let resolve = ResolveFlag::RESOLVE_BENEATH
            | ResolveFlag::RESOLVE_NO_SYMLINKS
            | ResolveFlag::RESOLVE_NO_MAGICLINKS
            | ResolveFlag::RESOLVE_NO_XDEV;
        let how = OpenHow::new().flags(FLAGS).resolve(resolve);
        match openat2(directory, name.as_os_str(), how) {
            Ok(opened) => Ok(Next::SameMount(opened)),
            Err(Errno::EXDEV) => plainly(),
            // EPERM: some sandboxes refuse so what they do not know.
            Err(Errno::ENOSYS | Errno::EPERM) => {
                *self = Self::Openat;
                plainly()
            }
            Err(errno) => Err(errno),
        }
    }
}

/// Sees to it that a directory is on no remote file system, without a question to that.
///
/// The descriptor keeps its mount in the table, so the id means this mount until the table is read.
fn local(directory: &OwnedFd, path: &Path) -> Result<(), UntrustedPath> {
    if let Some(mount) = mount_table::of_descriptor(directory) {
        return not_remote(&mount, path);
    }
    let io =
        |source| UntrustedPath::Io { what: "find the mount of", path: path.to_owned(), source };
    let id = mount_id(directory).map_err(io)?;
    let text = mount_table::text().map_err(io)?;
    let table = MountTable::parse(&text).map_err(|error| io(io::Error::other(error)))?;
    match table.of_id(id) {
        Some(mount) => not_remote(mount, path),
        None => Err(io(io::Error::other("it is not in the mount table"))),
    }
}

fn not_remote(mount: &MountEntry<'_>, path: &Path) -> Result<(), UntrustedPath> {
    if !mount.is_remote() {
        return Ok(());
    }
    let fstype = String::from_utf8_lossy(&mount.fstype).into_owned();
    Err(UntrustedPath::Remote { path: path.to_owned(), fstype })
}

/// The id of the mount that a descriptor is on, as the kernel keeps it: proc(5), `fdinfo`.
pub(super) fn mount_id(directory: &OwnedFd) -> io::Result<u32> {
    let text = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", directory.as_raw_fd()))?;
    let id = text.lines().find_map(|line| line.strip_prefix("mnt_id:")?.trim().parse().ok());
    id.ok_or_else(|| io::Error::other("its fdinfo has no mnt_id"))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ancestor {
    Is,
    IsNot,
}

fn checked(
    directory: &OwnedFd,
    path: &Path,
    ancestor: Ancestor,
) -> Result<FileStat, UntrustedPath> {
    let stat = fstat(directory).map_err(refused("look at", path))?;
    let path = || path.to_owned();
    match SFlag::from_bits_truncate(stat.st_mode & SFlag::S_IFMT.bits()) {
        SFlag::S_IFDIR => {}
        SFlag::S_IFLNK => return Err(UntrustedPath::Symlink { path: path() }),
        _ => return Err(UntrustedPath::NotADirectory { path: path() }),
    }
    // An ordinary user looks at a state of their own when they run the hook by hand; root trusts root only.
    if stat.st_uid != 0 && stat.st_uid != geteuid().as_raw() {
        return Err(UntrustedPath::Owner { path: path(), uid: stat.st_uid });
    }
    // In a sticky directory others can add names, but cannot touch those of root; and what they add is not root's.
    let sticky_ancestor = ancestor == Ancestor::Is && stat.st_mode & 0o1000 != 0;
    if stat.st_mode & 0o022 != 0 && !sticky_ancestor {
        return Err(UntrustedPath::Writable { path: path(), mode: stat.st_mode & 0o7777 });
    }
    Ok(stat)
}

fn refused<'p>(what: &'static str, path: &'p Path) -> impl FnOnce(Errno) -> UntrustedPath + 'p {
    move |errno| UntrustedPath::Io { what, path: path.to_owned(), source: errno.into() }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    const WAYS: [Way; 2] = [Way::Openat2, Way::Openat];

    #[test]
    fn both_ways_judge_a_path_alike() {
        let dir = tempfile::tempdir().expect("a tempdir");
        let at = |name: &str| dir.path().join(name);
        for (name, mode) in [("good/deep", 0o755), ("loose", 0o775), ("loose/below", 0o755)] {
            fs::create_dir_all(at(name)).expect("made");
            fs::set_permissions(at(name), fs::Permissions::from_mode(mode)).expect("chmod");
        }
        fs::set_permissions(at("loose"), fs::Permissions::from_mode(0o775)).expect("chmod");
        fs::write(at("file"), "").expect("written");
        symlink("good", at("link")).expect("a link");
        symlink("/proc/self/cwd", at("magic")).expect("a link");
        for (name, said) in [
            ("good", ""),
            ("good/deep", ""),
            ("none", "none does not exist"),
            ("good/none/deep", "good/none does not exist"),
            ("link", "link is a symlink"),
            ("link/deep", "link is a symlink"),
            ("magic", "magic is a symlink"),
            ("file", "file is not a directory"),
            ("file/deep", "file is not a directory"),
            ("loose", "loose has mode 0775"),
            ("loose/below", "loose has mode 0775"),
        ] {
            let path = at(name).to_str().expect("UTF-8").parse().expect("a normal path");
            for way in WAYS {
                match walk_by(way, &path, Missing::IsAnError) {
                    Ok(end) => assert_eq!((said, end.mode & 0o7777), ("", 0o755), "{way:?} {name}"),
                    Err(error) => {
                        let text = error.to_string();
                        assert!(!said.is_empty() && text.contains(said), "{way:?} {name}: {text}");
                    }
                }
            }
        }
    }

    #[test]
    fn both_ways_make_what_is_missing_and_go_on_to_other_local_mounts() {
        let dir = tempfile::tempdir().expect("a tempdir");
        for (way, name) in WAYS.into_iter().zip(["one", "two"]) {
            let new = dir.path().join(name).join("a/b");
            let path = new.to_str().expect("UTF-8").parse().expect("a normal path");
            let end = walk_by(way, &path, Missing::IsMade { mode: 0o700 }).expect("it is made");
            assert_eq!(end.mode & 0o7777, 0o700);
            // /proc is another mount than / wherever this runs.
            let other = "/proc/sys".parse().expect("a normal path");
            walk_by(way, &other, Missing::IsAnError).expect("a local directory");
        }
    }

    #[test]
    fn the_kernel_says_itself_where_another_mount_begins() {
        let root = open("/", FLAGS, Mode::empty()).expect("a root directory");
        let mut way = Way::Openat2;
        let proc = way.open(&root, &"proc".into()).expect("there is a /proc");
        if way == Way::Openat {
            println!("skipped: this kernel has no openat2");
            return;
        }
        assert!(matches!(proc, Next::PerhapsAnother(_)));
        let Next::PerhapsAnother(proc) = proc else { return };
        let sys = way.open(&proc, &"self".into()).expect("there is a /proc/self");
        assert!(matches!(sys, Next::SameMount(_)));
    }
}
