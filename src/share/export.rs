//! An export: `REGISTRY[,REGISTRY...]/VOLUME`, as the client takes it.

use std::fmt;
use std::str::FromStr;

use super::ShareKey;

/// What OpenStack writes before an export. It is an OpenStack spelling: whether the client knows it is not established, so
/// it never reaches the client.
const SCHEME: &str = "quobyte://";

/// Longer than any registry list in use, short enough for a mount source.
const MAX_LEN: usize = 1024;

/// `REGISTRY[,REGISTRY...]/VOLUME`, without the scheme and otherwise byte for byte as it was written.
///
/// An empty volume stands for all of them: the client then shows each as a directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Export(String);

/// Why a text is no export.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    /// There is no `/` between registries and volume.
    #[error("it has no '/' between the registries and the volume")]
    NoVolume,
    /// The client would take it for an option.
    #[error("it begins with '-', which the client would take for an option")]
    LooksLikeOption,
    /// The scheme is there twice. Without one of them it would be another export, of another key, when it is read again.
    #[error("it begins with '{SCHEME}' twice")]
    SchemeTwice,
    /// An entry of the registry list is empty.
    #[error("its list of registries has an empty entry")]
    EmptyRegistry,
    /// A registry holds a character that no host name, address or port has.
    #[error("its registry '{}' holds {character:?}, which no host name, address or port has", registry.escape_debug())]
    Registry {
        /// The whole entry.
        registry: String,
        /// The first character that is wrong.
        character: char,
    },
    /// The volume holds a character that could hide something in a log or on a command line.
    #[error("its volume holds the character {0:?}")]
    VolumeCharacter(char),
    /// The volume has a component that walks.
    #[error("its volume has the component '{0}'")]
    VolumeWalks(&'static str),
    /// The volume begins or ends with a blank.
    #[error("its volume begins or ends with a blank")]
    VolumeBlank,
    /// It is too long.
    #[error("it is longer than {MAX_LEN} bytes")]
    TooLong,
}

impl Export {
    /// As the client takes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The registries, as they are written.
    pub fn registries(&self) -> &str {
        self.split().0
    }

    /// The volume; empty for all of them.
    pub fn volume(&self) -> &str {
        self.split().1
    }

    /// The export's identity.
    pub fn key(&self) -> ShareKey {
        ShareKey::of(self)
    }

    fn split(&self) -> (&str, &str) {
        self.0.split_once('/').expect("parsing saw to it that there is a '/'")
    }
}

impl FromStr for Export {
    type Err = ExportError;

    fn from_str(text: &str) -> Result<Self, ExportError> {
        // Once, and exactly so spelled: that is what Nova strips before it computes the key.
        let text = text.strip_prefix(SCHEME).unwrap_or(text);
        if text.len() > MAX_LEN {
            return Err(ExportError::TooLong);
        }
        if text.starts_with(SCHEME) {
            return Err(ExportError::SchemeTwice);
        }
        if text.starts_with('-') {
            return Err(ExportError::LooksLikeOption);
        }
        let (registries, volume) = text.split_once('/').ok_or(ExportError::NoVolume)?;
        for registry in registries.split(',') {
            check_registry(registry)?;
        }
        check_volume(volume)?;
        Ok(Self(text.to_owned()))
    }
}

/// A host name, an SRV record's name or an address, with or without a port.
fn check_registry(registry: &str) -> Result<(), ExportError> {
    if registry.is_empty() {
        return Err(ExportError::EmptyRegistry);
    }
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-:[]".contains(&byte);
    match registry.bytes().position(|byte| !fits(byte)) {
        None => Ok(()),
        Some(at) => Err(ExportError::Registry {
            registry: registry.to_owned(),
            // All before it is ASCII, so a character begins here.
            character: registry[at..].chars().next().expect("a byte is there"),
        }),
    }
}

/// No rule for volume names is public, so this refuses what is dangerous, not what is odd.
fn check_volume(volume: &str) -> Result<(), ExportError> {
    let fits = |c: char| c.is_ascii_graphic() || c == ' ' || (!c.is_ascii() && c.is_alphanumeric());
    // Of most volumes their bytes tell it, and sooner.
    if !volume.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        && let Some(character) = volume.chars().find(|&c| !fits(c))
    {
        return Err(ExportError::VolumeCharacter(character));
    }
    if volume.starts_with(' ') || volume.ends_with(' ') {
        return Err(ExportError::VolumeBlank);
    }
    for walking in [".", ".."] {
        let mut components = volume.as_bytes().split(|&byte| byte == b'/');
        if components.any(|component| component == walking.as_bytes()) {
            return Err(ExportError::VolumeWalks(walking));
        }
    }
    Ok(())
}

impl fmt::Display for Export {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_is_stripped_once_and_nothing_else_changes() {
        for (written, kept) in [
            ("quobyte://reg/vol", "reg/vol"),
            ("reg/vol", "reg/vol"),
            ("a:7861,b,[::1]:7861/vol/", "a:7861,b,[::1]:7861/vol/"),
            ("_quobyte._tcp.example.org/", "_quobyte._tcp.example.org/"),
            ("REG/tenant/vm images", "REG/tenant/vm images"),
            ("reg/user#group@vol", "reg/user#group@vol"),
        ] {
            assert_eq!(written.parse::<Export>().map(|e| e.0), Ok(kept.to_owned()), "{written}");
        }
    }

    #[test]
    fn what_could_harm_is_refused_with_the_reason() {
        use ExportError as E;
        for (written, error) in [
            ("", E::NoVolume),
            ("reg", E::NoVolume),
            ("-reg/vol", E::LooksLikeOption),
            ("quobyte://-c/vol", E::LooksLikeOption),
            ("quobyte://quobyte://reg/vol", E::SchemeTwice),
            ("/vol", E::EmptyRegistry),
            ("a,/vol", E::EmptyRegistry),
            ("a, b/vol", E::Registry { registry: " b".into(), character: ' ' }),
            ("a/v\nw", E::VolumeCharacter('\n')),
            ("a/v\u{202e}w", E::VolumeCharacter('\u{202e}')),
            ("a/../etc", E::VolumeWalks("..")),
            ("a/v/.", E::VolumeWalks(".")),
            ("a/v ", E::VolumeBlank),
        ] {
            assert_eq!(written.parse::<Export>(), Err(error), "{written:?}");
        }
        assert_eq!(format!("a/{}", "x".repeat(2000)).parse::<Export>(), Err(E::TooLong));
    }

    #[test]
    fn registries_and_volume_are_split_at_the_first_slash() {
        let export: Export = "a,b/tenant/vol".parse().expect("a good export");
        assert_eq!((export.registries(), export.volume()), ("a,b", "tenant/vol"));
    }
}
