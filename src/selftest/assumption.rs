//! The assumptions.

/// Something that this project assumes of the client.
#[derive(Debug, PartialEq, Eq)]
pub struct Assumption {
    /// Its number: the 7 of A7.
    pub number: u8,
    /// What is assumed.
    pub claim: &'static str,
    /// How far anything depends on it.
    pub trust: Trust,
    /// What it means where it does not hold.
    pub otherwise: &'static str,
}

/// How far the product leans on an assumption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Without it guests do not run, or not safely.
    Yes,
    /// It is used and never decisive.
    Hint,
    /// The product works either way.
    No,
}

impl Trust {
    /// As programs get it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::Hint => "hint",
            Self::No => "no",
        }
    }
}

const fn a(number: u8, trust: Trust, claim: &'static str, otherwise: &'static str) -> Assumption {
    Assumption { number, claim, trust, otherwise }
}

use Trust::{Hint, No, Yes};

/// All of them, in the order of their numbers.
pub const ASSUMPTIONS: [Assumption; 22] = [
    a(
        1,
        Yes,
        "the client takes --disable-xattrs REGISTRIES/VOLUME MOUNTPOINT [-c FILE], and mounts",
        "no share can be mounted; what the client said tells whether it is the command line, the registries or the volume",
    ),
    a(
        2,
        No,
        "it returns once its mount can be used, and fails where there will be none",
        "nothing to do: a mount is believed when it is seen and answers",
    ),
    a(
        3,
        Yes,
        "its mount has the type fuse.quobyte, or fuse with a source that begins with quobyte@",
        "the mount is taken for something else, and every start is refused",
    ),
    a(
        4,
        No,
        "its mount's source has the registries, with '|' or ',' between them",
        "nothing to do: registries are not compared",
    ),
    a(5, Hint, "the volume's root has the size 0", "nothing to do: the size decides nothing"),
    a(
        6,
        No,
        "statfs says FUSE, and nothing of Quobyte",
        "nothing to do: the mount table is asked instead",
    ),
    a(
        7,
        Yes,
        "root's mount lets other users in (allow_other)",
        "QEMU, which is not root, cannot open an image, and every start is refused",
    ),
    a(
        8,
        Yes,
        "the daemon stays in the control group in which it was started",
        "no scope holds the client: a restart of libvirtd may end it under its guests, and a client that failed may go on",
    ),
    a(
        9,
        No,
        "the daemon lets go of its caller's outputs",
        "nothing to do: nobody waits for their end",
    ),
    a(
        10,
        Yes,
        "when the daemon is dead, every access gives ENOTCONN",
        "a dead client is not known as such, and its mount is not replaced",
    ),
    a(
        11,
        No,
        "without a network, accesses hang or fail with EIO",
        "nothing to do: a start on either is refused in time",
    ),
    a(
        12,
        Hint,
        "a plain unmount is enough, and the daemon then ends",
        "if the unmount failed, shares stay mounted when their last guest has ended; a daemon that goes on costs memory only",
    ),
    a(
        13,
        No,
        "a volume can be mounted again right after its unmount",
        "a start right after the last guest's end may be refused: set linger = \"30s\"",
    ),
    a(
        14,
        Yes,
        "O_DIRECT and Linux AIO work",
        "guests with cache='none' or io='native' do not start, or their disks fail",
    ),
    a(
        15,
        Hint,
        "space can be reserved (fallocate), and holes be punched",
        "images cannot be preallocated that way, or discard='unmap' frees nothing",
    ),
    a(
        16,
        Yes,
        "fcntl and OFD locks exclude others on this host",
        "libvirt or QEMU refuses the image, or two guests can write to one image",
    ),
    a(
        17,
        Yes,
        "root may change a file's owner, or is refused with an errno that libvirt ignores",
        "libvirt cannot give images to QEMU and starts no guest: dynamic_ownership = 0 in qemu.conf",
    ),
    a(
        18,
        Hint,
        "trusted extended attributes are refused cleanly",
        "libvirt will try to remember the owners of images in them; if that fails, remember_owner = 0 in qemu.conf",
    ),
    a(
        19,
        No,
        "a name that was made on another host may be missing here for seconds",
        "nothing to do: a missing image is looked for again",
    ),
    a(
        20,
        Hint,
        "the attribute quobyte.statuspage_port can be read, with --disable-xattrs too",
        "nothing to do: monitoring has to find the client's status page otherwise",
    ),
    a(
        21,
        No,
        "a mount point must be empty, and a second mount on it stacks",
        "nothing to do: both are looked for before a mount",
    ),
    a(
        22,
        Yes,
        "no credentials are needed on the command line",
        "the client may not write to the volume: see its access rules, and client.config for certificates",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_1_to_22_in_order() {
        let numbers: Vec<u8> = ASSUMPTIONS.iter().map(|assumption| assumption.number).collect();
        assert_eq!(numbers, (1..=22).collect::<Vec<u8>>());
    }

    #[test]
    fn each_says_one_thing_of_its_own_and_what_follows_where_it_is_not_so() {
        for assumption in &ASSUMPTIONS {
            let same = |other: &&Assumption| other.claim == assumption.claim;
            assert_eq!(ASSUMPTIONS.iter().filter(same).count(), 1, "{assumption:?}");
            for text in [assumption.claim, assumption.otherwise] {
                assert!(!text.is_empty() && !text.ends_with('.'), "{assumption:?}");
            }
            // Whoever leans on nothing has nothing to do, or can do something.
            let idle = assumption.otherwise.starts_with("nothing to do");
            assert!(!(idle && assumption.trust == Trust::Yes), "{assumption:?}");
        }
    }

    #[test]
    fn what_the_product_cannot_do_without_is_what_the_design_says() {
        let of = |trust| -> Vec<u8> {
            ASSUMPTIONS.iter().filter(|it| it.trust == trust).map(|it| it.number).collect()
        };
        assert_eq!(of(Yes), [1, 3, 7, 8, 10, 14, 16, 17, 22]);
        assert_eq!(of(Hint), [5, 12, 15, 18, 20]);
        assert_eq!(of(No), [2, 4, 6, 9, 11, 13, 19, 21]);
    }
}
