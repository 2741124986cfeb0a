//! Which link is to be made, replaced or removed.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

use super::HOOK;

/// Our link's name in `qemu.d`. libvirt runs what is there in the order of the names.
const NAME: &str = "virt-quobyte";

/// Where this host's libvirt looks for hooks of QEMU guests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// In the directory `qemu.d`, besides the script `qemu`.
    Directory,
    /// The script `qemu` is all that there is.
    SingleScript,
}

impl Layout {
    /// The layout of a version as libvirt counts: 6.5.0 is `6_005_000`.
    pub fn of_version(version: u32) -> Self {
        if version >= 6_005_000 { Self::Directory } else { Self::SingleScript }
    }

    fn place(self, hooks: &Path) -> PathBuf {
        match self {
            Self::Directory => hooks.join("qemu.d").join(NAME),
            Self::SingleScript => hooks.join("qemu"),
        }
    }
}

/// What lies where libvirt looks for a hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where.
    pub path: PathBuf,
    /// What.
    pub kind: Kind,
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A symlink with this text.
    Link(PathBuf),
    /// Something else, in words.
    Other(&'static str),
}

impl Entry {
    /// Whether it leads to the hook, of this or of another installation.
    pub fn is_ours(&self) -> bool {
        matches!(&self.kind, Kind::Link(target) if target.file_name() == Some(OsStr::new(HOOK)))
    }
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Make a link where nothing is.
    Make {
        /// Where.
        link: PathBuf,
        /// Where it leads to.
        target: PathBuf,
    },
    /// Have a link of ours lead to somewhere else.
    Replace {
        /// Where.
        link: PathBuf,
        /// Where it leads to from now on.
        target: PathBuf,
    },
    /// Remove a link of ours.
    Remove {
        /// Where.
        link: PathBuf,
    },
}

/// Done, as it is said afterwards.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Make { link, target } | Self::Replace { link, target } => {
                write!(f, "linked {} to {}", link.display(), target.display())
            }
            Self::Remove { link } => write!(f, "removed {}", link.display()),
        }
    }
}

/// Why the link is not made.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Something else has its place.
    #[error(
        "{} is {}, and not a link to {HOOK}: it is somebody else's, so it stays; move it away if it is in the way",
        .0.path.display(),
        in_words(&.0.kind)
    )]
    NotOurs(Entry),
    /// The one script that this libvirt runs is somebody else's.
    #[error(
        "{} is not ours, and libvirt before 6.5 runs no other; add this line to it, right below its first:\n    {} \"$@\" || exit",
        script.display(),
        hook.display()
    )]
    NotOurScript {
        /// The script.
        script: PathBuf,
        /// The hook.
        hook: PathBuf,
    },
    /// It is there more than once.
    #[error(
        "{} are links to {HOOK}, and libvirt would run it once for each: remove all but one",
        .0.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" and ")
    )]
    Several(Vec<PathBuf>),
}

fn in_words(kind: &Kind) -> String {
    match kind {
        Kind::Link(target) => format!("a link to {}", target.display()),
        Kind::Other(what) => (*what).to_owned(),
    }
}

/// What has to be done so that libvirt runs the hook once; `None` if it does already.
pub fn install(
    layout: Layout,
    hooks: &Path,
    hook: &Path,
    found: &[Entry],
) -> Result<Option<Change>, Refusal> {
    let place = layout.place(hooks);
    let is_looked_at = |entry: &&Entry| layout == Layout::Directory || entry.path == place;
    let ours: Vec<_> = found.iter().filter(is_looked_at).filter(|entry| entry.is_ours()).collect();
    let target = hook.to_owned();
    match ours[..] {
        // Under another name, or as the one script that an older libvirt needed, it serves as well.
        [Entry { kind: Kind::Link(leads_to), .. }] if leads_to == hook => Ok(None),
        [Entry { path, .. }] => Ok(Some(Change::Replace { link: path.clone(), target })),
        [] => match (found.iter().find(|entry| entry.path == place), layout) {
            (None, _) => Ok(Some(Change::Make { link: place, target })),
            (Some(entry), Layout::Directory) => Err(Refusal::NotOurs(entry.clone())),
            (Some(_), Layout::SingleScript) => {
                Err(Refusal::NotOurScript { script: place, hook: target })
            }
        },
        _ => Err(Refusal::Several(ours.iter().map(|entry| entry.path.clone()).collect())),
    }
}

