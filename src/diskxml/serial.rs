//! The serial number of a disk, by which a guest finds it (`/dev/disk/by-id`).

use std::fmt;
use std::str::FromStr;

use super::words::Bus;

/// A serial number of characters that libvirt takes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Serial(String);

/// Why a text is no serial number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SerialError {
    /// Nothing.
    #[error("it is empty")]
    Empty,
    /// A character outside of libvirt's set (`qemuValidateDomainDeviceDefDiskSerial`).
    #[error(
        "it holds the character {0:?}; libvirt takes letters, digits, '-', '_', '.', '+' and blanks"
    )]
    Character(char),
    /// A guest would not see it, and libvirt's own reading takes it away in places.
    #[error("it begins or ends with a blank")]
    Blank,
}

impl Serial {
    /// The number.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Of how many characters QEMU shows the guest on this bus; it cuts off the rest without a word.
    ///
    /// virtio-blk: `VIRTIO_BLK_ID_BYTES`; IDE and AHCI: the 20 characters of ATA's IDENTIFY; SCSI, and USB mass storage, which is
    /// SCSI inside: `MAX_SERIAL_LEN` of `hw/scsi/scsi-disk.c`.
    pub const fn room_on(bus: Bus) -> usize {
        match bus {
            Bus::Virtio | Bus::Sata | Bus::Ide => 20,
            Bus::Scsi | Bus::Usb => 36,
        }
    }
}

impl FromStr for Serial {
    type Err = SerialError;

    fn from_str(text: &str) -> Result<Self, SerialError> {
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_.+ ".contains(c);
        if text.is_empty() {
            return Err(SerialError::Empty);
        }
        if let Some(character) = text.chars().find(|&c| !fits(c)) {
            return Err(SerialError::Character(character));
        }
        if text.starts_with(' ') || text.ends_with(' ') {
            return Err(SerialError::Blank);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_libvirt_takes_is_a_serial_number() {
        use SerialError as E;
        for (text, expected) in [
            ("c7a5fdbd-edaf-9455-926a-d65c16db1809", Ok(())),
            ("WD-WMAP9A966149", Ok(())),
            ("a_b.c+d e", Ok(())),
            ("", Err(E::Empty)),
            ("a/b", Err(E::Character('/'))),
            ("ä", Err(E::Character('ä'))),
            ("a\n", Err(E::Character('\n'))),
            (" a", Err(E::Blank)),
            ("a ", Err(E::Blank)),
        ] {
            assert_eq!(text.parse::<Serial>().map(|_| ()), expected, "{text:?}");
        }
    }
}
