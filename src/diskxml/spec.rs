//! What a disk is to be, and whether it can be that.
//!
//! The defaults are what is right for an image on Quobyte:
//!
//! - `cache='none' io='native'`: the host keeps nothing that another host does not see, so a guest can be migrated, and the
//!   image's own client is not asked twice. It is what Nova writes for Quobyte.
//! - `error_policy='stop' rerror_policy='stop'`: while the client is away the guest waits, paused, and can be resumed. With
//!   `report` its file systems become read-only.
//! - The format is always said. libvirt takes what is not said for raw, whatever the image is.
//! - Nothing of discard, which has to be chosen: it gives space back, and takes away what an image was allocated for. In a raw
//!   image that is that writes need not wait for the registries, and whether holes come through the client is not established;
//!   in a qcow2 image, that a guest which is revived after its client's death loses nothing.

use std::fmt;
use std::str::FromStr;

use super::image::ImagePath;
use super::limits::Limits;
use super::refusal::Refusal;
use super::serial::Serial;
use super::target::Target;
use super::words::{
    Access, Bus, Cache, DetectZeroes, Device, Discard, ErrorPolicy, Format, Io, Sharing,
};
use crate::domain::{DomainUuid, NotAUuid};

/// A disk as it is wished for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is one of libvirt's words, and its type says which")]
pub struct DiskSpec {
    pub image: ImagePath,
    pub target: Target,
    pub bus: Bus,
    pub device: Device,
    pub format: Format,
    pub cache: Cache,
    pub io: Io,
    pub discard: Option<Discard>,
    pub detect_zeroes: Option<DetectZeroes>,
    /// What becomes of a write that fails.
    pub error_policy: ErrorPolicy,
    /// What becomes of a read that fails.
    pub rerror_policy: ErrorPolicy,
    pub iothread: Option<u32>,
    pub queues: Option<u32>,
    pub blocks: BlockSizes,
    pub limits: Limits,
    pub access: Access,
    pub sharing: Sharing,
    pub serial: Option<Serial>,
    pub boot: Option<u32>,
    /// The disk's place on the first controller of its bus.
    pub unit: Option<u16>,
    /// The libvirt secret with the passphrase of an image that is encrypted with LUKS.
    pub luks_secret: Option<SecretUuid>,
}

/// The sizes in which a guest may read and write, and in which it should.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BlockSizes {
    /// The smallest unit.
    pub logical: Option<u32>,
    /// The unit that costs nothing extra.
    pub physical: Option<u32>,
}

/// The UUID of a libvirt secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretUuid(DomainUuid);

impl FromStr for SecretUuid {
    type Err = NotAUuid;

    fn from_str(text: &str) -> Result<Self, NotAUuid> {
        text.parse().map(Self)
    }
}

impl fmt::Display for SecretUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A disk that libvirt and QEMU take as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disk(DiskSpec);

impl DiskSpec {
    /// A disk with everything else as it is right for Quobyte.
    #[must_use]
    pub fn new(image: ImagePath, target: Target, bus: Bus) -> Self {
        Self {
            image,
            target,
            bus,
            device: Device::Disk,
            format: Format::Raw,
            cache: Cache::None,
            io: Io::Native,
            discard: None,
            detect_zeroes: None,
            error_policy: ErrorPolicy::Stop,
            rerror_policy: ErrorPolicy::Stop,
            iothread: None,
            queues: None,
            blocks: BlockSizes::default(),
            limits: Limits::default(),
            access: Access::ReadWrite,
            sharing: Sharing::Exclusive,
            serial: None,
            boot: None,
            unit: None,
            luks_secret: None,
        }
    }

    /// The disk, or everything for which it cannot be.
    pub fn check(self) -> Result<Disk, Vec<Refusal>> {
        let mut refusals = Vec::new();
        self.check_place(&mut refusals);
        self.check_driver(&mut refusals);
        self.check_blocks(&mut refusals);
        refusals.extend(self.limits.faults().into_iter().map(Refusal::from));
        if refusals.is_empty() { Ok(Disk(self)) } else { Err(refusals) }
    }

