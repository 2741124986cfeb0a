//! A host's files, from outside. Only for paths that are on no share: a path on a FUSE mount can
//! block for ever, and the lab with it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::Host;

impl Host {
    /// Where this machine sees the host's `path`.
    pub(crate) fn outside(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        Path::new("/proc")
            .join(self.init.to_string())
            .join("root")
            .join(path.strip_prefix("/").unwrap_or(path))
    }

    /// The file's text; a missing file is an empty text.
    pub(crate) fn read_text(&self, path: impl AsRef<Path>) -> Result<String> {
        match fs::read(self.outside(path.as_ref())) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(String::new()),
            Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
            Err(e) => {
                Err(e).with_context(|| format!("{} in host {}", path.as_ref().display(), self.name))
            }
        }
    }

    /// Writes beside and renames: whoever reads in the host sees the old text or the new one.
    pub(crate) fn write(&self, path: impl AsRef<Path>, text: impl AsRef<[u8]>) -> Result<()> {
        let path = path.as_ref();
        let place = self.outside(path);
        let mut beside = place.clone().into_os_string();
        beside.push(".new");
        place
            .parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| fs::write(&beside, text))
            .and_then(|()| fs::rename(&beside, &place))
            .with_context(|| format!("cannot write {} in host {}", path.display(), self.name))
    }

    pub(crate) fn remove(&self, path: impl AsRef<Path>) -> Result<()> {
        match fs::remove_file(self.outside(path.as_ref())) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e).with_context(|| {
                format!("cannot remove {} in host {}", path.as_ref().display(), self.name)
            }),
            _ => Ok(()),
        }
    }

    /// The host's mount table as its init sees it.
    pub(crate) fn mountinfo(&self) -> Result<String> {
        fs::read_to_string(format!("/proc/{}/mountinfo", self.init))
            .context("the host's mount table")
    }
}
