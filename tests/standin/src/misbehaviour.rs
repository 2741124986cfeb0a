//! How a mount that works can go wrong, and how a failing client talks. Decides whether a request is answered, when, and with
//! what junk a failure begins; not what a good answer is.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;

use crate::control::{self, Answers, Settings};

/// How often a request that hangs looks whether it still has to.
const PATIENCE: Duration = Duration::from_millis(20);

/// The part of the control file that holds from one request to the next.
#[derive(Debug)]
pub(crate) struct Conduct {
    control: PathBuf,
    volume: String,
    last: Mutex<Last>,
}

#[derive(Debug)]
struct Last {
    stamp: Option<Stamp>,
    answers: Answers,
    delay: Duration,
}

/// Tells one state of the control file from the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

impl Conduct {
    pub(crate) fn new(control: PathBuf, volume: &str, settings: &Settings) -> Self {
        let last = Last { stamp: None, answers: settings.answers, delay: settings.answer_delay };
        Self { control, volume: volume.to_owned(), last: Mutex::new(last) }
    }

    /// Comes back when a request may be answered; an error is the answer. One that hangs for ever ends with the process,
    /// which ends with the connection.
    pub(crate) fn admit(&self) -> io::Result<()> {
        let (mut answers, delay) = self.now();
        if !delay.is_zero() {
            thread::sleep(delay);
        }
        while answers == Answers::Hang {
            thread::sleep(PATIENCE);
            (answers, _) = self.now();
        }
        match answers {
            Answers::Normal | Answers::Hang => Ok(()),
            Answers::Eio => Err(Errno::EIO.into()),
        }
    }

    fn now(&self) -> (Answers, Duration) {
        // Plain values: a panic elsewhere cannot have left them half written.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = fs::metadata(&self.control).ok().map(|file| Stamp {
            inode: file.ino(),
            size: file.size(),
            modified: (file.mtime(), file.mtime_nsec()),
        });
        // An empty file is one that somebody is about to write.
        let is_settled = stamp.is_none_or(|stamp| stamp.size > 0);
        if stamp != last.stamp && is_settled {
            last.stamp = stamp;
            if let Ok(settings) = control::read(&self.control, &self.volume) {
                last.answers = settings.answers;
                last.delay = settings.answer_delay;
            }
        }
        (last.answers, last.delay)
    }
}

/// What no log and no terminal should be given: escape sequences, controls, and bytes that are not UTF-8.
pub(crate) fn chatter(to: &mut impl Write, bytes: usize) -> io::Result<()> {
    const JUNK: &[u8] =
        b"\x1b[31;1mE\x1b[0m \x1b]0;owned\x07 \xff\xfe \xc3\x28 \x9b2J \x00\x08\r%n%s <6>warn\n";
    let mut left = bytes;
    while left > 0 {
        let part = &JUNK[..left.min(JUNK.len())];
        to.write_all(part)?;
        left -= part.len();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chatter_is_as_long_as_asked_and_no_text() {
        for bytes in [0, 1, 100, 10_000] {
            let mut junk = Vec::new();
            chatter(&mut junk, bytes).unwrap();
            assert_eq!(junk.len(), bytes);
            assert_eq!(String::from_utf8(junk).is_err(), bytes >= 100);
        }
    }
}
