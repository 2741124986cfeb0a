//! A guest's steps, one after the other, through libvirt.

use std::time::{Duration, Instant};

use virt_quobyte::revive::monitor::{self, NoReply};
use virt_quobyte::revive::{Deed, NotSo, RunState, Step, Unreadable, state_of, undo};

use crate::libvirt::{Guest, NoAnswer};

/// How long it is watched whether a guest that runs again is stopped again.
const WATCH: Duration = Duration::from_secs(2);

/// How often it is asked meanwhile.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// A step that failed, and what became of those before it.
#[derive(Debug, thiserror::Error)]
#[error("{step}: {why}{}; nothing is worse than before: see to that, and revive it again", undone(.undo.as_ref()))]
pub(super) struct Failed {
    step: String,
    why: Why,
    /// Why what had been done could not all be undone.
    undo: Option<Why>,
}

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Why {
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

pub(super) fn walk(steps: &[Step], guest: &Guest) -> Result<(), Box<Failed>> {
    for (at, step) in steps.iter().enumerate() {
        if let Err(why) = take(step, guest) {
            let undo = undo(&steps[..at]).iter().find_map(|step| take(step, guest).err());
            return Err(Box::new(Failed { step: step.to_string(), why, undo }));
        }
    }
    Ok(())
}

fn take(step: &Step, guest: &Guest) -> Result<(), Why> {
    let ask = |question: &str| guest.monitor(monitor::question(question));
    tracing::debug!("{step}");
    match step.deed() {
        Deed::Pause => guest.pause()?,
        Deed::Resume => {
            guest.resume()?;
            watch(guest)?;
        }
        Deed::Ask(question) => step.judge(&ask(question)?)?,
        Deed::Tell { command, text } => Step::heard(command, &guest.monitor(text)?)?,
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
