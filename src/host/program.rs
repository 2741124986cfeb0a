//! Runs a program with a deadline, and keeps the little that it says.
//!
//! What a child writes goes into a sealed memory file, not into a pipe: a client that daemonises and keeps its standard
//! output is never waited for, never gets SIGPIPE when we are gone, and cannot make us keep more than the file holds.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::deadline::Deadline;
use super::sys;

/// The directories where programs are looked for, in this order. The environment's PATH has no say.
const DIRECTORIES: &[&str] =
    &["/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/local/bin", "/usr/local/sbin"];

/// How much of a program's output is kept, stdout and stderr together: more than any message, less than would hurt.
pub(super) const OUTPUT_ROOM: u64 = 64 * 1024;

/// What a descriptor of such output shows as, in a process that has kept it.
#[cfg(feature = "admin")]
pub(super) const OUTPUT_LINK: &str = "/memfd:output";

/// How long a killed child is waited for. One that sits in an uninterruptible sleep is left behind.
const AFTER_KILL: Duration = Duration::from_millis(200);

/// A program that has been started and has ended, or has not.
#[derive(Debug)]
pub struct Run {
    /// How it ended.
    pub end: End,
    /// What it wrote, up to a bound. Text of a stranger: [`Run::tail`] makes it fit for a message.
    pub output: Vec<u8>,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// By itself.
    Exited(ExitStatus),
    /// It did not, and its process group was killed.
    TimedOut {
        /// How long it was waited for.
        waited: Duration,
    },
}

/// A program that could not be started.
#[derive(Debug, thiserror::Error)]
#[error("cannot run {}: {source}", program.display())]
pub struct StartError {
    /// The program.
    pub program: PathBuf,
    /// Why.
    pub source: io::Error,
}

/// Looks a program up in the fixed list of directories.
pub fn find(name: &str) -> Option<PathBuf> {
    DIRECTORIES.iter().map(|directory| Path::new(directory).join(name)).find(|path| path.is_file())
}

/// Where [`find`] looks, for messages.
pub fn searched() -> String {
    DIRECTORIES.join(", ")
}

/// Runs a program to its end, or to the deadline, with an empty standard input.
pub fn run<S: AsRef<OsStr>>(
    program: &Path,
    arguments: &[S],
    deadline: Deadline,
) -> Result<Run, StartError> {
    run_with_stdin(program, arguments, Stdio::null(), deadline)
}

/// The same with a standard input.
pub(super) fn run_with_stdin<S: AsRef<OsStr>>(
    program: &Path,
    arguments: &[S],
    stdin: Stdio,
    deadline: Deadline,
) -> Result<Run, StartError> {
    let failed = |source| StartError { program: program.to_owned(), source };
    let output = sealed_memory().map_err(|errno| failed(errno.into()))?;
    let write_end = || output.try_clone().map(Stdio::from);
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("LC_ALL", "C")
        .env("HOME", "/root")
        // Its own group, so that a timeout ends what it started too, and a signal to libvirtd's group does not.
        .process_group(0)
        .stdin(stdin)
        .stdout(write_end().map_err(failed)?)
        .stderr(write_end().map_err(failed)?);
    in_root_directory(&mut command);
    let mut child = command.spawn().map_err(failed)?;
    let end = wait(&mut child, deadline).map_err(failed)?;
    Ok(Run { end, output: written(&output.into()).map_err(failed)? })
}

/// Has a program begin in `/`, so that it keeps no other file system from being unmounted.
///
/// Where this process is there already, as the hook is, nothing is said of it: a program that is linked statically has no
/// `posix_spawn` that changes the directory, for std names that one weakly, and a copy of the whole process takes its place.
pub(super) fn in_root_directory(command: &mut Command) {
    let root = Path::new("/");
    if !std::env::current_dir().is_ok_and(|here| here == root) {
        command.current_dir(root);
    }
}

/// A file in memory whose size is sealed: what does not fit is refused to the writer with EPERM.
fn sealed_memory() -> nix::Result<OwnedFd> {
    let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
    let file = memfd_create(c"output", flags)?;
    nix::unistd::ftruncate(&file, OUTPUT_ROOM.cast_signed())?;
    let seals = SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_SEAL;
    fcntl(&file, FcntlArg::F_ADD_SEALS(seals))?;
    Ok(file)
}

/// What was written into the memory file: writers share one offset, so it is all before the first byte never touched.
fn written(file: &File) -> io::Result<Vec<u8>> {
    use std::io::Seek;
    let mut shared: &File = file;
    let length = shared.stream_position()?.min(OUTPUT_ROOM);
    let mut output = vec![0; usize::try_from(length).unwrap_or_default()];
    file.read_exact_at(&mut output, 0)?;
    Ok(output)
}

fn wait(child: &mut Child, deadline: Deadline) -> io::Result<End> {
    let ended = sys::pidfd(child.id())?;
    if readable(&ended, deadline)? {
        return Ok(End::Exited(child.wait()?));
    }
    let waited = deadline.length();
    // The child is not reaped yet, so its number, which is its group's, cannot belong to anybody else.
    let group = Pid::from_raw(child.id().cast_signed());
    let _gone_meanwhile = killpg(group, Signal::SIGKILL);
    if readable(&ended, Deadline::after(AFTER_KILL))? {
        child.wait()?;
    }
    Ok(End::TimedOut { waited })
}

