//! The root of a volume.

use super::{Answer, Seen, Word, does_not_hold, holds, mounting, of};
use crate::escape::Escaped;
use crate::selftest::seen::Errno;

/// `FUSE_SUPER_MAGIC`, which the kernel gives for every FUSE file system.
const FUSE: i64 = 0x6573_5546;

pub(super) fn size(seen: &Seen) -> Word {
    of(&seen.root, |root| match &root.size {
        Ok(0) => holds("it is 0"),
        Ok(size) => does_not_hold(format!("it is {size}")),
        Err(errno) => no_answer("stat", *errno),
    })
}

pub(super) fn magic(seen: &Seen) -> Word {
    of(&seen.root, |root| match &root.magic {
        Ok(FUSE) => holds(format!("its type is {FUSE:#x}")),
        Ok(other) => does_not_hold(format!("its type is {other:#x}")),
        Err(errno) => no_answer("statfs", *errno),
    })
}

pub(super) fn others(seen: &Seen) -> Word {
    mounting::line(seen, |line| {
        let stranger = match &seen.root {
            Answer::Saw(root) => Some(&root.stranger),
            Answer::Silent { .. } | Answer::Unasked(_) => None,
        };
        let tried = match stranger {
            Some(Ok(())) => "another user was let in".to_owned(),
            Some(Err(errno)) => format!("another user got {errno}"),
            None => "no other user has tried".to_owned(),
        };
        if !line.allows_other_users {
            return does_not_hold(format!("its options are {}; {tried}", Escaped(&line.options)));
        }
        let text = format!("it is among the options, and {tried}");
        if matches!(stranger, Some(Err(_))) { does_not_hold(text) } else { holds(text) }
    })
}

pub(super) fn status_port(seen: &Seen) -> Word {
    of(&seen.root, |root| match &root.status_port {
        Ok(port) => holds(format!("it is '{}'", Escaped(port))),
        Err(errno) => no_answer("getxattr", *errno),
    })
}

fn no_answer(call: &str, errno: Errno) -> Word {
    does_not_hold(format!("{call} gave {errno}"))
}
