//! A guest's steps, one after the other, through libvirt.

use std::time::{Duration, Instant};

use virt_quobyte::revive::monitor::{self, NoReply};
use virt_quobyte::revive::{Deed, NotSo, RunState, Step, Unreadable, state_of, undo};

use crate::libvirt::{Guest, NoAnswer};

/// How long it is watched whether a guest that runs again is stopped again.
const WATCH: Duration = Duration::from_secs(2);

/// How often it is asked meanwhile.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// How often QEMU is told to open a file, when it says that it cannot: for this long in all. A client that has just ended may still
/// have its locks, and another one not know a name yet.
const OPENING: Duration = Duration::from_secs(5);

/// What came of a guest's steps.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) struct Walked {
    /// How long it was paused for them, if it was.
    pub(in crate::cli) paused: Option<Duration>,
}

/// A step that failed, and what became of those before it.
#[derive(Debug, thiserror::Error)]
#[error("{step}: {why}{}; nothing is worse than before: see to that, and say it again", undone(.undo.as_ref()))]
pub(in crate::cli) struct Failed {
    step: String,
    why: Why,
    /// Why what had been done could not all be undone.
    undo: Option<Why>,
}

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
enum Why {
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
    #[error(transparent)]
    NoReply(#[from] NoReply),
    #[error(transparent)]
    NotSo(#[from] NotSo),
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The guest ran, and not for long.
    #[error("an I/O error has stopped it again")]
    StoppedAgain,
}

fn undone(undo: Option<&Why>) -> String {
    match undo {
        None => String::new(),
        Some(why) => format!(" (and taking back what had been done failed too: {why})"),
    }
}

pub(super) fn walk(steps: &[Step], guest: &Guest) -> Result<Walked, Box<Failed>> {
    let mut paused_at = None;
    let mut paused = None;
    for (at, step) in steps.iter().enumerate() {
        if matches!(step, Step::Pause(_)) {
            paused_at = Some(Instant::now());
        }
        if let Err(why) = take(step, guest) {
            let undo = undo(&steps[..at]).iter().find_map(|step| take(step, guest).err());
            return Err(Box::new(Failed { step: step.to_string(), why, undo }));
        }
        if matches!(step, Step::Resume) {
            paused = paused_at.map(|at| at.elapsed());
            watch(guest).map_err(|why| Failed { step: step.to_string(), why, undo: None })?;
        }
    }
    Ok(Walked { paused })
}

fn take(step: &Step, guest: &Guest) -> Result<(), Why> {
    let ask = |question: &str| guest.monitor(monitor::question(question));
    tracing::debug!("{step}");
    match step.deed() {
        Deed::Pause => guest.pause()?,
        Deed::Resume => guest.resume()?,
        Deed::Ask(question) => step.judge(&ask(question)?)?,
        Deed::Tell { command, text } => {
            let until = Instant::now() + OPENING;
            loop {
                match Step::heard(command, &guest.monitor(text.clone())?) {
                    Err(NoReply::Refused(_)) if step.opens() && Instant::now() < until => {
                        std::thread::sleep(LOOK_AGAIN);
                    }
                    heard => break heard?,
                }
            }
        }
        Deed::TellUnless { question, command, text } => {
            if !step.is_done(&ask(question)?)? {
                Step::heard(command, &guest.monitor(text)?)?;
            }
        }
    }
    Ok(())
}

/// What waited for its disks is done first of all, so a disk that does not work stops it soon.
fn watch(guest: &Guest) -> Result<(), Why> {
    let until = Instant::now() + WATCH;
    while Instant::now() < until {
        let answer = guest.monitor(monitor::question(monitor::STATUS))?;
        if state_of(&answer)? == RunState::IoError {
            return Err(Why::StoppedAgain);
        }
        std::thread::sleep(LOOK_AGAIN);
    }
    Ok(())
}
