//! A terminal that a command writes to, and what it has shown there.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;

use nix::pty::{OpenptyResult, Winsize, openpty};

/// A terminal of 100 columns: the end for whoever reads, and the one for the command.
pub(crate) fn terminal() -> (OwnedFd, OwnedFd) {
    let size = Winsize { ws_row: 40, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 };
    let OpenptyResult { master, slave } = openpty(&size, None).expect("a pseudoterminal");
    (master, slave)
}

/// Everything, until the last one has closed the other end: the kernel then says EIO.
pub(crate) fn read(master: OwnedFd) -> String {
    let (mut master, mut all, mut piece) = (File::from(master), Vec::new(), [0; 4096]);
    while let Ok(length @ 1..) = master.read(&mut piece) {
        all.extend_from_slice(&piece[..length]);
    }
    String::from_utf8(all).expect("UTF-8")
}
