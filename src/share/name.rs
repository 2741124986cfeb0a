//! A share's name: what people call it.

use std::fmt;
use std::str::FromStr;

use super::ShareKey;

/// A name that is safe as a file name, in a systemd unit's name, as an argument and in a log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShareName(String);

/// A text that is no share name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a share's name has 1 to 64 letters, digits, '.', '_' or '-', and begins with a letter or digit"
)]
pub struct ShareNameError;

impl ShareName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ShareName {
    type Err = ShareNameError;

    fn from_str(text: &str) -> Result<Self, ShareNameError> {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
        let begins = text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
        if begins && text.len() <= 64 && text.bytes().all(fits) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ShareNameError)
        }
    }
}

/// A share that only the policy knows has no name of its own.
impl From<&ShareKey> for ShareName {
    fn from(key: &ShareKey) -> Self {
        Self(key.as_str().to_owned())
    }
}

impl fmt::Display for ShareName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_walk_hide_or_pass_for_an_option() {
        for good in ["gold", "G", "vm-images.2", "0_a"] {
            assert!(good.parse::<ShareName>().is_ok(), "{good}");
        }
        let long = "x".repeat(65);
        for bad in ["", ".", "..", "-gold", "_x", "a/b", "a b", "a\n", "ä", "a%i", &long] {
            assert_eq!(bad.parse::<ShareName>(), Err(ShareNameError), "{bad:?}");
        }
    }
}
