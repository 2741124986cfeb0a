//! What must not be done in our own process is done by this same program in another one.
//!
//! A look at a FUSE mount, an unmount of one, and a look at a process that waits for one can end in a sleep that not even SIGKILL
//! ends. So the program starts itself
//! with one of a few options, waits for the answer on its output until a deadline, and leaves the child behind if there is none.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Stdio;

use super::deadline::Deadline;
use super::program::{self, End, Run, StartError};
use super::unmount::{self, How};
use super::{image, probe, processes};

/// The running program, also if its file was replaced meanwhile.
const SELF: &str = "/proc/self/exe";

/// Does a child's work and returns its answer, if that is what this process was started for.
///
/// Both binaries ask this first, or what stands below. libvirt calls a hook with exactly four arguments, and each of these options comes with one,
/// two, or pairs of operands: no domain's name can be mistaken for it.
pub fn answer(arguments: &[OsString]) -> Option<String> {
    if let [option, images @ ..] = arguments
        && *option == image::OPTION
    {
        return image::answer(images);
    }
    let texts: Vec<&OsStr> = arguments.iter().map(OsString::as_os_str).collect();
    match texts.as_slice() {
        [option, path] if *option == probe::OPTION => Some(probe::look(Path::new(path))),
        [option, _] if *option == processes::OPTION => processes::answer(&arguments[1]),
        [option, path, mount] => {
            let how = How::of_option(option)?;
            Some(unmount::unmount_here(Path::new(path), &mount.to_string_lossy(), how))
        }
        _ => None,
    }
}

/// The same for the admin command, which asks a child of its own for more than the hook does.
#[cfg(feature = "admin")]
pub fn answer_to_admin(arguments: &[OsString]) -> Option<String> {
    answer(arguments)
        .or_else(|| processes::clients::answer(arguments))
        .or_else(|| processes::storage::answer(arguments))
}

/// Starts this program as a child with an option, and returns its answer; `None` if it did not answer in time.
///
/// One that has said all that it had to say and cannot end has answered: a thread of it may wait for ever.
///
/// The child reads nothing. What it has as its standard input is only kept open, for as long as it lives.
pub(super) fn ask(
    arguments: &[&OsStr],
    stdin: Stdio,
    deadline: Deadline,
) -> Result<Option<String>, StartError> {
    match program::run_with_stdin(Path::new(SELF), arguments, stdin, deadline)? {
        Run { end: End::TimedOut { .. }, output } if !output.ends_with(b"\n") => Ok(None),
        Run { output, .. } => Ok(Some(String::from_utf8_lossy(&output).trim_end().to_owned())),
    }
}
