//! Looks at many processes, of which some may keep whoever looks at them waiting for ever.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::host::deadline::Deadline;

/// After so long without an answer another thread goes on with the next process.
const STALL: Duration = Duration::from_millis(20);

/// After so long without any answer those that have not answered count as silent.
const PATIENCE: Duration = Duration::from_secs(1);

/// So many threads, at most, wait for processes that do not answer.
const THREADS: usize = 256;

/// Looks at processes, and goes past those that do not answer.
///
/// The threads that wait for them are left behind, so this is for a process that has nothing else to do and ends soon. They stay
/// for the next look: a new thread takes a number that a process could have, and whoever counts the numbers would never end.
pub(super) struct Lookers<T> {
    work: Arc<dyn Fn() + Send + Sync>,
    asked: Sender<u32>,
    told: Receiver<(u32, T)>,
    threads: usize,
    silent: BTreeSet<u32>,
}

impl<T: Send + 'static> Lookers<T> {
    pub(super) fn new(look: impl Fn(u32) -> T + Send + Sync + 'static) -> Self {
        let (asked, questions) = mpsc::channel();
        let (answers, told) = mpsc::channel();
        let questions = Mutex::new(questions);
        let next = move || questions.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let work = move || {
            while let Ok(pid) = next() {
                if answers.send((pid, look(pid))).is_err() {
                    break;
                }
            }
        };
        Self { work: Arc::new(work), asked, told, threads: 0, silent: BTreeSet::new() }
    }

    /// Looks at each of these processes that was not silent before, and returns what those that answer have shown, in no order.
    ///
    /// For the others it waits a little, and for no more than half of the time that is left: the other half is for what is to be
    /// done then.
    pub(super) fn look_at(
        &mut self,
        processes: impl IntoIterator<Item = u32>,
        deadline: Deadline,
    ) -> Vec<(u32, T)> {
        let half = deadline.at_most(deadline.left() / 2);
        let mut patience = half.at_most(PATIENCE);
        let mut waited_for: BTreeSet<u32> = processes.into_iter().collect();
        waited_for.retain(|pid| !self.silent.contains(pid));
        for &pid in &waited_for {
            let _told_below = self.asked.send(pid);
        }
        let mut shown = Vec::with_capacity(waited_for.len());
        if self.threads == 0 {
            self.start_another();
        }
        while !waited_for.is_empty() {
            match self.told.recv_timeout(STALL.min(patience.left())) {
                Ok((pid, what)) => {
                    patience = half.at_most(PATIENCE);
                    // One that was waited for in vain before may answer now.
                    if waited_for.remove(&pid) || self.silent.remove(&pid) {
                        shown.push((pid, what));
                    }
                }
                Err(RecvTimeoutError::Timeout) if !patience.is_over() => {
                    let all_wait = waited_for.len() + self.silent.len() > self.threads;
                    if all_wait && self.threads < THREADS {
                        self.start_another();
                    }
                }
                Err(_) => break,
            }
        }
        self.silent.append(&mut waited_for);
        shown
    }

    /// Those that could not be looked at.
    pub(super) fn into_silent(self) -> BTreeSet<u32> {
        self.silent
    }

    /// Without a thread to spare nobody answers, which is said of all.
    fn start_another(&mut self) {
        let work = Arc::clone(&self.work);
        if thread::Builder::new().spawn(move || work()).is_ok() {
            self.threads += 1;
        }
    }
}

impl<T> fmt::Debug for Lookers<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { threads, silent, .. } = self;
        f.debug_struct("Lookers").field("threads", threads).field("silent", silent).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_keep_one_waiting_are_passed_by_and_named() {
        let begun = std::time::Instant::now();
        let look = |pid: u32| {
            if pid.is_multiple_of(10) {
                thread::sleep(Duration::from_secs(60));
            }
            pid * 2
        };
        let mut lookers = Lookers::new(look);
        let shown = lookers.look_at(1..=50, Deadline::after(Duration::from_secs(4)));
        assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
        assert_eq!(shown.len(), 45);
        assert!(shown.iter().all(|(pid, what)| pid * 2 == *what));
        // Not again, and not instead of the others.
        let begun = std::time::Instant::now();
        let shown = lookers.look_at(40..=49, Deadline::after(Duration::from_secs(20)));
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        assert_eq!(shown.len(), 9);
        assert_eq!(lookers.into_silent(), BTreeSet::from([10, 20, 30, 40, 50]));
    }

    #[test]
    fn as_long_as_all_answer_one_thread_is_enough_and_nobody_is_waited_for() {
        let begun = std::time::Instant::now();
        let mut lookers = Lookers::new(|pid| (pid, thread::current().id()));
        let long = Deadline::after(Duration::from_secs(60));
        let mut shown = lookers.look_at(1..=1000, long);
        shown.extend(lookers.look_at(500..=1499, long));
        assert_eq!(shown.len(), 2000);
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        let threads: std::collections::HashSet<_> = shown.iter().map(|(_, (_, id))| id).collect();
        assert!(threads.len() <= 2, "{} threads", threads.len());
        assert!(lookers.look_at([], Deadline::after(Duration::ZERO)).is_empty());
        assert!(lookers.into_silent().is_empty());
    }
}
