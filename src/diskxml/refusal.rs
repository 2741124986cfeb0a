//! Why a disk is not written: what libvirt or QEMU would refuse, or take and make something else of.

use super::image::ImagePath;
use super::limits::LimitsError;
use super::serial::Serial;
use super::target::Target;
use super::words::{Bus, Cache, Format};

/// One reason. All of a disk's are told at once.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// libvirt takes it, and two such disks then contend for one address.
    #[error("the target {target} does not fit the bus {bus}: {}, for instance, would be right", example(*.bus))]
    TargetBus {
        /// What was asked for.
        target: Target,
        /// On which bus.
        bus: Bus,
    },
    /// One controller, two channels of two drives; libvirt adds no second one.
    #[error(
        "the target {0} is beyond the four drives of an IDE controller: hda to hdd would be right"
    )]
    IdeFull(Target),
    /// `qemuValidateDomainDeviceDefDiskFrontend`: "disk type of virtio does not support ejectable media".
    #[error("a CD drive cannot be on the bus virtio: scsi, sata, usb or ide would be right")]
    CdromOnVirtio,
    /// The image would be opened without `O_DIRECT`, which Linux AIO needs; libvirt refuses it when the guest is defined.
    #[error(
        "io='native' needs cache='none' or 'directsync', and the cache is '{0}': change one of them, for instance to io='threads'"
    )]
    NativeIo(Cache),
    /// With several writers, what one host's memory keeps is wrong as soon as another writes.
    #[error("a shareable disk needs cache='none' or 'directsync', and the cache is '{0}'")]
    SharedCache(Cache),
    /// `qemuValidateDomainDeviceDefDiskFrontend`: a format with metadata has one writer.
    #[error(
        "a shareable disk must be raw, not {0}: two guests would destroy the image's own tables"
    )]
    SharedFormat(Format),
    /// `qemuValidateDomainDeviceDefDiskFrontend`.
    #[error(
        "a hard disk on the bus {0} cannot be read-only: virtio, scsi or usb would be right, or a CD drive"
    )]
    ReadOnly(Bus),
    /// libvirt turns it into `on` without a word (`virDomainDiskDefGetDetectZeroes` with `virDomainDiskTranslate`).
    #[error("detect_zeroes='unmap' needs discard='unmap': libvirt would turn it into 'on'")]
    DetectZeroesUnmap,
    /// libvirt refuses it.
    #[error("queues are for the bus virtio, not for {0}")]
    Queues(Bus),
    /// QEMU's virtio-blk has at most as many queues as virtio has (`VIRTIO_QUEUE_MAX`).
    #[error("{0} queues: 1 to 1024 would be right, and not more than the guest has CPUs")]
    QueueCount(u32),
    /// libvirt refuses it; the thread of a SCSI disk is its controller's.
    #[error(
        "an I/O thread is for the bus virtio, not for {0}; with virtio-scsi it is the controller's"
    )]
    Iothread(Bus),
    /// Threads are counted from 1.
    #[error("there is no I/O thread 0: they are counted from 1")]
    IothreadZero,
    /// The first is 1.
    #[error("there is no boot order 0: it is counted from 1")]
    BootZero,
    /// The guest would see the beginning.
    #[error("the serial number {serial} is cut off by QEMU after {} characters on the bus {bus}, and has {}", Serial::room_on(*.bus), .serial.as_str().len())]
    SerialTooLong {
        /// The whole of it.
        serial: Serial,
        /// Where it is cut off.
        bus: Bus,
    },
    /// QEMU's `blkconf_blocksizes`.
    #[error("the {which} block size {size} is no power of two from 512 to 32768")]
    BlockSize {
        /// `logical` or `physical`.
        which: &'static str,
        /// What was asked for.
        size: u32,
    },
    /// QEMU's `blkconf_blocksizes`: without one, it is 512.
    #[error("the logical block size {logical} is larger than the physical one, {physical}")]
    BlockSizesCrossed {
        /// The smaller unit, which is larger here.
        logical: u32,
        /// The larger unit.
        physical: u32,
    },
    /// `ide_dev_initfn`: "`logical_block_size` must be 512 for IDE", and AHCI's drives are IDE's.
    #[error("a disk on the bus {0} has logical blocks of 512 bytes, and no others")]
    BlockSizeOnIde(Bus),
    /// A CD's are 2048 bytes.
    #[error("a CD drive has its own block sizes")]
    BlockSizeOfCdrom,
    /// Only drives of a controller have units.
    #[error("an address unit is for the buses scsi and sata, not for {0}")]
    Unit(Bus),
    /// `virDomainDeviceInfoFormat` writes it, and the controller has no such place.
    #[error(
        "the address unit {unit} is more than {most}, the last of a controller on the bus {bus}"
    )]
    UnitTooLarge {
        /// What was asked for.
        unit: u16,
        /// The last one.
        most: u16,
        /// Of which bus.
        bus: Bus,
    },
    /// The limits do not go together.
    #[error(transparent)]
    Limits(#[from] LimitsError),
    /// As a hook would find out when the guest is started.
    #[error("the path {0} is longer than 4,000 bytes")]
    PathTooLong(ImagePath),
}

fn example(bus: Bus) -> String {
    format!("{}a", Target::prefix_of(bus))
}
