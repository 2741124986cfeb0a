//! What QEMU and libvirt do with an image.

use super::{Answer, Seen, Word, does_not_hold, holds, of};
use crate::selftest::seen::{Errno, Exclusion, Locks};

pub(super) fn direct_io(seen: &Seen) -> Word {
    of(&seen.direct_io, |io| {
        let parts = [read_back("O_DIRECT", io.plain), read_back("Linux AIO", io.aio)];
        all(parts, "what was written was read back")
    })
}

fn read_back(what: &str, outcome: Result<bool, Errno>) -> Result<(), String> {
    match outcome {
        Ok(true) => Ok(()),
        Ok(false) => Err(format!("{what} read back something else than was written")),
        Err(errno) => Err(format!("{what} gave {errno}")),
    }
}

pub(super) fn space(seen: &Seen) -> Word {
    of(&seen.space, |space| {
        let reserve = space.reserve.map_err(|errno| format!("reserving gave {errno}"));
        let punch = match space.punch {
            Ok(true) => Ok(()),
            Ok(false) => Err("a hole that was punched is no hole".to_owned()),
            Err(errno) => Err(format!("punching gave {errno}")),
        };
        all([reserve, punch], "both worked")
    })
}

fn all(parts: [Result<(), String>; 2], good: &str) -> Word {
    let broken: Vec<String> = parts.into_iter().filter_map(Result::err).collect();
    if broken.is_empty() { holds(good) } else { does_not_hold(broken.join("; ")) }
}

pub(super) fn locks(seen: &Seen) -> Word {
    of(&seen.locks, |locks| {
        // Nothing is assumed of the other, which is worth knowing all the same.
        let apart = match &seen.locks_apart {
            Answer::Saw(apart) => format!("; between two clients: {}", said(apart)),
            Answer::Silent { .. } | Answer::Unasked(_) => String::new(),
        };
        let text = format!("{}{apart}", said(locks));
        let both_exclude = [locks.fcntl, locks.ofd] == [Exclusion::Excludes; 2];
        if both_exclude { holds(text) } else { does_not_hold(text) }
    })
}

fn said(locks: &Locks) -> String {
    let one = |lock| match lock {
        Exclusion::Excludes => "excludes others".to_owned(),
        Exclusion::Shared => "was given to two processes at once".to_owned(),
        Exclusion::Stays => "stayed after its holder let go".to_owned(),
        Exclusion::Refused(errno) => format!("gave {errno}"),
    };
    format!("fcntl {}, OFD {}", one(locks.fcntl), one(locks.ofd))
}

/// What libvirt takes for "this file system has no owners" (`virSecurityDACSetOwnership`).
const IGNORED: [i32; 4] =
    [nix::libc::EPERM, nix::libc::EINVAL, nix::libc::EOPNOTSUPP, nix::libc::EROFS];

pub(super) fn owner(seen: &Seen) -> Word {
    of(&seen.owner, |outcome| match outcome {
        Ok(true) => holds("the owner was changed, and changed back"),
        Ok(false) => does_not_hold("it was answered with success, and the owner stayed"),
        Err(errno) if IGNORED.contains(&errno.0) => {
            holds(format!("it was refused with {errno}; images must belong to QEMU's user already"))
        }
        Err(errno) => does_not_hold(format!("it was refused with {errno}")),
    })
}

pub(super) fn attribute(seen: &Seen) -> Word {
    const CLEAN: [i32; 2] = [nix::libc::EOPNOTSUPP, nix::libc::ENOSYS];
    of(&seen.attribute, |outcome| match outcome {
        Ok(true) => does_not_hold("one was set and read back"),
        Ok(false) => does_not_hold("one was set, and was not there when it was read back"),
        Err(errno) if CLEAN.contains(&errno.0) => holds(format!("with {errno}")),
        Err(errno) => does_not_hold(format!("they were refused with {errno}")),
    })
}
