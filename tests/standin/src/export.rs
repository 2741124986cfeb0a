//! What is to be mounted: `REGISTRY[,REGISTRY...]/[VOLUME]`. Decides what such an operand means and how the mount table
//! shows it; not whether the volume exists.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use thiserror::Error;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Export {
    registries: String,
    volume: String,
}

#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum ExportError {
    #[error("{0:?} has no slash: REGISTRY[,REGISTRY...]/[VOLUME] is wanted")]
    NoSlash(String),
    #[error(
        "{0:?} is not a registry: HOST or HOST:PORT is wanted, without a scheme and without spaces"
    )]
    BadRegistry(String),
    #[error("{0:?} is not a volume name: names separated by single slashes are wanted")]
    BadVolume(String),
}

impl Export {
    /// Empty for all volumes at once.
    pub(crate) fn volume(&self) -> &str {
        &self.volume
    }

    /// Where the volume lies below the directory of all volumes.
    pub(crate) fn directory(&self) -> PathBuf {
        PathBuf::from(&self.volume)
    }

    /// The source in the mount table. A comma separates mount options, so the client shows it as a bar.
    pub(crate) fn source(&self) -> String {
        format!("quobyte@{self}").replace(',', "|")
    }
}

impl fmt::Display for Export {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registries, self.volume)
    }
}

impl FromStr for Export {
    type Err = ExportError;

    fn from_str(text: &str) -> Result<Self, ExportError> {
        let (registries, volume) =
            text.split_once('/').ok_or_else(|| ExportError::NoSlash(text.to_owned()))?;
        if let Some(bad) = registries.split(',').find(|registry| !is_registry(registry)) {
            return Err(ExportError::BadRegistry(bad.to_owned()));
        }
        let is_name = |name: &str| !matches!(name, "" | "." | "..") && !name.contains('\0');
        if !volume.is_empty() && !volume.split('/').all(is_name) {
            return Err(ExportError::BadVolume(volume.to_owned()));
        }
        Ok(Self { registries: registries.to_owned(), volume: volume.to_owned() })
    }
}

fn is_registry(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, rest)) => {
            let is_address = host.parse::<std::net::Ipv6Addr>().is_ok();
            if !is_address || !(rest.is_empty() || rest.starts_with(':')) {
                return false;
            }
            ("ipv6", rest.strip_prefix(':'))
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let is_host_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    !host.is_empty()
        && host.bytes().all(is_host_byte)
        && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|number| number > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mount_table_shows_commas_as_bars() {
        for (export, source) in [
            ("192.168.0.1/data", "quobyte@192.168.0.1/data"),
            ("a:7861,b,c/data", "quobyte@a:7861|b|c/data"),
            ("_quobyte._tcp.example.org/", "quobyte@_quobyte._tcp.example.org/"),
            ("[2001:db8::1]:7861,[::1]/x", "quobyte@[2001:db8::1]:7861|[::1]/x"),
            ("reg/tenant/volume", "quobyte@reg/tenant/volume"),
            ("reg/user#group@volume", "quobyte@reg/user#group@volume"),
        ] {
            assert_eq!(export.parse::<Export>().map(|export| export.source()), Ok(source.into()));
        }
    }

    #[test]
    fn what_is_no_export_is_refused() {
        for text in [
            "",
            "reg",
            "/volume",
            "quobyte://reg/volume",
            "a, b/volume",
            "a,,b/volume",
            "a:/volume",
            "a:0/volume",
            "a:x/volume",
            "-a b/volume",
            "[nope]/volume",
            "reg/..",
            "reg/a/../b",
            "reg//a",
            "reg/a/",
        ] {
            assert!(text.parse::<Export>().is_err(), "{text:?} passed");
        }
    }
}
