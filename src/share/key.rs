//! A share's key: the name that OpenStack gives a share's mount directory.

use std::fmt;
use std::str::FromStr;

use md5::{Digest, Md5};

use super::Export;

/// The md5 of the export without its scheme, in lower-case hex.
///
/// Nova, Cinder and os-brick compute the same, so `<mount base>/<key>/<image>` in an existing domain goes on working. There
/// is no normalisation: another order of registries is another key. Nothing about it is a matter of security.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShareKey(String);

/// A text that is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a share's key has 32 lower-case hex digits")]
pub struct ShareKeyError;

impl ShareKey {
    pub(super) fn of(export: &Export) -> Self {
        Self::of_spelling(export.as_str())
    }

    /// What somebody gets who takes this for an export, whether or not it is one.
    #[must_use]
    pub fn of_spelling(text: &str) -> Self {
        // Of every configured share, at every call: not by way of the formatter.
        let digit = |half: u8| b"0123456789abcdef"[usize::from(half)];
        let mut hex = [0; 32];
        let digest = Md5::digest(text.as_bytes());
        for (pair, &byte) in hex.chunks_exact_mut(2).zip(digest.as_slice()) {
            pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 0xf)]);
        }
        Self(std::str::from_utf8(&hex).expect("digits").to_owned())
    }

    /// The 32 hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ShareKey {
    type Err = ShareKeyError;

    fn from_str(text: &str) -> Result<Self, ShareKeyError> {
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if text.len() == 32 && text.bytes().all(hex) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ShareKeyError)
        }
    }
}

impl fmt::Display for ShareKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values were computed with Python's hashlib, as Nova does.
    #[test]
    fn the_key_is_what_nova_computes() {
        for (export, key) in [
            ("192.168.1.1/volume-00001", "c94ed34ada0acf45c1213beb1fc52ce6"),
            (
                "quobyte://10.164.0.49,10.164.0.52,10.164.0.13/volumes",
                "9cd642db447d8f7973c8b26e68ec21b7",
            ),
            ("10.164.0.52,10.164.0.49,10.164.0.13/volumes", "4bd73158296f9f3c6d32c81b471dd0a0"),
            (
                "10.164.0.49:7861,10.164.0.52:7861,10.164.0.13:7861/volumes",
                "cac1db195a77823e6a9c824aa66a1446",
            ),
            ("quobyte://quobyte-host/openstack-volumes", "93ebb11c53e18e5d2fa3ca60f647e18c"),
            ("vmstore.example.com/vmstore", "80fa79ed1da15515a19bac600314b2c2"),
            ("vmstore.example.com/vmstore/", "6b2796474c3e22a07c6d3e1251170d93"),
        ] {
            assert_eq!(export.parse::<Export>().expect(export).key().as_str(), key, "{export}");
        }
    }

    #[test]
    fn only_what_could_be_an_md5_is_read_as_a_key() {
        assert!("c94ed34ada0acf45c1213beb1fc52ce6".parse::<ShareKey>().is_ok());
        for bad in
            ["", "c94e", "C94ED34ADA0ACF45C1213BEB1FC52CE6", "../4ed34ada0acf45c1213beb1fc52ce"]
        {
            assert_eq!(bad.parse::<ShareKey>(), Err(ShareKeyError), "{bad}");
        }
    }
}
