//! What a guest boots: a kernel and an initramfs of busybox, a few modules and one script. Built
//! when a host boots, so that a changed script needs no new image.

use std::fs;

use anyhow::{Context as _, Result};

use super::cpio::Archive;
use super::kernel::{self, Needed};
use crate::host::Host;
use crate::image::Image;

pub(super) const KERNEL: &str = "/var/lib/libvirt/boot/lab-kernel";
pub(super) const INITRAMFS: &str = "/var/lib/libvirt/boot/lab-initramfs";

const INIT: &str = include_str!("init.sh");

/// Puts both into the host.
pub(crate) fn install(host: &Host, image: &Image) -> Result<()> {
    host.write(KERNEL, kernel::kernel(image)?)?;
    host.write(INITRAMFS, initramfs(image)?)
}

fn initramfs(image: &Image) -> Result<Vec<u8>> {
    let busybox = image.root().join("bin/busybox");
    let busybox = fs::read(&busybox).with_context(|| busybox.display().to_string())?;
    let mut archive = Archive::default();
    archive.directory("bin");
    archive.file("bin/busybox", 0o755, &busybox);
    archive.directory("modules");
    let (mut order, mut other_buses) = (String::new(), String::new());
    for module in kernel::modules(image)? {
        let file = format!("{}.ko", module.name);
        archive.file(&format!("modules/{file}"), 0o644, &module.content);
        let list = match module.needed {
            Needed::Always => &mut order,
            Needed::ForOtherBuses => &mut other_buses,
        };
        list.extend([file.as_str(), "\n"]);
    }
    archive.file("modules/order", 0o644, order.as_bytes());
    archive.file("modules/other-buses", 0o644, other_buses.as_bytes());
    archive.file("init", 0o755, INIT.as_bytes());
    Ok(archive.finish())
}
