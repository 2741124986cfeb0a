//! Which daemon of libvirt the hosts' guests are under: the one for all drivers, or the one for QEMU alone. Debian's and Ubuntu's
//! packages have the first only; the other is built from the source of the same package when it is asked for (see `image`).

use std::env;

use anyhow::{Result, bail};

/// Names the daemon.
const CHOICE: &str = "LAB_DAEMON";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Daemon {
    Libvirtd,
    Virtqemud,
}

impl Daemon {
    /// The one that was asked for.
    pub(crate) fn chosen() -> Result<Self> {
        match env::var(CHOICE).as_deref() {
            Err(_) | Ok("" | "libvirtd") => Ok(Self::Libvirtd),
            Ok("virtqemud") => Ok(Self::Virtqemud),
            Ok(other) => bail!("libvirtd or virtqemud in {CHOICE} (it is {other:?})"),
        }
    }

    /// The daemon that other hosts' daemons speak to.
    pub(crate) fn listener(self) -> &'static str {
        match self {
            Self::Libvirtd => "libvirtd",
            Self::Virtqemud => "virtproxyd",
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Libvirtd => "libvirtd",
            Self::Virtqemud => "virtqemud",
        }
    }
}

/// The daemon's service. What cannot be chosen was refused before any host was there.
pub(crate) fn unit() -> &'static str {
    match Daemon::chosen() {
        Ok(Daemon::Virtqemud) => "virtqemud.service",
        _ => "libvirtd.service",
    }
}

/// The sockets that start it as soon as somebody asks.
pub(crate) fn sockets() -> [String; 3] {
    let name = unit().trim_end_matches(".service");
    ["", "-ro", "-admin"].map(|kind| format!("{name}{kind}.socket"))
}
