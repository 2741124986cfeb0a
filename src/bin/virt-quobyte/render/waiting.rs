//! Says what is being waited for, once it takes longer than a second and if somebody looks; and takes it back in the end.

use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(1);

/// As wide as a line gets where the terminal does not say how wide it is.
const WIDTH: usize = 80;

/// Something that takes its time; until it is dropped, which must be before anything else is said.
#[derive(Debug)]
pub(crate) struct Waiting {
    told: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Waiting {
    pub(crate) fn for_(what: String) -> Self {
        if !io::stderr().is_terminal() {
            return Self { told: None };
        }
        let (until_dropped, dropped) = mpsc::channel::<()>();
        let begun = Instant::now();
        let teller = thread::spawn(move || {
            let mut line = Line::default();
            while dropped.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                line.put(&format!("virt-quobyte: {what}: {} s ...", begun.elapsed().as_secs()));
            }
            line.put("");
        });
        Self { told: Some((until_dropped, teller)) }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some((until_dropped, teller)) = self.told.take() {
            drop(until_dropped);
            // What comes next must not be taken back.
            let _it_does_not_panic = teller.join();
        }
    }
}

/// What stands in the terminal's last line.
#[derive(Debug, Default)]
struct Line {
    length: usize,
}

impl Line {
    /// Puts a text in place of the earlier one. By blanks, which every terminal knows, and never so much that it goes on in
    /// another line, which could not be taken back.
    fn put(&mut self, text: &str) {
        let width = terminal_size::terminal_size_of(io::stderr());
        let width = width.map_or(WIDTH, |(width, _)| width.0.into());
        let text: String = text.chars().take(width.saturating_sub(1)).collect();
        let length = text.chars().count();
        if self.length == 0 && length == 0 {
            return;
        }
        let rest = " ".repeat(self.length.saturating_sub(length));
        let back = if length == 0 { "\r" } else { "" };
        let _nobody_may_look = write!(io::stderr(), "\r{text}{rest}{back}");
        self.length = length;
    }
}
