//! Takes what the hook logs, where systemd's journal would: so that a call costs what it costs on a host with a journal.

use std::fs;
use std::os::unix::net::UnixDatagram;

use anyhow::{Context as _, Result};

#[derive(Debug)]
pub(crate) struct Journal {
    socket: UnixDatagram,
}

impl Journal {
    pub(crate) fn open() -> Result<Self> {
        fs::create_dir_all("/run/systemd/journal").context("the journal's directory")?;
        let socket = UnixDatagram::bind("/run/systemd/journal/socket").context("its socket")?;
        socket.set_nonblocking(true).context("its socket")?;
        Ok(Self { socket })
    }

    /// Makes room for what comes next.
    pub(crate) fn empty(&self) {
        while self.socket.recv(&mut [0; 8]).is_ok() {}
    }
}
