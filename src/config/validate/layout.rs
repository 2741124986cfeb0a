//! Where on the host things may be in relation to each other: what a mount must not hide, and what must lie apart.
//!
//! All of it is a matter of text. Paths are in normal form, and whoever mounts refuses a symlink on the way, so two paths
//! that differ as text are two places.

use crate::share::{AbsolutePath, MountPoint, ShareKey};

use super::super::settings::Client;
use super::directory::Directory;
use super::shares::Candidate;
use super::{Fault, Located, Problems, SourceFile, subject};

/// What is compared with each other: everything on the host that the configuration names.
#[derive(Debug)]
pub(super) struct Layout<'a> {
    pub(super) mount_base: &'a Directory,
    pub(super) state_dir: &'a Directory,
    pub(super) client: &'a Client,
    pub(super) files: &'a [SourceFile],
}

impl Layout<'_> {
    pub(super) fn check(&self, shares: &[Candidate<'_>], problems: &mut Problems<'_>) {
        self.check_directories(problems);
        let needed = self.needed();
        for share in shares {
            let Some(mount_point) = share.mount_point() else { continue };
            if let Err(fault) = self.admits(&mount_point.value, share.key(), &needed) {
                problems.add(mount_point.origin, share.mount_point_subject(), fault);
            }
        }
        check_side_by_side(shares, problems);
    }

    /// The state directory is made and kept by us, the mount base holds what may hang.
    fn check_directories(&self, problems: &mut Problems<'_>) {
        let (Some(base), Some(state)) = (self.mount_base.usable(), self.state_dir.usable()) else {
            return;
        };
        if !overlap(base, state) {
            return;
        }
        let (key, path, what, other, origin) =
            match (self.state_dir.origin(), self.mount_base.origin()) {
                (Some(origin), _) => ("state_dir", state, "mount_base", base, origin),
                (None, Some(origin)) => ("mount_base", base, "state_dir", state, origin),
                // The defaults lie apart.
                (None, None) => return,
            };
        let fault = Fault::Overlaps { what, path: other.as_str().to_owned() };
        problems.add(origin, subject(key, path.as_str()), fault);
    }

    /// What no mount may hide.
    fn needed(&self) -> Vec<(&'static str, &str)> {
        let text = |path| Some(AbsolutePath::as_str(path));
        [
            ("which is mount_base", self.mount_base.usable().and_then(text)),
            ("which is client.program", self.client.program.as_ref().and_then(text)),
            ("which is client.config", self.client.config.as_ref().and_then(text)),
        ]
        .into_iter()
        .chain(self.files.iter().map(|file| ("which is read here", file.path.to_str())))
        .filter_map(|(what, path)| Some((what, path?)))
        .collect()
    }

    /// Whether a share may be mounted here as far as only this share is concerned.
    fn admits(
        &self,
        mount_point: &MountPoint,
        key: Option<&ShareKey>,
        needed: &[(&'static str, &str)],
    ) -> Result<(), Fault> {
        if let Some(state) = self.state_dir.usable()
            && overlap(state, mount_point)
        {
            return Err(Fault::Overlaps { what: "state_dir", path: state.as_str().to_owned() });
        }
        if let Some(&(what, path)) = needed.iter().find(|(_, path)| mount_point.holds(path)) {
            return Err(Fault::Hides { what, path: path.to_owned() });
        }
        // Metadata may ask for any export that the policy allows, and that one is then mounted under its key.
        if let (Some(base), Some(key)) = (self.mount_base.usable(), key)
            && let Some(below) = mount_point.as_str().strip_prefix(base.as_str())
            && let Some(below) = below.strip_prefix('/')
            && below != key.as_str()
            && below.split('/').next().is_some_and(|name| name.parse::<ShareKey>().is_ok())
        {
            return Err(Fault::ForeignKey(key.clone()));
        }
        Ok(())
    }
}

fn overlap(a: &AbsolutePath, b: &AbsolutePath) -> bool {
    a.holds(b.as_str()) || b.holds(a.as_str())
}

/// Tells which mount points are the same, or lie one in the other.
fn check_side_by_side(shares: &[Candidate<'_>], problems: &mut Problems<'_>) {
    let mut sorted: Vec<(&Candidate<'_>, &Located<MountPoint>)> =
        shares.iter().filter_map(|share| Some((share, share.mount_point()?))).collect();
    // The sort is stable: of two that are equal, the later one is told.
    sorted.sort_by(|(_, a), (_, b)| a.value.cmp_by_components(&b.value));
    let mut around: Vec<(&Candidate<'_>, &Located<MountPoint>)> = Vec::new();
    for (share, mount_point) in sorted {
        while around.pop_if(|(_, outer)| !outer.value.holds(mount_point.value.as_str())).is_some() {
        }
        if let Some((other, outer)) = around.last()
            && !share.repeats(other)
        {
            let of = other.as_other(problems);
            let fault = if outer.value == mount_point.value {
                Fault::MountPointTaken(of)
            } else {
                Fault::MountPointInside { outer: outer.value.as_str().to_owned(), of }
            };
            problems.add(mount_point.origin, share.mount_point_subject(), fault);
        }
        around.push((share, mount_point));
    }
}