/// What has to be done so that libvirt does not run the hook any more; nothing if it does not.
pub fn uninstall(found: &[Entry]) -> Vec<Change> {
    let ours = found.iter().filter(|entry| entry.is_ours());
    ours.map(|entry| Change::Remove { link: entry.path.clone() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOOK_FILE: &str = "/usr/sbin/virt-quobyte-hook";

    fn link(path: &str, target: &str) -> Entry {
        Entry { path: Path::new("/h").join(path), kind: Kind::Link(target.into()) }
    }

    fn file(path: &str) -> Entry {
        Entry { path: Path::new("/h").join(path), kind: Kind::Other("a file") }
    }

    fn installed(layout: Layout, found: &[Entry]) -> Result<Option<Change>, Refusal> {
        install(layout, Path::new("/h"), Path::new(HOOK_FILE), found)
    }

    fn made(path: &str) -> Change {
        Change::Make { link: Path::new("/h").join(path), target: HOOK_FILE.into() }
    }

    fn replaced(path: &str) -> Change {
        Change::Replace { link: Path::new("/h").join(path), target: HOOK_FILE.into() }
    }

    #[test]
    fn the_directory_of_hooks_is_there_since_6_5() {
        for (version, layout) in [
            (6_000_000, Layout::SingleScript),
            (6_004_999, Layout::SingleScript),
            (6_005_000, Layout::Directory),
            (9_000_000, Layout::Directory),
        ] {
            assert_eq!(Layout::of_version(version), layout, "{version}");
        }
    }

    #[test]
    fn the_hook_is_linked_once_and_what_is_not_ours_is_left_alone() {
        use Layout::{Directory, SingleScript};
        let others = "/usr/share/other/hook";
        let wrapper = file("qemu");
        let not_ours = |entry: &Entry| Err(Refusal::NotOurs(entry.clone()));
        let not_our_script =
            || Err(Refusal::NotOurScript { script: "/h/qemu".into(), hook: HOOK_FILE.into() });
        let table: &[(&str, Layout, &[Entry], Result<Option<Change>, Refusal>)] = &[
            ("nothing is there", Directory, &[], Ok(Some(made("qemu.d/virt-quobyte")))),
            ("nothing is there, old libvirt", SingleScript, &[], Ok(Some(made("qemu")))),
            (
                "others are there",
                Directory,
                &[wrapper.clone(), link("qemu.d/10-other", others)],
                Ok(Some(made("qemu.d/virt-quobyte"))),
            ),
            ("it is there", Directory, &[link("qemu.d/virt-quobyte", HOOK_FILE)], Ok(None)),
            ("it has another name", Directory, &[link("qemu.d/90-vq", HOOK_FILE)], Ok(None)),
            ("it was made for an old libvirt", Directory, &[link("qemu", HOOK_FILE)], Ok(None)),
            ("it is there, old libvirt", SingleScript, &[link("qemu", HOOK_FILE)], Ok(None)),
            (
                "it is where an old libvirt does not look",
                SingleScript,
                &[link("qemu.d/virt-quobyte", HOOK_FILE)],
                Ok(Some(made("qemu"))),
            ),
            (
                "it is another installation's",
                Directory,
                &[link("qemu.d/90-vq", "/usr/local/sbin/virt-quobyte-hook")],
                Ok(Some(replaced("qemu.d/90-vq"))),
            ),
            (
                "a file has its place",
                Directory,
                &[file("qemu.d/virt-quobyte")],
                not_ours(&file("qemu.d/virt-quobyte")),
            ),
            (
                "a link to elsewhere has its place",
                Directory,
                &[link("qemu.d/virt-quobyte", "/dev/null")],
                not_ours(&link("qemu.d/virt-quobyte", "/dev/null")),
            ),
            (
                "the script is somebody else's, old libvirt",
                SingleScript,
                std::slice::from_ref(&wrapper),
                not_our_script(),
            ),
            (
                "it would run twice",
                Directory,
                &[link("qemu", HOOK_FILE), link("qemu.d/virt-quobyte", HOOK_FILE)],
                Err(Refusal::Several(vec!["/h/qemu".into(), "/h/qemu.d/virt-quobyte".into()])),
            ),
        ];
        for (what, layout, found, expected) in table {
            assert_eq!(&installed(*layout, found), expected, "{what}");
        }
    }

    #[test]
    fn all_that_is_ours_is_removed_and_nothing_else() {
        let found = [
            file("qemu"),
            link("qemu.d/10-other", "/usr/share/other/hook"),
            link("qemu.d/90-vq", "/usr/local/sbin/virt-quobyte-hook"),
            link("qemu.d/virt-quobyte", HOOK_FILE),
            link("qemu.d/z", "/dev/null"),
        ];
        let removed = ["/h/qemu.d/90-vq", "/h/qemu.d/virt-quobyte"];
        assert_eq!(uninstall(&found), removed.map(|link| Change::Remove { link: link.into() }));
        assert_eq!(uninstall(&[]), []);
    }

    #[test]
    fn the_line_for_an_older_libvirt_is_in_the_refusal() {
        let refusal = installed(Layout::SingleScript, &[file("qemu")]).expect_err("refused");
        assert!(
            refusal.to_string().ends_with("\n    /usr/sbin/virt-quobyte-hook \"$@\" || exit"),
            "{refusal}"
        );
    }
}
