//! The image of a disk: its name on a share, and so its path.

use std::fmt;
use std::str::FromStr;

use crate::share::MountPoint;

/// The name of an image directly on a share: one component of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageName(String);

/// Why a text is no name of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ImageNameError {
    /// Nothing.
    #[error("it is empty")]
    Empty,
    /// It is no name but a path.
    #[error("it holds a '/': a name directly on the share would be right")]
    Slash,
    /// It is the directory or the one above it.
    #[error("'{0}' is a directory")]
    Walks(&'static str),
    /// A character that could hide something, or that XML or a path cannot hold.
    #[error("it holds the character {0:?}")]
    Character(char),
    /// Longer than a file's name can be (`NAME_MAX`).
    #[error("it is longer than 255 bytes")]
    TooLong,
}

impl ImageName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ImageName {
    type Err = ImageNameError;

    fn from_str(text: &str) -> Result<Self, ImageNameError> {
        match text {
            "" => return Err(ImageNameError::Empty),
            "." => return Err(ImageNameError::Walks(".")),
            ".." => return Err(ImageNameError::Walks("..")),
            _ if text.contains('/') => return Err(ImageNameError::Slash),
            _ if text.len() > 255 => return Err(ImageNameError::TooLong),
            _ => {}
        }
        // The last two pass as characters, and no XML can hold them.
        let unfit = |&c: &char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}');
        match text.chars().find(unfit) {
            Some(character) => Err(ImageNameError::Character(character)),
            None => Ok(Self(text.to_owned())),
        }
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The path of an image.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImagePath(String);

impl ImagePath {
    /// The image of this name on what is mounted there.
    #[must_use]
    pub fn on(mount_point: &MountPoint, name: &ImageName) -> Self {
        Self(format!("{mount_point}/{name}"))
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ImagePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_on_its_share() {
        use ImageNameError as E;
        let long = "x".repeat(256);
        for (text, expected) in [
            ("web1.qcow2", Ok(())),
            ("volume-c7a5fdbd-edaf-9455-926a-d65c16db1809", Ok(())),
            ("..x", Ok(())),
            ("it's \"it\" & <ä>", Ok(())),
            (&long[1..], Ok(())),
            ("", Err(E::Empty)),
            (".", Err(E::Walks("."))),
            ("..", Err(E::Walks(".."))),
            ("../x", Err(E::Slash)),
            ("/etc/passwd", Err(E::Slash)),
            ("a/b", Err(E::Slash)),
            ("a\nb", Err(E::Character('\n'))),
            ("a\0", Err(E::Character('\0'))),
            ("a\u{85}", Err(E::Character('\u{85}'))),
            ("a\u{ffff}", Err(E::Character('\u{ffff}'))),
            (&long, Err(E::TooLong)),
        ] {
            assert_eq!(text.parse::<ImageName>().map(|_| ()), expected, "{text:?}");
        }
    }
}
