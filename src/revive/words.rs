//! What a running domain's XML says of its disks, as far as QEMU does not say it.

use crate::xml::Tree;

/// What the domain says of a disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskWords {
    /// What libvirt calls the device to QEMU.
    pub alias: String,
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

impl DiskWords {
    /// Of every disk of a running domain.
    pub fn of(domain: &Tree<'_>) -> Vec<Self> {
        let Some(devices) = domain.root().child("devices") else { return Vec::new() };
        // Which disk hangs on which controller would be known too; a guest with threads for some of them is rare.
        let scsi_thread = devices.all("controller").any(|controller| {
            let driver = controller.child("driver");
            controller.value("type") == Some("scsi")
                && driver.is_some_and(|driver| driver.value("iothread").is_some())
        });
        let disks = devices.all("disk").filter_map(|disk| {
            let target = disk.child("target")?;
            let says = |name| disk.child("driver").and_then(|driver| driver.value(name));
            let bus = target.value("bus").unwrap_or_default();
            Some(Self {
                alias: disk.child("alias")?.value("name")?.to_owned(),
                target: target.value("dev")?.to_owned(),
                bus: bus.to_owned(),
                // What the one says holds for the other, unless that says something else.
                stops_at_errors: says("error_policy") == Some("stop")
                    && says("rerror_policy").is_none_or(|policy| policy == "stop"),
                has_controller_thread: bus == "scsi" && scsi_thread,
                flushes_each: matches!(says("cache"), Some("writethrough" | "directsync")),
            })
        });
        disks.collect()
    }
}
