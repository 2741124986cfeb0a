//! A call of a program as libvirt makes it, and what must hold for every call there is.

use std::io::Write as _;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// What a call of the hook came to.
#[derive(Debug)]
#[must_use]
pub(crate) struct Called {
    pub(crate) ok: bool,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

impl Called {
    /// It did what it should, and had nothing to say.
    #[track_caller]
    pub(crate) fn succeeds(self) -> Duration {
        assert!(self.ok && self.stderr.is_empty(), "{self:?}");
        self.took
    }

    /// It refused, in one paragraph that holds these texts.
    #[track_caller]
    pub(crate) fn fails_with(self, texts: &[&str]) -> Duration {
        assert!(!self.ok, "it did not fail: {self:?}");
        assert_eq!(self.stderr.lines().count(), 1, "not one paragraph: {self:?}");
        for text in texts {
            assert!(self.stderr.contains(text), "no {text:?} in {self:?}");
        }
        assert!(!self.stderr.chars().any(|c| c.is_control() && c != '\n'), "{self:?}");
        self.took
    }
}

pub(super) fn spawn(mut command: Command) -> Child {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the hook starts")
}

/// Runs a hook with a standard input, and checks what must hold for every call there is: never a byte on stdout.
pub(crate) fn feed(command: Command, stdin: &[u8]) -> Called {
    let begun = Instant::now();
    let mut child = spawn(command);
    let mut pipe = child.stdin.take().expect("a pipe");
    pipe.write_all(stdin).expect("the hook reads its standard input to the end");
    drop(pipe);
    heard(child, begun)
}

/// What comes of a hook that was started then.
pub(crate) fn heard(child: Child, begun: Instant) -> Called {
    // To the end of both pipes, as libvirt does: a child that kept one open would be noticed.
    let Output { status, stdout, stderr } = child.wait_with_output().expect("it ends");
    assert_eq!(stdout, b"", "stdout belongs to libvirt");
    let stderr = String::from_utf8(stderr).expect("UTF-8");
    assert!(!stderr.contains("panicked"), "{stderr}");
    Called { ok: status.success(), stderr, took: begun.elapsed() }
}
