//! The element of a disk, with attributes and elements in the order in which libvirt writes them back.

use super::element::{Element, Layout, Spelling};
use super::nova::{Fidelity, NovaDisk};
use super::spec::{Disk, DiskSpec, SecretUuid};
use super::words::{Access, Bus, Device, Sharing, Word};

/// A disk that can be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WrittenDisk {
    /// As libvirt writes it.
    Libvirt(Disk),
    /// As Nova writes it.
    Nova(NovaDisk, Fidelity),
}

impl WrittenDisk {
    /// The element at the margin, as lines.
    #[must_use]
    pub fn to_xml(&self) -> String {
        self.element().write(self.spelling(), Layout::PLAIN)
    }

    pub(super) fn element(&self) -> Element {
        match self {
            Self::Libvirt(disk) => disk.element(),
            Self::Nova(disk, fidelity) => disk.element(*fidelity),
        }
    }

    pub(super) fn spelling(&self) -> Spelling {
        match self {
            Self::Libvirt(_) => Spelling::Libvirt,
            Self::Nova(..) => Spelling::Lxml,
        }
    }

    pub(super) fn spec(&self) -> &DiskSpec {
        match self {
            Self::Libvirt(disk) => disk.spec(),
            Self::Nova(disk, _) => disk.spec(),
        }
    }
}

impl Disk {
    fn element(&self) -> Element {
        let spec = self.spec();
        let mut disk =
            Element::new("disk").with("type", "file").with("device", spec.device.as_str());
        disk.add(
            Element::new("driver")
                .with("name", "qemu")
                .with("type", spec.format)
                .with("cache", spec.cache)
                .with("error_policy", spec.error_policy)
                .with("rerror_policy", spec.rerror_policy)
                .with("io", spec.io)
                .with_some("discard", spec.discard)
                .with_some("iothread", spec.iothread)
                .with_some("detect_zeroes", spec.detect_zeroes)
                .with_some("queues", spec.queues),
        );
        let mut source = Element::new("source").with("file", &spec.image);
        if let Some(uuid) = spec.luks_secret {
            source.add(encryption(uuid));
        }
        disk.add(source);
        if spec.blocks.logical.is_some() || spec.blocks.physical.is_some() {
            disk.add(
                Element::new("blockio")
                    .with_some("logical_block_size", spec.blocks.logical)
                    .with_some("physical_block_size", spec.blocks.physical),
            );
        }
        disk.add(Element::new("target").with("dev", &spec.target).with("bus", spec.bus));
        if let Some(iotune) = spec.limits.element() {
            disk.add(iotune);
        }
        // libvirt makes a CD read-only in any case.
        if spec.access == Access::ReadOnly || spec.device == Device::Cdrom {
            disk.add(Element::new("readonly"));
        }
        if spec.sharing == Sharing::Shareable {
            disk.add(Element::new("shareable"));
        }
        if let Some(serial) = &spec.serial {
            disk.add(Element::of_text("serial", serial));
        }
        if let Some(order) = spec.boot {
            disk.add(Element::new("boot").with("order", order));
        }
        if let Some(unit) = spec.unit {
            let address = Element::new("address").with("type", "drive").with("controller", 0);
            disk.add(address.with("bus", 0).with("target", 0).with("unit", unit));
        }
        disk
    }
}

pub(super) fn encryption(uuid: SecretUuid) -> Element {
    let mut encryption = Element::new("encryption").with("format", "luks");
    encryption.add(Element::new("secret").with("type", "passphrase").with("uuid", uuid));
    encryption
}

/// Which bus a target is on if nobody says: the usual one of its prefix.
pub fn usual_bus(target: &super::Target, device: Device) -> Bus {
    let fitting = Bus::ALL.iter().copied().filter(|&bus| target.fits(bus));
    match (device, fitting.clone().next()) {
        // Every machine that has a CD drive without asking has it there.
        (Device::Cdrom, Some(Bus::Scsi)) => Bus::Sata,
        (_, Some(bus)) => bus,
        (_, None) => unreachable!("a target has the prefix of a bus"),
    }
}
