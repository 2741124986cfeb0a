//! Looks at libvirt's directory of hooks and changes what is ours in it.
#![allow(clippy::disallowed_methods, reason = "this file is where the room's effects are")]

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::{Change, Entry, Kind};
use crate::host::trusted_path::{self, Missing, UntrustedPath};
use crate::share::MountPoint;

/// Where a link is made before it takes the place of another. Not in `qemu.d`: libvirt would run it there.
const NEW: &str = ".virt-quobyte.new";

/// The system refused.
#[derive(Debug, thiserror::Error)]
#[error("cannot {what} {}: {source}", path.display())]
pub struct PlaceError {
    what: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl PlaceError {
    /// Whether another user may see more.
    pub fn is_denied(&self) -> bool {
        self.source.kind() == ErrorKind::PermissionDenied
    }
}

fn error<'p>(what: &'static str, path: &'p Path) -> impl FnOnce(io::Error) -> PlaceError + 'p {
    move |source| PlaceError { what, path: path.to_owned(), source }
}

/// Why a file is not to be run as the hook, as root, at every start of a guest.
#[derive(Debug, thiserror::Error)]
pub enum HookFault {
    /// It cannot be found by this path.
    #[error("{}: {why}", hook.display())]
    Path {
        /// The file.
        hook: PathBuf,
        /// Why not.
        why: String,
    },
    /// Others could put something else in its place.
    #[error("the hook's directory: {0}")]
    Untrusted(#[from] UntrustedPath),
    /// It is not there, or cannot be looked at.
    #[error(transparent)]
    Unseen(#[from] PlaceError),
    /// It is no program that only root can change.
    #[error("{} is not a program that only root can change: it should be an executable file of root's with mode 0755", .0.display())]
    File(PathBuf),
}

/// Insists that a file can be the hook: libvirt runs it as root.
pub fn check_hook(hook: &Path) -> Result<(), HookFault> {
    let odd = |why: String| HookFault::Path { hook: hook.to_owned(), why };
    let parent = hook.parent().ok_or_else(|| odd("it names no file".to_owned()))?;
    let parent: MountPoint = parent
        .to_str()
        .ok_or_else(|| odd("its path is not UTF-8".to_owned()))?
        .parse()
        .map_err(|fault| odd(format!("its directory: {fault}")))?;
    trusted_path::walk(&parent, Missing::IsAnError)?;
    let file = fs::symlink_metadata(hook).map_err(error("look at", hook))?;
    let mode = file.permissions().mode();
    let owner = [0, nix::unistd::geteuid().as_raw()];
    if file.is_file() && mode & 0o111 != 0 && mode & 0o022 == 0 && owner.contains(&file.uid()) {
        Ok(())
    } else {
        Err(HookFault::File(hook.to_owned()))
    }
}

/// All that libvirt could run for a QEMU guest, in the order in which it would.
pub fn found(hooks: &Path) -> Result<Vec<Entry>, PlaceError> {
    let directory = hooks.join("qemu.d");
    let mut paths = vec![hooks.join("qemu")];
    match fs::read_dir(&directory) {
        Err(missing) if missing.kind() == ErrorKind::NotFound => {}
        entries => {
            for entry in entries.map_err(error("read", &directory))? {
                paths.push(entry.map_err(error("read", &directory))?.path());
            }
        }
    }
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        let kind = match fs::symlink_metadata(&path) {
            Err(missing) if missing.kind() == ErrorKind::NotFound => continue,
            Err(refused) => return Err(error("look at", &path)(refused)),
            Ok(file) if file.is_symlink() => {
                Kind::Link(fs::read_link(&path).map_err(error("read", &path))?)
            }
            Ok(file) if file.is_dir() => Kind::Other("a directory"),
            Ok(file) if file.is_file() => Kind::Other("a file"),
            Ok(_) => Kind::Other("neither a file nor a directory"),
        };
        found.push(Entry { path, kind });
    }
    Ok(found)
}

/// Does what was decided. libvirt sees the old link or the new one, and never both.
pub fn apply(hooks: &Path, change: &Change) -> Result<(), PlaceError> {
    match change {
        Change::Make { link, target } => {
            let directory = link.parent().unwrap_or(hooks);
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o755)
                .create(directory)
                .map_err(error("make", directory))?;
            // Fails if something was put there meanwhile.
            symlink(target, link).map_err(error("make", link))
        }
        Change::Replace { link, target } => {
            let new = hooks.join(NEW);
            match fs::remove_file(&new) {
                Err(refused) if refused.kind() != ErrorKind::NotFound => {
                    return Err(error("remove", &new)(refused));
                }
                _ => {}
            }
            symlink(target, &new).map_err(error("make", &new))?;
            fs::rename(&new, link).map_err(error("replace", link))
        }
        Change::Remove { link } => fs::remove_file(link).map_err(error("remove", link)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Layout, install, uninstall};
    use super::*;

    fn step(hooks: &Path, hook: &str) -> Option<Change> {
        let found = found(hooks).expect("readable");
        let change =
            install(Layout::Directory, hooks, Path::new(hook), &found).expect("not refused");
        if let Some(change) = &change {
            apply(hooks, change).expect("done");
        }
        change
    }

    #[test]
    fn a_link_is_made_followed_to_a_new_place_and_removed_among_what_others_have() {
        let dir = tempfile::tempdir().expect("a tempdir");
        let hooks = dir.path().join("libvirt/hooks");
        assert_eq!(found(&hooks).expect("readable"), []);

        let link = hooks.join("qemu.d/virt-quobyte");
        assert!(matches!(step(&hooks, "/old/virt-quobyte-hook"), Some(Change::Make { .. })));
        fs::write(hooks.join("qemu"), "#!/bin/sh\n").expect("written");
        fs::create_dir(hooks.join("qemu.d/directory")).expect("made");
        assert!(matches!(step(&hooks, "/new/virt-quobyte-hook"), Some(Change::Replace { .. })));
        assert_eq!(fs::read_link(&link).expect("a link"), Path::new("/new/virt-quobyte-hook"));
        assert_eq!(step(&hooks, "/new/virt-quobyte-hook"), None);

        let names: Vec<_> = found(&hooks).expect("readable").into_iter().map(|e| e.path).collect();
        let expected = ["qemu", "qemu.d/directory", "qemu.d/virt-quobyte"];
        assert_eq!(names, expected.map(|name| hooks.join(name)));
        for change in uninstall(&found(&hooks).expect("readable")) {
            apply(&hooks, &change).expect("done");
        }
        assert!(fs::symlink_metadata(&link).is_err(), "the link is gone");
        assert!(hooks.join("qemu").exists() && hooks.join("qemu.d/directory").exists());
        assert_eq!(fs::read_dir(&hooks).expect("readable").count(), 2, "nothing else is left");
    }

    #[test]
    fn only_a_program_that_nobody_else_can_change_can_be_the_hook() {
        let dir = tempfile::tempdir().expect("a tempdir");
        let hook = dir.path().join("virt-quobyte-hook");
        let is = |mode: u32| {
            fs::set_permissions(&hook, fs::Permissions::from_mode(mode)).expect("chmod");
            check_hook(&hook)
        };
        assert!(matches!(check_hook(&hook), Err(HookFault::Unseen(_))));
        fs::write(&hook, "").expect("written");
        assert!(is(0o755).is_ok() && is(0o500).is_ok());
        for mode in [0o644, 0o775, 0o757] {
            assert!(matches!(is(mode), Err(HookFault::File(_))), "{mode:o}");
        }
        let directory = dir.path().join("directory");
        fs::create_dir(&directory).expect("made");
        assert!(matches!(check_hook(&directory), Err(HookFault::File(_))));
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).expect("chmod");
        assert!(matches!(is(0o755), Err(HookFault::Untrusted(_))));
        assert!(matches!(check_hook(Path::new("hook")), Err(HookFault::Path { .. })));
    }
}
