//! The words that libvirt knows for what a disk can be, as far as they are right on Quobyte.
//!
//! Left out on purpose: `cache='unsafe'`, which ignores a guest's flushes; `cache='default'`, which leaves it to whoever reads;
//! `error_policy='enospace'`, with which libvirt has QEMU ignore read errors whatever `rerror_policy` says
//! (`qemuBuildDiskGetErrorPolicy`, libvirt 9.0); and the devices `floppy` and `lun`, of which the second cannot be a file.

/// A set of words of which one is chosen.
pub trait Word: Copy + Eq + std::fmt::Debug + Send + Sync + 'static {
    /// All of them, in the order in which they are told.
    const ALL: &'static [Self];
    /// As libvirt writes it.
    fn as_str(self) -> &'static str;
}

macro_rules! words {
    ($(#[$of:meta])* $name:ident: $($(#[$one:meta])* $variant:ident = $word:literal,)+) => {
        $(#[$of])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$one])* $variant,)+
        }

        impl Word for $name {
            const ALL: &'static [Self] = &[$(Self::$variant),+];

            fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// What the guest sees.
    Device:
    /// A hard disk.
    Disk = "disk",
    /// A CD drive with the image in it; it is read-only.
    Cdrom = "cdrom",
}

words! {
    /// What the guest sees it on.
    Bus:
    /// virtio-blk.
    Virtio = "virtio",
    /// A SCSI controller: virtio-scsi, unless the domain has another one.
    Scsi = "scsi",
    /// AHCI.
    Sata = "sata",
    /// USB mass storage.
    Usb = "usb",
    /// IDE; machines of type q35 have none.
    Ide = "ide",
}

words! {
    /// What the image is. Always said: what is not said, libvirt takes for raw.
    Format:
    /// The guest's blocks as they are.
    Raw = "raw",
    /// QEMU's own format.
    Qcow2 = "qcow2",
}

words! {
    /// What the host keeps in memory between the guest and the image.
    Cache:
    /// Nothing; the guest's flushes are passed on.
    None = "none",
    /// Nothing, and every write is flushed.
    Directsync = "directsync",
    /// What was read, and every write is flushed.
    Writethrough = "writethrough",
    /// What was read and what is to be written.
    Writeback = "writeback",
}

impl Cache {
    /// Whether the image is opened with `O_DIRECT`, which Linux AIO needs.
    pub const fn is_direct(self) -> bool {
        matches!(self, Self::None | Self::Directsync)
    }
}

words! {
    /// How QEMU does its I/O.
    Io:
    /// Linux AIO.
    Native = "native",
    /// A pool of threads.
    Threads = "threads",
    /// `io_uring` (libvirt 6.3, QEMU 5.0).
    IoUring = "io_uring",
}

words! {
    /// What becomes of a block that the guest says it no longer needs.
    Discard:
    /// The image gives it back.
    Unmap = "unmap",
    /// Nothing.
    Ignore = "ignore",
}

words! {
    /// What becomes of zeroes that the guest writes.
    DetectZeroes:
    /// They are written.
    Off = "off",
    /// They are written as zeroes, which may take less.
    On = "on",
    /// The image gives the blocks back.
    Unmap = "unmap",
}

words! {
    /// What QEMU does when the storage fails.
    ErrorPolicy:
    /// Pauses the guest, which knows nothing of it and can be resumed.
    Stop = "stop",
    /// Tells the guest, which usually makes its file system read-only.
    Report = "report",
    /// Nothing: the guest believes that it succeeded.
    Ignore = "ignore",
}

words! {
    /// Whether the guest may write.
    Access:
    /// It may.
    ReadWrite = "rw",
    /// It may not.
    ReadOnly = "ro",
}

words! {
    /// Whether other guests may have the same image.
    Sharing:
    /// QEMU locks the image.
    Exclusive = "exclusive",
    /// They may, and what keeps them from destroying each other's writes is in the guests.
    Shareable = "shareable",
}