    fn check_place(&self, refusals: &mut Vec<Refusal>) {
        let bus = self.bus;
        if self.image.as_str().len() > 4000 {
            refusals.push(Refusal::PathTooLong(self.image.clone()));
        }
        if !self.target.fits(bus) {
            refusals.push(Refusal::TargetBus { target: self.target.clone(), bus });
        } else if bus == Bus::Ide && self.target.index() > 3 {
            refusals.push(Refusal::IdeFull(self.target.clone()));
        }
        if let Some(unit) = self.unit {
            match last_unit(bus) {
                None => refusals.push(Refusal::Unit(bus)),
                Some(most) if unit > most => {
                    refusals.push(Refusal::UnitTooLarge { unit, most, bus });
                }
                Some(_) => {}
            }
        }
        if let Some(serial) = &self.serial
            && serial.as_str().len() > Serial::room_on(bus)
        {
            refusals.push(Refusal::SerialTooLong { serial: serial.clone(), bus });
        }
        if self.boot == Some(0) {
            refusals.push(Refusal::BootZero);
        }
        match (self.device, self.access) {
            (Device::Cdrom, _) if bus == Bus::Virtio => refusals.push(Refusal::CdromOnVirtio),
            (Device::Disk, Access::ReadOnly) if matches!(bus, Bus::Sata | Bus::Ide) => {
                refusals.push(Refusal::ReadOnly(bus));
            }
            _ => {}
        }
    }

    fn check_driver(&self, refusals: &mut Vec<Refusal>) {
        if self.io == Io::Native && !self.cache.is_direct() {
            refusals.push(Refusal::NativeIo(self.cache));
        }
        if self.sharing == Sharing::Shareable {
            if !self.cache.is_direct() {
                refusals.push(Refusal::SharedCache(self.cache));
            }
            if self.format != Format::Raw {
                refusals.push(Refusal::SharedFormat(self.format));
            }
        }
        if self.detect_zeroes == Some(DetectZeroes::Unmap) && self.discard != Some(Discard::Unmap) {
            refusals.push(Refusal::DetectZeroesUnmap);
        }
        match self.queues {
            Some(_) if self.bus != Bus::Virtio => refusals.push(Refusal::Queues(self.bus)),
            Some(count) if !(1..=1024).contains(&count) => {
                refusals.push(Refusal::QueueCount(count));
            }
            _ => {}
        }
        match self.iothread {
            Some(_) if self.bus != Bus::Virtio => refusals.push(Refusal::Iothread(self.bus)),
            Some(0) => refusals.push(Refusal::IothreadZero),
            _ => {}
        }
    }

    fn check_blocks(&self, refusals: &mut Vec<Refusal>) {
        let BlockSizes { logical, physical } = self.blocks;
        if logical.is_none() && physical.is_none() {
            return;
        }
        if self.device == Device::Cdrom {
            refusals.push(Refusal::BlockSizeOfCdrom);
            return;
        }
        for (which, size) in [("logical", logical), ("physical", physical)] {
            if let Some(size) = size
                && !(size.is_power_of_two() && (512..=32768).contains(&size))
            {
                refusals.push(Refusal::BlockSize { which, size });
            }
        }
        let (in_logical, in_physical) = (logical.unwrap_or(512), physical.unwrap_or(512));
        if matches!(self.bus, Bus::Sata | Bus::Ide) && in_logical != 512 {
            refusals.push(Refusal::BlockSizeOnIde(self.bus));
        }
        if in_logical > in_physical {
            refusals
                .push(Refusal::BlockSizesCrossed { logical: in_logical, physical: in_physical });
        }
    }
}

/// The last place of a controller that can be named: of virtio-scsi's units, and of AHCI's ports.
const fn last_unit(bus: Bus) -> Option<u16> {
    match bus {
        Bus::Scsi => Some(16_383),
        Bus::Sata => Some(5),
        Bus::Virtio | Bus::Usb | Bus::Ide => None,
    }
}

impl Disk {
    /// What it is.
    pub fn spec(&self) -> &DiskSpec {
        &self.0
    }
}