/// Waits until a descriptor is readable; says no when the deadline is over.
pub(super) fn readable(fd: &impl AsFd, deadline: Deadline) -> io::Result<bool> {
    loop {
        // One millisecond more than is left, rounded down: never a busy loop at the end.
        let left = i32::try_from(deadline.left().as_millis()).unwrap_or(i32::MAX - 1) + 1;
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        match poll(&mut [PollFd::new(fd.as_fd(), PollFlags::POLLIN)], timeout) {
            Ok(0) if deadline.is_over() => return Ok(false),
            Ok(0) | Err(Errno::EINTR) => {}
            Ok(_) => return Ok(true),
            Err(errno) => return Err(errno.into()),
        }
    }
}

impl Run {
    /// Whether it ended by itself with status 0.
    pub fn succeeded(&self) -> bool {
        matches!(self.end, End::Exited(status) if status.success())
    }

    /// The first line that says anything, as far as a page has room for it. Text of a stranger still.
    #[cfg(feature = "admin")]
    pub fn first_line(&self) -> Option<String> {
        const ROOM: usize = 120;
        let text = String::from_utf8_lossy(&self.output);
        let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
        Some(line.chars().take(ROOM).collect())
    }

    /// The end of what it wrote, in one line and escaped: `None` if it wrote nothing.
    pub fn tail(&self) -> Option<String> {
        const ROOM: usize = 400;
        let text = String::from_utf8_lossy(&self.output);
        let lines: Vec<&str> =
            text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let text = lines.join("; ");
        let text = match text.char_indices().rev().nth(ROOM) {
            Some((at, c)) => format!("...{}", &text[at + c.len_utf8()..]),
            None => text,
        };
        (!text.is_empty()).then(|| text.escape_debug().to_string())
    }
}

impl End {
    /// Whether it ended as a shell and the loader do where a program cannot be run or a library of it is missing.
    #[cfg(feature = "admin")]
    pub fn is_not_loaded(&self) -> bool {
        matches!(self, Self::Exited(status) if matches!(status.code(), Some(126 | 127)))
    }
}

/// "exited with status 4", "was killed by signal 9", "did not return within 60s".
impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        use std::os::unix::process::ExitStatusExt;
        match self {
            Self::TimedOut { waited } => write!(f, "did not return within {waited:?}"),
            Self::Exited(status) => match (status.code(), status.signal()) {
                (Some(code), _) => write!(f, "exited with status {code}"),
                (None, Some(signal)) => write!(f, "was killed by signal {signal}"),
                (None, None) => write!(f, "ended: {status}"),
            },
        }
    }
}

/// A list of arguments from texts of several kinds.
pub fn arguments<const N: usize>(texts: [&OsStr; N]) -> Vec<OsString> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, deadline: Duration) -> Run {
        run(Path::new("/bin/sh"), &["-c", script], Deadline::after(deadline))
            .expect("there is a sh")
    }

    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn both_outputs_are_kept_in_their_order_and_the_status_too() {
        let run = shell("echo out; echo err >&2; echo more; exit 4", LONG);
        assert_eq!(run.tail().as_deref(), Some("out; err; more"));
        assert_eq!(run.end.to_string(), "exited with status 4");
        assert!(!run.succeeded());
        assert_eq!(shell("kill -9 $$", LONG).end.to_string(), "was killed by signal 9");
        assert_eq!(shell("", LONG).tail(), None);
    }

    #[test]
    fn a_daemon_that_keeps_the_outputs_open_is_not_waited_for_and_lives_on() {
        let begun = std::time::Instant::now();
        // The daemon writes after we are done with it; with a pipe that would have been its end.
        let run = shell("(sleep 0.3; echo late; exec sleep 0.3) & echo $!", LONG);
        assert!(begun.elapsed() < Duration::from_millis(250), "waited {:?}", begun.elapsed());
        let pid = run.tail().expect("it printed its daemon's pid");
        std::thread::sleep(Duration::from_millis(400));
        assert!(Path::new("/proc").join(&pid).exists(), "the daemon {pid} died");
    }

    #[test]
    fn output_without_end_is_cut_and_harms_nobody() {
        let run = shell("head -c 1000000 /dev/zero | tr '\\0' x; echo done", LONG);
        assert!(run.output.len() as u64 <= OUTPUT_ROOM);
        assert!(run.tail().expect("something").len() < 500);
    }

    #[test]
    fn a_group_that_does_not_end_is_killed_at_the_deadline() {
        let run = shell("sleep 60 & echo $!; wait", Duration::from_millis(100));
        assert_eq!(run.end, End::TimedOut { waited: Duration::from_millis(100) });
        let pid = run.tail().expect("it printed its child's pid");
        let state = || std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let gone = (0..100).any(|_| {
            std::thread::sleep(Duration::from_millis(10));
            state().is_empty() || state().contains(") Z ")
        });
        assert!(gone, "the child of the killed group lives: {}", state());
    }

    #[test]
    fn the_environment_is_ours_and_stdin_is_empty() {
        let run = shell("cat; env | sort | tr '\\n' ' '; pwd", LONG);
        assert_eq!(
            run.tail().as_deref(),
            Some("HOME=/root LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin PWD=/ /")
        );
    }

    #[test]
    fn what_a_stranger_writes_cannot_steer_a_terminal() {
        let run = shell(r"printf 'a\033[2Jb\377\n\n  c\r\n'", LONG);
        assert_eq!(run.tail().as_deref(), Some("a\\u{1b}[2Jb\u{fffd}; c"));
    }
}
