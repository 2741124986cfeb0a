//! What was seen, held against each assumption.

mod apart;
mod daemon;
mod files;
mod mounting;
mod root;
#[cfg(test)]
mod tests;

use std::time::Duration;

use super::seen::{Answer, Seen, Why};
use super::{ASSUMPTIONS, Assumption, Trust};

/// What a trial says of an assumption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is so.
    Holds,
    /// It is not so.
    DoesNotHold,
    /// It was not found out.
    NotAsked,
}

impl Verdict {
    /// As programs get it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::DoesNotHold => "does-not-hold",
            Self::NotAsked => "not-asked",
        }
    }
}

/// What is to be said of one assumption.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which one.
    pub assumption: &'static Assumption,
    /// Whether it holds.
    pub verdict: Verdict,
    /// What was seen, or why nothing was: one line, fit to be printed.
    pub seen: String,
}

impl Finding {
    /// Whether guests do not run with this client, or not safely.
    pub fn is_fault(&self) -> bool {
        self.verdict == Verdict::DoesNotHold && self.assumption.trust == Trust::Yes
    }
}

/// A finding for each assumption, in their order.
pub fn judge(seen: &Seen) -> Vec<Finding> {
    let finding = |assumption: &'static Assumption| {
        let (verdict, seen) = word(assumption.number, seen);
        Finding { assumption, verdict, seen }
    };
    ASSUMPTIONS.iter().map(finding).collect()
}

type Word = (Verdict, String);

fn word(number: u8, seen: &Seen) -> Word {
    match number {
        1 => mounting::command_line(seen),
        2 => mounting::return_value(seen),
        3 => mounting::kind(seen),
        4 => mounting::registries(seen),
        5 => root::size(seen),
        6 => root::magic(seen),
        7 => root::others(seen),
        8 => daemon::control_group(seen),
        9 => daemon::outputs(seen),
        10 => daemon::death(seen),
        11 => not_asked("this host would have to be cut off from its network"),
        12 => daemon::unmount(seen),
        13 => mounting::again(seen),
        14 => files::direct_io(seen),
        15 => files::space(seen),
        16 => files::locks(seen),
        17 => files::owner(seen),
        18 => files::attribute(seen),
        19 => apart::name(seen),
        20 => root::status_port(seen),
        21 => mounting::mount_point(seen),
        22 => mounting::credentials(seen),
        _ => not_asked("nobody knows how to"),
    }
}

fn holds(seen: impl Into<String>) -> Word {
    (Verdict::Holds, seen.into())
}

fn does_not_hold(seen: impl Into<String>) -> Word {
    (Verdict::DoesNotHold, seen.into())
}

fn not_asked(why: impl Into<String>) -> Word {
    (Verdict::NotAsked, why.into())
}

/// Judges what was seen. What a client keeps silent on does not work with it.
fn of<T>(answer: &Answer<T>, saw: impl FnOnce(&T) -> Word) -> Word {
    match answer {
        Answer::Saw(seen) => saw(seen),
        Answer::Silent { waited } => {
            does_not_hold(format!("there was no answer within {}", seconds(*waited)))
        }
        Answer::Unasked(why) => unasked(why),
    }
}

fn unasked(why: &Why) -> Word {
    not_asked(why.to_string())
}

fn seconds(length: Duration) -> String {
    format!("{:.2} s", length.as_secs_f64())
}
