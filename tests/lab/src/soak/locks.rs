//! The lock manager, as whoever moves guests is told to have it: libvirt itself starts a guest again at its source when the answer that
//! it runs at its target is lost, as where the target's daemon ends in that moment, and leaves it to the lock manager that it does not
//! run twice (`qemuMigrationSrcPerformPeer2Peer3`, after `finish3`). Without one the soak has seen both.

use std::fs;

use anyhow::{Context as _, Result};

use crate::host::Host;
use crate::libvirt;
use crate::pair::Pair;
use crate::share::VOLUMES;

/// What libvirt reads, and what is added to it. The leases are where the locks of both hosts reach, and on no share.
fn settings() -> [(&'static str, String); 2] {
    [
        ("/etc/libvirt/qemu.conf", "lock_manager = \"lockd\"".to_owned()),
        ("/etc/libvirt/qemu-lockd.conf", format!("file_lockspace_dir = \"{}\"", directory())),
    ]
}

fn directory() -> String {
    format!("{VOLUMES}/soak-locks")
}

/// Has both hosts' daemons take a lock for each image.
pub(super) fn set_up(pair: &Pair) -> Result<()> {
    for host in pair.hosts() {
        let directory = host.outside(directory());
        fs::create_dir_all(&directory).with_context(|| directory.display().to_string())?;
        for (file, line) in settings() {
            host.write(file, format!("{}\n{line}\n", host.read_text(file)?))?;
        }
        restart(host)?;
    }
    Ok(())
}

/// Takes it back.
pub(super) fn take_down(pair: &Pair) -> Result<()> {
    for host in pair.hosts() {
        for (file, line) in settings() {
            let text = host.read_text(file)?.replace(&format!("\n{line}\n"), "");
            host.write(file, text)?;
        }
        restart(host)?;
    }
    Ok(())
}

fn restart(host: &Host) -> Result<()> {
    host.command("systemctl").args(["restart", libvirt::unit()]).done()
}
