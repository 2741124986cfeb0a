//! The target of a disk: the name that orders it on its bus, such as `vda`.

use std::fmt;
use std::str::FromStr;

use super::words::Bus;

/// A target's name: the prefix of a kind of bus, and letters.
///
/// libvirt orders the disks of a bus by it, and derives a disk's address and alias from it. What the guest calls the disk is
/// the guest's own business.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target(String);

/// Why a text is no target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Not a prefix of a bus that is offered here.
    #[error("it must begin with 'vd' (virtio), 'sd' (scsi, sata, usb) or 'hd' (ide)")]
    Prefix,
    /// No letters, or something else behind the prefix.
    #[error("one to three lower-case letters must follow its first two, as in vda or vdab")]
    Letters,
}

impl Target {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether disks of this bus have such names.
    ///
    /// libvirt takes any name on any bus, and numbers the disk by its letters all the same; then `sda` on virtio and `vda`
    /// contend for one address.
    pub fn fits(&self, bus: Bus) -> bool {
        self.prefix() == Self::prefix_of(bus)
    }

    /// What targets on this bus begin with.
    pub const fn prefix_of(bus: Bus) -> &'static str {
        match bus {
            Bus::Virtio => "vd",
            Bus::Scsi | Bus::Sata | Bus::Usb => "sd",
            Bus::Ide => "hd",
        }
    }

    /// Its place among the targets of its prefix, counted from 0.
    pub fn index(&self) -> usize {
        let digits = self.0[2..].bytes().map(|letter| usize::from(letter - b'a') + 1);
        digits.fold(0, |index, digit| index * 26 + digit) - 1
    }

    fn prefix(&self) -> &str {
        &self.0[..2]
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let letters = ["vd", "sd", "hd"].iter().find_map(|prefix| text.strip_prefix(prefix));
        let letters = letters.ok_or(TargetError::Prefix)?;
        // A digit behind them would be a partition, which the QEMU driver refuses.
        let fits = letters.bytes().all(|b| b.is_ascii_lowercase());
        if fits && (1..=3).contains(&letters.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(TargetError::Letters)
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_the_prefix_of_a_bus_and_letters() {
        use TargetError as E;
        for (text, expected) in [
            ("vda", Ok(0)),
            ("vdz", Ok(25)),
            ("sdaa", Ok(26)),
            ("hdd", Ok(3)),
            ("vdzzz", Ok(18_277)),
            ("vd", Err(E::Letters)),
            ("vda1", Err(E::Letters)),
            ("vdA", Err(E::Letters)),
            ("vdaaaa", Err(E::Letters)),
            ("xvda", Err(E::Prefix)),
            ("xyz", Err(E::Prefix)),
            ("", Err(E::Prefix)),
            ("/dev/vda", Err(E::Prefix)),
        ] {
            assert_eq!(text.parse::<Target>().map(|t| t.index()), expected, "{text:?}");
        }
    }

    #[test]
    fn a_target_fits_the_buses_of_its_prefix_only() {
        for (text, buses) in [
            ("vda", &[Bus::Virtio][..]),
            ("sdb", &[Bus::Scsi, Bus::Sata, Bus::Usb]),
            ("hda", &[Bus::Ide]),
        ] {
            let target: Target = text.parse().expect(text);
            for bus in [Bus::Virtio, Bus::Scsi, Bus::Sata, Bus::Usb, Bus::Ide] {
                assert_eq!(target.fits(bus), buses.contains(&bus), "{text} on {bus}");
            }
        }
    }
}
