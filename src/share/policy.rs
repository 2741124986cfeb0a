//! Which exports domain metadata may ask for beyond the configured shares.

use std::str::FromStr;

use super::{Export, ExportError};

/// The exports that a domain's metadata may name. Without a pattern, none.
///
/// Whoever may define domains may write metadata, and that need not be who administers the host: so an export outside the
/// configuration is mounted only where the administrator said so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExportPolicy(Vec<ExportPattern>);

impl ExportPolicy {
    /// The policy that allows what any of the patterns matches.
    pub fn new(patterns: Vec<ExportPattern>) -> Self {
        Self(patterns)
    }

    /// Whether metadata may ask for this export.
    pub fn allows(&self, export: &Export) -> bool {
        self.0.iter().any(|pattern| pattern.matches(export))
    }
}

/// An export in whose volume `*` stands for any characters but `/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportPattern(Export);

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExportPatternError {
    /// It would be no export even without its stars.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// It would allow every volume, the listing of all of them included.
    #[error("its volume is empty, which stands for all volumes at once")]
    EmptyVolume,
}

impl ExportPattern {
    /// Whether the export has the same registries, byte for byte, and a volume that fits.
    pub fn matches(&self, export: &Export) -> bool {
        // An empty volume is a mount of everything, which '*' was not meant to grant.
        self.0.registries() == export.registries()
            && !export.volume().is_empty()
            && fits(self.0.volume().as_bytes(), export.volume().as_bytes())
    }
}

impl FromStr for ExportPattern {
    type Err = ExportPatternError;

    /// The registries are literal: a star there would let a domain choose whom the host talks to. An export's syntax sees
    /// to it, because no registry holds a star.
    fn from_str(text: &str) -> Result<Self, ExportPatternError> {
        let export: Export = text.parse()?;
        if export.volume().is_empty() {
            return Err(ExportPatternError::EmptyVolume);
        }
        Ok(Self(export))
    }
}

/// Matches `*` greedily and goes back to the last one only, which is enough and keeps it linear in the stars.
fn fits(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            p += 1;
            retry = Some((p, t));
        } else if pattern.get(p) == Some(&text[t]) {
            p += 1;
            t += 1;
        } else if let Some((after_star, from)) = retry
            && text[from] != b'/'
        {
            (p, t) = (after_star, from + 1);
            retry = Some((after_star, from + 1));
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&b| b == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything_within_one_component_of_the_volume() {
        for (pattern, export, allowed) in [
            ("a,b/vm-*", "a,b/vm-1", true),
            ("a,b/vm-*", "a,b/vm-", true),
            ("a,b/vm-*", "b,a/vm-1", false),
            ("a,b/vm-*", "a,b/vm", false),
            ("a,b/vm-*", "a,b/xvm-1", false),
            ("a/*", "a/x", true),
            ("a/*", "a/x/y", false),
            ("a/*", "a/", false),
            ("a/*/y*z", "a/x/yyyz", true),
            ("a/*/y*z", "a/x/yyyzq", false),
            ("a/vm", "a/vm", true),
            ("quobyte://a/vm", "a/vm", true),
            ("a/vm", "a/vm2", false),
        ] {
            let policy = ExportPolicy::new(vec![pattern.parse().expect(pattern)]);
            assert_eq!(
                policy.allows(&export.parse().expect(export)),
                allowed,
                "{pattern} {export}"
            );
        }
    }

    #[test]
    fn a_star_cannot_choose_the_registry() {
        for bad in ["*/vol", "a,*/vol", "a*/vol", "a/", "vol"] {
            assert!(bad.parse::<ExportPattern>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_default_allows_nothing() {
        assert!(!ExportPolicy::default().allows(&"a/b".parse().expect("a good export")));
    }
}
