//! The admin command at a terminal: what it shows there, and what is typed.

use std::fs::File;
use std::io::{Read, Write as _};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};

use crate::ground::Ground;

/// The command on this ground, not started yet.
fn admin(ground: &Ground, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_virt-quobyte"));
    command.args(arguments).env("VIRT_QUOBYTE_CONFIG", ground.path("config.toml"));
    command
}

/// What a command shows whose stderr is a terminal, and what it prints.
pub(crate) fn shown_and_printed(ground: &Ground, arguments: &[&str]) -> (String, String) {
    let terminal = nix::pty::openpty(None, None).expect("a pseudoterminal");
    let mut child = admin(ground, arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::from(terminal.slave))
        .spawn()
        .expect("it starts");
    let shown = std::thread::spawn(move || conversation(terminal.master, None));
    let mut printed = String::new();
    let mut stdout = child.stdout.take().expect("a pipe");
    stdout.read_to_string(&mut printed).expect("UTF-8");
    assert!(child.wait().expect("it ends").success(), "{printed}");
    (shown.join().expect("it reads"), printed)
}

/// The exit status of a command that somebody runs at a terminal, and all that is to be read there. Where it ends in `question`,
/// `answer` is typed.
pub(crate) fn asked(
    ground: &Ground,
    arguments: &[&str],
    question: &str,
    answer: &str,
) -> (i32, String) {
    let terminal = nix::pty::openpty(None, None).expect("a pseudoterminal");
    let slave = || Stdio::from(terminal.slave.try_clone().expect("a descriptor"));
    let mut child = admin(ground, arguments)
        .stdin(slave())
        .stdout(slave())
        .stderr(slave())
        .spawn()
        .expect("it starts");
    drop(terminal.slave);
    let text = conversation(terminal.master, Some((question, answer)));
    (child.wait().expect("it ends").code().expect("no signal"), text)
}

/// Everything, until the last one has closed the other end: the kernel then says EIO.
fn conversation(master: OwnedFd, mut to_say: Option<(&str, &str)>) -> String {
    let (mut master, mut all, mut piece) = (File::from(master), Vec::new(), [0; 4096]);
    while let Ok(length @ 1..) = master.read(&mut piece) {
        all.extend_from_slice(&piece[..length]);
        if let Some((_, answer)) =
            to_say.take_if(|(question, _)| all.ends_with(question.as_bytes()))
        {
            master.write_all(answer.as_bytes()).expect("somebody listens");
        }
    }
    String::from_utf8(all).expect("UTF-8")
}
