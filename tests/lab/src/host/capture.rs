//! A nameless file in memory that a command writes to or reads from: unlike a pipe it has no reader
//! that a forgotten daemon could stall.

use std::fs::File;
use std::io::{Seek as _, Write as _};
use std::os::unix::fs::FileExt as _;
use std::process::Stdio;

use anyhow::{Context as _, Result};
use nix::sys::memfd::{MFdFlags, memfd_create};

#[derive(Debug)]
pub(super) struct Capture(File);

impl Capture {
    pub(super) fn new(name: &str) -> Result<Self> {
        let memory = memfd_create(name, MFdFlags::MFD_CLOEXEC).context("memfd_create")?;
        Ok(Self(File::from(memory)))
    }

    /// One to read `bytes` from.
    pub(super) fn holding(name: &str, bytes: &[u8]) -> Result<Self> {
        let mut capture = Self::new(name)?;
        capture
            .0
            .write_all(bytes)
            .and_then(|()| capture.0.rewind())
            .context("a command's input")?;
        Ok(capture)
    }

    pub(super) fn stdio(&self) -> Result<Stdio> {
        Ok(self.0.try_clone().context("a command's output")?.into())
    }

    /// What is there by now. Read by position: the offset is the writer's.
    pub(super) fn bytes(&self) -> Result<Vec<u8>> {
        let length = self.0.metadata().context("a command's output")?.len();
        let mut bytes = vec![0; usize::try_from(length)?];
        self.0.read_exact_at(&mut bytes, 0).context("a command's output")?;
        Ok(bytes)
    }

    pub(super) fn text(&self) -> Result<String> {
        Ok(String::from_utf8_lossy(&self.bytes()?).trim().to_owned())
    }
}
