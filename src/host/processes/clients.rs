//! Which processes were started with certain arguments, and which program each of them runs: that is how a client that went to
//! the background is found again.
//!
//! Only the admin command asks this, with an option of its own, so that the hook need not know the answer.
//!
//! Anybody may start a program with a client's arguments, and this program is run again to say its version. So only processes count
//! that are whoever asks in all respects, and whose files are the same: a container's root is root, with programs of its own.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use nix::unistd::Uid;
use serde::{Deserialize, Serialize};

use super::ending::names_arguments;
use super::patience::Lookers;
use super::{Asked, LookError, all, arguments, ask_as, spell};
use crate::host::deadline::Deadline;
use crate::host::process;

/// The option that makes the admin command look for clients: with one operand, the question as JSON.
const OPTION: &str = "--look-at-clients";

/// A client that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// Its process id.
    pub pid: u32,
    /// When it was started: a later process with its number has another one.
    pub started: u64,
    /// The program that it runs, where that lay when it was started.
    pub program: PathBuf,
    /// Whether that is what lies there.
    pub replaced: Replaced,
}

/// Whether a program that runs was replaced or removed since it was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Replaced {
    /// It is the one that is installed.
    No,
    /// Another one is, or none.
    Yes,
}

#[derive(Debug, Serialize, Deserialize)]
struct Question {
    wanted: Vec<Vec<String>>,
}

/// So many clients' arguments fit into the operand of one child, and the answers into what is kept of its output.
const AT_ONCE: usize = 12;

/// For each of these runs of arguments the process that was started with it. One that is not found by the deadline, or cannot be
/// looked at, is not told.
pub(in crate::host) fn started_with(
    wanted: &[Vec<String>],
    deadline: Deadline,
) -> Result<Vec<Option<Client>>, LookError> {
    let mut all = Vec::with_capacity(wanted.len());
    for wanted in wanted.chunks(AT_ONCE) {
        let question = Question { wanted: wanted.to_vec() };
        let found: Option<Vec<Option<Client>>> = ask_as(OPTION, question, deadline)?;
        let found = found.filter(|found| found.len() == wanted.len());
        all.extend(found.unwrap_or_else(|| vec![None; wanted.len()]));
    }
    Ok(all)
}

/// Looks, in the process that calls: only a child may. `None` if it was asked something else.
pub(in crate::host) fn answer(asked: &[OsString]) -> Option<String> {
    let [option, operand] = asked else { return None };
    if *option != OPTION {
        return None;
    }
    let Asked::<Question> { question, within } = serde_json::from_str(operand.to_str()?).ok()?;
    spell(&look(question, Deadline::after(within)))
}

fn look(question: Question, deadline: Deadline) -> io::Result<Vec<Option<Client>>> {
    let mut clients = vec![None; question.wanted.len()];
    let wanted = Arc::new(question.wanted);
    let mut lookers = Lookers::new(move |pid| {
        let line = arguments::of(pid);
        let at = wanted.iter().position(|wanted| names_arguments(&line, wanted))?;
        Some((at, client(pid)?))
    });
    for (at, client) in lookers.look_at(all()?, deadline).into_iter().filter_map(|(_, it)| it) {
        // One that goes to the background is there twice for a moment; what stays is the younger.
        let known: &mut Option<Client> = &mut clients[at];
        if known.as_ref().is_none_or(|known| known.pid < client.pid) {
            *known = Some(client);
        }
    }
    Ok(clients)
}

/// proc(5): the link of a program whose file is gone ends with this.
const GONE: &str = " (deleted)";

fn client(pid: u32) -> Option<Client> {
    // First of all: what is looked at from here on is this process, or whoever reads the start time anew finds another one.
    let started = process::start_time(pid)?;
    if !is_ours(pid) {
        return None;
    }
    let program = fs::read_link(format!("/proc/{pid}/exe")).ok()?;
    let known = program.to_string_lossy();
    Some(match known.strip_suffix(GONE) {
        Some(was) => Client { pid, started, program: was.into(), replaced: Replaced::Yes },
        None => Client { pid, started, program: known.as_ref().into(), replaced: Replaced::No },
    })
}

/// Whether a process is of our own user, with all four of its ids, and sees the same mounts.
fn is_ours(pid: u32) -> bool {
    let ours = Uid::effective().to_string();
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let ids = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    let mounts = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/mnt")).ok();
    ids.is_some_and(|ids| ids.split_whitespace().all(|id| id == ours))
        && mounts("thread-self").is_some_and(|own| mounts(&pid.to_string()) == Some(own))
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};
    use std::time::Duration;

    use super::*;

    #[test]
    fn each_run_of_arguments_is_answered_for_in_its_place_and_a_program_that_is_gone_is_told() {
        let directory = tempfile::tempdir().expect("a tempdir");
        let program = directory.path().join("client");
        // By another process, as one that somebody has open for writing cannot be run.
        assert!(Command::new("cp").arg("/bin/sh").arg(&program).status().expect("cp").success());
        let mark = format!("clients-{}", std::process::id());
        let mut client = Command::new(&program)
            .args(["-c", "read never", "x", &mark, "y"])
            .stdin(Stdio::piped())
            .spawn()
            .expect("it was just copied");
        let wanted = |last: &str| vec![mark.clone(), last.to_owned()];
        let ask = || {
            let question = Question { wanted: vec![wanted("x"), wanted("y")] };
            look(question, Deadline::after(Duration::from_secs(20))).expect("a readable /proc")
        };
        let expected = |replaced| {
            let program = program.clone();
            let started = process::start_time(client.id()).expect("it runs");
            vec![None, Some(Client { pid: client.id(), started, program, replaced })]
        };
        assert_eq!(ask(), expected(Replaced::No));
        fs::remove_file(&program).expect("removed");
        assert_eq!(ask(), expected(Replaced::Yes));
        client.kill().and_then(|()| client.wait()).expect("it can be killed");
    }

    #[test]
    fn a_program_that_somebody_else_started_with_a_clients_arguments_is_no_client() {
        if !Uid::effective().is_root() {
            println!("skipped: only root can start a process of somebody else");
            return;
        }
        let mark = format!("strangers-{}", std::process::id());
        for (uid, found) in [(0, true), (65_534, false)] {
            let mut stranger = Command::new("/bin/sh")
                .args(["-c", "read never", "x", &mark])
                .stdin(Stdio::piped())
                .uid(uid)
                .spawn()
                .expect("there is a sh");
            let question = Question { wanted: vec![vec![mark.clone()]] };
            let clients = look(question, Deadline::after(Duration::from_secs(20)));
            assert_eq!(clients.expect("a readable /proc")[0].is_some(), found, "uid {uid}");
            stranger.kill().and_then(|()| stranger.wait()).expect("it can be killed");
        }
    }

    #[test]
    fn the_longest_question_there_is_fits_into_one_operand() {
        const MAX_ARG_STRLEN: usize = 128 << 10;
        // The longest export and mount point that are taken; a character of theirs can become two in JSON.
        let longest = ["--disable-xattrs", &"\\".repeat(1024), &"\\".repeat(4000)];
        let wanted = vec![longest.map(str::to_owned).to_vec(); AT_ONCE];
        let asked = Asked { question: Question { wanted }, within: Duration::from_secs(1) };
        let operand = serde_json::to_string(&asked).expect("JSON");
        assert!(operand.len() < MAX_ARG_STRLEN, "{}", operand.len());
    }
}
