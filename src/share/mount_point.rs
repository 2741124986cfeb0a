//! An absolute path in normal form, and which paths lie at or below it.

use std::cmp::Ordering;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use super::ShareKey;

/// An absolute directory path that is spelled in the one way the kernel spells it back.
///
/// Mount points, the mount base and the state directory are such paths. Normal form makes "at or below" a matter of text:
/// no symlink is resolved here, and none is allowed on the way to a mount point.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MountPoint(String);

/// The same form of path where nothing is mounted: a program, a file, the state directory.
pub type AbsolutePath = MountPoint;

/// Why a text is no such path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MountPointError {
    /// It does not begin with `/`.
    #[error("it is not absolute: it must begin with '/'")]
    Relative,
    /// It is the root directory.
    #[error("it is the root directory")]
    Root,
    /// It has `.` or `..` as a component.
    #[error("it has the component '{0}'")]
    Walks(&'static str),
    /// It has an empty component.
    #[error("it has '//' or ends with '/'")]
    EmptyComponent,
    /// It has a control character.
    #[error("it holds the character {0:?}")]
    Character(char),
    /// It is longer than the kernel takes.
    #[error("it is longer than 4,000 bytes")]
    TooLong,
}

impl MountPoint {
    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path.
    pub fn as_path(&self) -> &Path {
        Path::new(&self.0)
    }

    /// The components, from the root down.
    pub fn components(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0[1..].split('/')
    }

    /// The order by components: a directory comes right before all that lies in it. As text, `/a-b` would come between `/a` and
    /// `/a/b`.
    pub fn cmp_by_components(&self, other: &Self) -> Ordering {
        // No path has a NUL, and nothing comes before it.
        let rank = |byte: u8| if byte == b'/' { 0 } else { byte };
        let (one, other) = (self.0.as_bytes(), other.0.as_bytes());
        match one.iter().zip(other).find(|(a, b)| a != b) {
            Some((&a, &b)) => rank(a).cmp(&rank(b)),
            None => one.len().cmp(&other.len()),
        }
    }

    /// Whether an absolute path in normal form is this one or lies below it.
    pub fn holds(&self, path: &str) -> bool {
        path.strip_prefix(&self.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Whether an absolute path in normal form lies below this one.
    pub fn is_above(&self, path: &str) -> bool {
        self.holds(path) && path.len() > self.0.len()
    }

    /// The directory that Nova would mount the share of this key on.
    #[must_use]
    pub fn join_key(&self, key: &ShareKey) -> Self {
        Self(format!("{}/{key}", self.0))
    }
}

impl FromStr for MountPoint {
    type Err = MountPointError;

    fn from_str(text: &str) -> Result<Self, MountPointError> {
        let Some(rest) = text.strip_prefix('/') else { return Err(MountPointError::Relative) };
        if rest.is_empty() {
            return Err(MountPointError::Root);
        }
        if text.len() > 4000 {
            return Err(MountPointError::TooLong);
        }
        // Of most texts their bytes tell it, and sooner.
        if (!text.is_ascii() || text.bytes().any(|byte| byte.is_ascii_control()))
            && let Some(c) = text.chars().find(|c| c.is_control())
        {
            return Err(MountPointError::Character(c));
        }
        for component in rest.as_bytes().split(|&b| b == b'/') {
            match component {
                b"" => return Err(MountPointError::EmptyComponent),
                b"." => return Err(MountPointError::Walks(".")),
                b".." => return Err(MountPointError::Walks("..")),
                _ => {}
            }
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for MountPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_normal_form_is_taken() {
        use MountPointError as E;
        for (text, expected) in [
            ("/srv/quobyte/gold", Ok(())),
            ("/a", Ok(())),
            ("/with blank/and-ü", Ok(())),
            ("", Err(E::Relative)),
            ("srv/x", Err(E::Relative)),
            ("/", Err(E::Root)),
            ("//srv", Err(E::EmptyComponent)),
            ("/srv/", Err(E::EmptyComponent)),
            ("/srv/../etc", Err(E::Walks(".."))),
            ("/srv/./x", Err(E::Walks("."))),
            ("/srv/a\nb", Err(E::Character('\n'))),
        ] {
            assert_eq!(text.parse::<MountPoint>().map(|_| ()), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn the_order_is_that_of_the_components(paths in prop::collection::vec("(/[a-c .-]{1,2}){1,4}", 2)) {
            let parsed: Vec<MountPoint> = paths.iter().filter_map(|path| path.parse().ok()).collect();
            if let [one, other] = parsed.as_slice() {
                prop_assert_eq!(one.cmp_by_components(other), one.components().cmp(other.components()));
            }
        }
    }

    #[test]
    fn a_path_is_held_by_whole_components_only() {
        let gold: MountPoint = "/srv/gold".parse().expect("a good path");
        for (path, held) in [
            ("/srv/gold", true),
            ("/srv/gold/vm.img", true),
            ("/srv/golden/vm.img", false),
            ("/srv", false),
            ("srv/gold/x", false),
        ] {
            assert_eq!(gold.holds(path), held, "{path}");
        }
    }
}
