//! What a domain's XML says of its disks, as far as QEMU does not say it.

use super::facts::Cache;
use super::obstacle::Obstacle;
use crate::xml::{ElementRef, Tree};

/// What the domain says of a disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskWords {
    /// What libvirt calls the device to QEMU; nothing as long as the domain does not run.
    pub alias: Option<String>,
    /// What people call it: `vda`.
    pub target: String,
    /// What it hangs on.
    pub bus: String,
    /// Whether an I/O error stops the guest, whatever is read or written.
    pub stops_at_errors: bool,
    /// Whether its controller's I/O has a thread of its own, which its node would have to be moved to.
    pub has_controller_thread: bool,
    /// Whether each write is to be flushed before the guest is told that it is done. The guest may switch that, for QEMU too.
    pub flushes_each: bool,
}

/// Those of whose devices it was seen that they go on after they were put on other nodes.
const BUSES: [&str; 4] = ["virtio", "scsi", "sata", "ide"];

impl DiskWords {
    /// Of every disk of a domain.
    pub fn of(domain: &Tree<'_>) -> Vec<Self> {
        of_each(domain).map(|(_, words)| words).collect()
    }

    /// What is in the way of its revival, whatever its nodes are.
    pub(super) fn obstacles(&self, only_reads: bool) -> impl Iterator<Item = Obstacle> {
        let target = || self.target.clone();
        let is_known = BUSES.contains(&self.bus.as_str());
        let bus = (!is_known).then(|| Obstacle::Bus { target: target(), bus: self.bus.clone() });
        // Who only reads can read again.
        let told = !(self.stops_at_errors || only_reads);
        let told = told.then(|| Obstacle::ErrorsReachGuest { target: target() });
        let thread = self.has_controller_thread.then(|| Obstacle::Iothread { target: target() });
        [bus, told, thread].into_iter().flatten()
    }
}

/// Every disk of a domain, and what is said of it.
pub(super) fn of_each<'t, 'a>(
    domain: &'t Tree<'a>,
) -> impl Iterator<Item = (ElementRef<'t, 'a>, DiskWords)> {
    let devices = domain.root().child("devices");
    // Which disk hangs on which controller would be known too; a guest with threads for some of them is rare.
    let mut controllers = devices.into_iter().flat_map(|devices| devices.all("controller"));
    let scsi_thread = controllers.any(|controller| {
        let driver = controller.child("driver");
        controller.value("type") == Some("scsi")
            && driver.is_some_and(|driver| driver.value("iothread").is_some())
    });
    let disks = devices.into_iter().flat_map(|devices| devices.all("disk"));
    disks.filter_map(move |disk| {
        let target = disk.child("target")?;
        let bus = target.value("bus").unwrap_or_default();
        let alias = disk.child("alias").and_then(|alias| alias.value("name"));
        let words = DiskWords {
            alias: alias.map(str::to_owned),
            target: target.value("dev")?.to_owned(),
            bus: bus.to_owned(),
            // What the one says holds for the other, unless that says something else.
            stops_at_errors: driver_says(disk, "error_policy") == Some("stop")
                && driver_says(disk, "rerror_policy").is_none_or(|policy| policy == "stop"),
            has_controller_thread: bus == "scsi" && scsi_thread,
            flushes_each: !cache(disk).writeback,
        };
        Some((disk, words))
    })
}

/// An attribute of a disk's driver.
pub(super) fn driver_says<'t>(disk: ElementRef<'t, '_>, name: &str) -> Option<&'t str> {
    disk.child("driver")?.value(name)
}

/// How its writes get to the disk, in libvirt's words (`qemuDomainDiskCachemodeFlags`).
pub(super) fn cache(disk: ElementRef<'_, '_>) -> Cache {
    let (writeback, direct, no_flush) = match driver_says(disk, "cache") {
        Some("none") => (true, true, false),
        Some("directsync") => (false, true, false),
        Some("writethrough") => (false, false, false),
        Some("unsafe") => (true, false, true),
        // QEMU's own choice.
        _ => (true, false, false),
    };
    Cache { writeback, direct, no_flush }
}
