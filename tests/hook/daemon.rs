//! A libvirt daemon, as far as the hook knows one: the process that calls it, outlives it and can die.

use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use nix::unistd::Pid;

use crate::ground::{Ground, Guest, HOOK};

/// Calls the hook for one guest whenever it reads an operation, and answers with the exit status.
const CALL_WHEN_ASKED: &str = r#"
while read -r operation sub; do
    "$0" "$1" "$operation" "$sub" - <"$2" >/dev/null 2>"$3"
    echo $?
done
"#;

/// The daemon. It dies with its value.
pub(crate) struct Daemon {
    shell: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
    said: PathBuf,
}

impl Daemon {
    /// Starts a daemon that has one guest.
    pub(crate) fn start(ground: &Ground, guest: &Guest) -> Self {
        let xml: PathBuf = ground.path(&format!("{}.xml", guest.name));
        fs::write(&xml, guest.xml()).expect("written");
        let said = ground.path(&format!("{}.stderr", guest.name));
        let mut shell = Command::new("/bin/sh")
            .args(["-c", CALL_WHEN_ASKED, HOOK, &guest.name])
            .arg(xml)
            .arg(&said)
            .env_clear()
            .env("VIRT_QUOBYTE_CONFIG", ground.path("config.toml"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .current_dir("/")
            .spawn()
            .expect("there is a sh");
        let questions = shell.stdin.take().expect("a pipe");
        let answers = BufReader::new(shell.stdout.take().expect("a pipe"));
        Self { shell, questions, answers, said }
    }

    /// It dies, and another one has the guest.
    pub(crate) fn successor(self, ground: &Ground, guest: &Guest) -> Self {
        drop(self);
        Self::start(ground, guest)
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_raw(self.shell.id().cast_signed())
    }

    /// Begins a call of the hook.
    pub(crate) fn begin(&mut self, operation: &str) {
        let sub = if operation == "release" { "end" } else { "begin" };
        writeln!(self.questions, "{operation} {sub}").expect("the daemon listens");
    }

    /// Waits for the end of a call, and returns the exit status as a shell has it.
    pub(crate) fn end(&mut self) -> u8 {
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("the daemon answers");
        answer.trim_end().parse().expect("a number")
    }

    /// A call that goes well.
    #[track_caller]
    pub(crate) fn calls(&mut self, operation: &str) {
        self.begin(operation);
        let status = self.end();
        let said = fs::read_to_string(&self.said).expect("UTF-8");
        assert!(status == 0 && said.is_empty(), "{operation}: status {status}, {said}");
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Waited for as well: a process that nobody waited for still looks alive in /proc.
        self.shell.kill().and_then(|()| self.shell.wait()).expect("it can be killed");
    }
}
