//! The client's start, and the mount that it makes.

use super::{Answer, Seen, Why, Word, does_not_hold, holds, not_asked, of, seconds, unasked};
use crate::escape::Escaped;
use crate::selftest::seen::{Line, Second, Start, Usable};

pub(super) fn command_line(seen: &Seen) -> Word {
    of(&seen.start, mounted)
}

pub(super) fn again(seen: &Seen) -> Word {
    of(&seen.again, mounted)
}

/// Whether a start has come to a mount that can be used.
fn mounted(start: &Start) -> Word {
    let took = seconds(start.took);
    match (&start.returned, &start.usable) {
        (Err(failed), _) => does_not_hold(failed.clone()),
        (Ok(()), Usable::AtOnce) => {
            holds(format!("it returned after {took}, and the mount answers"))
        }
        (Ok(()), Usable::After(later)) => holds(format!(
            "it returned after {took}, and the mount answered {} later",
            seconds(*later)
        )),
        (Ok(()), Usable::NotMounted) => does_not_hold(format!(
            "it returned after {took} without an error, and nothing is mounted"
        )),
        (Ok(()), Usable::Not(clause)) => {
            does_not_hold(format!("it returned after {took}, and what it mounted {clause}"))
        }
    }
}

pub(super) fn return_value(seen: &Seen) -> Word {
    let mut starts = Vec::new();
    for (start, what) in [(&seen.start, "the first"), (&seen.again, "the one after the unmount")] {
        if let Answer::Saw(start) = start {
            starts.push(word_kept(start).map_err(|broken| format!("{what} {broken}")));
        }
    }
    for (start, what) in [
        (&seen.on_top, "the one on a mount point in use"),
        (&seen.on_file, "the one on a directory with a file in it"),
        (&seen.nowhere, "the one for a volume that does not exist"),
    ] {
        match start {
            Answer::Saw(Second { returned: Ok(()), more: 0 }) => {
                starts.push(Err(format!("{what} returned without an error or a mount")));
            }
            Answer::Saw(Second { returned: Err(failed), more: 1.. }) => {
                starts.push(Err(format!("{what} mounted, and {failed}")));
            }
            Answer::Saw(_) => starts.push(Ok(())),
            Answer::Silent { .. } | Answer::Unasked(_) => {}
        }
    }
    let count = starts.len();
    let broken: Vec<String> = starts.into_iter().filter_map(Result::err).collect();
    match &seen.start {
        Answer::Unasked(why) => unasked(why),
        _ if broken.is_empty() => holds(format!("so did each of {count} starts")),
        _ => does_not_hold(format!("of {count} starts, {}", broken.join("; "))),
    }
}

/// Whether a start's return was true, or what it did instead.
fn word_kept(start: &Start) -> Result<(), String> {
    match (&start.returned, &start.usable) {
        (Ok(()), Usable::AtOnce) | (Err(_), Usable::NotMounted) => Ok(()),
        (Ok(()), Usable::After(later)) => {
            Err(format!("returned {} before its mount answered", seconds(*later)))
        }
        (Ok(()), Usable::NotMounted) => Err("returned without an error or a mount".to_owned()),
        (Ok(()), Usable::Not(clause)) => {
            Err(format!("returned without an error, and what it mounted {clause}"))
        }
        (Err(failed), Usable::AtOnce | Usable::After(_) | Usable::Not(_)) => {
            Err(format!("mounted, and {failed}"))
        }
    }
}

/// Judges the mount table's line.
pub(super) fn line(seen: &Seen, judge: impl FnOnce(&Line) -> Word) -> Word {
    match (&seen.line, &seen.start) {
        (Some(line), _) => judge(line),
        (None, Answer::Unasked(why)) => unasked(why),
        (None, _) => unasked(&Why::NotMounted),
    }
}

pub(super) fn kind(seen: &Seen) -> Word {
    line(seen, |line| {
        let text = format!("type {}, source {}", Escaped(&line.fstype), Escaped(&line.source));
        if line.is_quobyte { holds(text) } else { does_not_hold(text) }
    })
}

pub(super) fn registries(seen: &Seen) -> Word {
    if !seen.registries.contains(',') {
        return not_asked("the export names one registry only");
    }
    line(seen, |line| {
        let text = format!("source {}", Escaped(&line.source));
        let shown = line.source.strip_prefix("quobyte@").unwrap_or(&line.source);
        let shown = shown.split('/').next().unwrap_or_default();
        if shown.replace('|', ",") == seen.registries { holds(text) } else { does_not_hold(text) }
    })
}

pub(super) fn mount_point(seen: &Seen) -> Word {
    let (on_top, on_file) = match (&seen.on_top, &seen.on_file) {
        (Answer::Saw(on_top), Answer::Saw(on_file)) => (on_top, on_file),
        (Answer::Saw(_), other) | (other, _) => {
            return of(other, |_| not_asked("only one half was"));
        }
    };
    let stacks = on_top.more > 0;
    let must_be_empty = on_file.more == 0;
    let text = format!(
        "a second mount {}; a directory with a file in it {}",
        if stacks { "was stacked on the first" } else { "was refused" },
        if must_be_empty { "was refused" } else { "was mounted on" },
    );
    if stacks && must_be_empty { holds(text) } else { does_not_hold(text) }
}

pub(super) fn credentials(seen: &Seen) -> Word {
    of(&seen.scratch, |made| match made {
        Ok(()) => holds("a directory could be made on the volume"),
        Err(errno) => does_not_hold(format!(
            "the volume is mounted, and the making of a directory gave {errno}"
        )),
    })
}
