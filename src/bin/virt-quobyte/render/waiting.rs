//! Says what is being waited for, once it takes longer than a second and if somebody looks.

use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(1);

/// Something that takes its time; until it is dropped.
#[derive(Debug)]
pub(crate) struct Waiting {
    _until_dropped: Option<Sender<()>>,
}

impl Waiting {
    pub(crate) fn for_(what: String) -> Self {
        if !io::stderr().is_terminal() {
            return Self { _until_dropped: None };
        }
        let (sender, receiver) = mpsc::channel::<()>();
        std::thread::spawn(move || {
            if receiver.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                let _nobody_may_look = writeln!(io::stderr(), "virt-quobyte: {what} ...");
            }
        });
        Self { _until_dropped: Some(sender) }
    }
}
