//! Which of a host's units do not run: those that would work on this machine's kernel and devices,
//! which the host shares, and those for which the host has no terminal, no network and no time.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::{Context as _, Result};

const MASKED: [&str; 36] = [
    // The machine's kernel and devices.
    "dev-hugepages.mount",
    "kmod-static-nodes.service",
    "proc-sys-fs-binfmt_misc.automount",
    "proc-sys-fs-binfmt_misc.mount",
    "sys-kernel-config.mount",
    "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount",
    "apparmor.service",
    "systemd-binfmt.service",
    "systemd-hwdb-update.service",
    "systemd-journald-audit.socket",
    "systemd-modules-load.service",
    "systemd-pstore.service",
    "systemd-random-seed.service",
    "systemd-rfkill.socket",
    "systemd-sysctl.service",
    "systemd-timesyncd.service",
    "systemd-udev-settle.service",
    "systemd-udev-trigger.service",
    "systemd-udevd.service",
    "systemd-udevd-control.socket",
    "systemd-udevd-kernel.socket",
    // No terminal to log in at.
    "console-getty.service",
    "container-getty@.service",
    "getty-static.service",
    "getty@.service",
    "serial-getty@.service",
    // A network of loopback only.
    "systemd-networkd.service",
    "systemd-networkd.socket",
    "systemd-resolved.service",
    // Nothing that starts by itself in the middle of a scenario.
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "fstrim.timer",
    "logrotate.timer",
    "libvirt-guests.service",
];

/// Masks them below the current directory, the host's root to be.
pub(super) fn mask() -> Result<()> {
    for unit in MASKED {
        let place = Path::new("etc/systemd/system").join(unit);
        match fs::remove_file(&place) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            _ => symlink("/dev/null", &place),
        }
        .with_context(|| format!("cannot mask {unit}"))?;
    }
    Ok(())
}
