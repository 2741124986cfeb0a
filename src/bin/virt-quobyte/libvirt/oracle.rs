//! Asks libvirt whether it would take a domain, without one being defined on the host.
//!
//! Decides who is asked: the libvirt of a URI if one is given; else the QEMU driver in a temporary root; else, where that cannot
//! judge this domain on this machine, the test driver. libvirt runs in a child, since its drivers can hang and start programs: one
//! that does not answer in time is killed, with what it started.

use std::fs::{self, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use tempfile::TempDir;
use virt_quobyte::domain::Domain;

use super::judge::{Answer, OPTION, Of, Question};
use super::verdict::{Judge, Verdict};

/// The first question starts each emulator once, to learn what it can do: well under a second each, unless the machine is busy.
const DEADLINE: Duration = Duration::from_secs(30);

/// How long a child that is to end may take.
const ENDING: Duration = Duration::from_secs(5);

/// A child that can be asked; started with the first question.
#[derive(Debug)]
pub(crate) struct Oracle {
    /// This program.
    program: PathBuf,
    uri: Option<String>,
    deadline: Duration,
    child: Option<Asked>,
    /// Why the QEMU driver, or anybody, is not asked any more.
    no_qemu: Option<String>,
    no_child: Option<String>,
}

impl Oracle {
    /// Of the libvirt at `uri`, or of the drivers that are installed here.
    pub(crate) fn of(uri: Option<&str>) -> Self {
        Self {
            program: "/proc/self/exe".into(),
            uri: uri.map(str::to_owned),
            deadline: DEADLINE,
            child: None,
            no_qemu: None,
            no_child: None,
        }
    }

    /// Whether libvirt would take the domain that was read from `xml`.
    pub(crate) fn ask(&mut self, xml: &str, domain: &Domain) -> Verdict {
        if let Some(uri) = self.uri.clone() {
            return verdict(self.question(Of::At(uri.clone()), xml), Judge::At(uri));
        }
        if self.no_qemu.is_none() {
            match stranger(domain) {
                Some(because) => {
                    return verdict(self.question(Of::Test, xml), Judge::Test { because });
                }
                None => match self.question(Of::Qemu, xml) {
                    Ok(Answer::Nobody(why)) => self.no_qemu = Some(why),
                    answer => return verdict(answer, Judge::Qemu),
                },
            }
        }
        let because =
            format!("it cannot be used here: {}", self.no_qemu.clone().unwrap_or_default());
        verdict(self.question(Of::Test, xml), Judge::Test { because })
    }

    fn question(&mut self, of: Of, xml: &str) -> Result<Answer, String> {
        if let Some(why) = &self.no_child {
            return Err(why.clone());
        }
        let child = match self.child.take() {
            Some(child) => Ok(child),
            None => Asked::start(&self.program)
                .map_err(|error| format!("cannot start a process for libvirt: {error}")),
        };
        let answer = child.and_then(|mut child| {
            let answer = child.ask(&Question { of, xml: xml.to_owned() }, self.deadline)?;
            self.child = Some(child);
            Ok(answer)
        });
        self.no_child = answer.as_ref().err().cloned();
        answer
    }
}

fn verdict(answer: Result<Answer, String>, by: Judge) -> Verdict {
    match answer {
        Ok(Answer::Accepted) => Verdict::Accepted(by),
        Ok(Answer::Refused(message)) => Verdict::Refused { by, message },
        Ok(Answer::Nobody(why)) => Verdict::NotAsked { why: format!("{by}: {why}") },
        Err(why) => Verdict::NotAsked { why },
    }
}

/// Why the QEMU driver of this machine would refuse the domain whatever is written in it, if so.
fn stranger(domain: &Domain) -> Option<String> {
    let kind = domain.kind.as_ref().map_or("", |kind| kind.value.as_str());
    match kind {
        // It would say that the emulator does not support this.
        "kvm" if OpenOptions::new().read(true).write(true).open("/dev/kvm").is_err() => {
            return Some("/dev/kvm cannot be used here and this guest wants KVM".to_owned());
        }
        "kvm" | "qemu" | "" => {}
        other => return Some(format!("this is a guest for {}", other.escape_debug())),
    }
    let emulator = domain.paths.iter().find(|path| path.place.to_string() == "devices/emulator")?;
    (!Path::new(&emulator.path).exists())
        .then(|| format!("there is no {} here", emulator.path.escape_debug()))
}

/// A child that runs, and its root.
#[derive(Debug)]
struct Asked {
    child: Child,
    questions: Option<ChildStdin>,
    answers: Receiver<io::Result<String>>,
    root: TempDir,
}

impl Asked {
    fn start(program: &Path) -> io::Result<Self> {
        let root = tempfile::Builder::new().prefix("virt-quobyte-libvirt-").tempdir()?;
        let mut child = Command::new(program)
            .arg(OPTION)
            .arg(root.path())
            // What libvirt says is shown as it is, so it is not to depend on who asks.
            .env("LC_ALL", "C")
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // A Ctrl-C ends this process; the child sees the end of its input and tidies up.
            .process_group(0)
            .spawn()?;
        let questions = child.stdin.take();
        let output = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let (give, answers) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines() {
                if give.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Self { child, questions, answers, root })
    }

    fn ask(&mut self, question: &Question, deadline: Duration) -> Result<Answer, String> {
        let told =
            |error: &dyn std::error::Error| format!("the process for libvirt failed: {error}");
        let mut line = serde_json::to_string(question).map_err(|error| told(&error))?;
        line.push('\n');
        if let Some(questions) = &mut self.questions {
            questions.write_all(line.as_bytes()).map_err(|error| told(&error))?;
        }
        match self.answers.recv_timeout(deadline) {
            Ok(Ok(line)) => serde_json::from_str(&line).map_err(|error| told(&error)),
            Ok(Err(error)) => Err(told(&error)),
            Err(RecvTimeoutError::Disconnected) => {
                Err("libvirt ended the process that it was asked in".to_owned())
            }
            Err(RecvTimeoutError::Timeout) => {
                self.end_now();
                Err(format!("libvirt did not answer within {deadline:?}"))
            }
        }
    }

    /// Kills the child and the emulators that it was looking at, which are in sessions of their own.
    fn end_now(&mut self) {
        let _ended_already = killpg(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGKILL);
        for pid in emulators_of(self.root.path()) {
            let _ended_already = kill(pid, Signal::SIGKILL);
        }
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.questions = None;
        let late = Instant::now() + ENDING;
        while let Ok(None) = self.child.try_wait() {
            if Instant::now() > late {
                self.end_now();
                let _reaped_or_left_behind = self.child.try_wait();
                return;
            }
            thread::sleep(Duration::from_millis(2));
        }
    }
}

/// The processes on whose command line the root stands.
fn emulators_of(root: &Path) -> Vec<Pid> {
    let root = root.as_os_str().as_encoded_bytes();
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let numbers = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    numbers
        .filter(|&number: &i32| number.cast_unsigned() != std::process::id())
        .filter(|number| {
            fs::read(format!("/proc/{number}/cmdline"))
                .is_ok_and(|line| line.windows(root.len()).any(|part| part == root))
        })
        .map(Pid::from_raw)
        .collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const XML: &str = "<domain type='qemu'><name>n</name></domain>";

    /// What an oracle says whose child is this shell script, with the root as `$2`.
    fn asked(script: &str, questions: usize) -> (Vec<Verdict>, Duration) {
        let place = tempfile::tempdir().expect("a directory");
        let program = place.path().join("child");
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("written");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("executable");
        let mut oracle =
            Oracle { program, deadline: Duration::from_millis(500), ..Oracle::of(None) };
        let begun = Instant::now();
        let domain = virt_quobyte::domain::read(XML.as_bytes()).expect("a domain");
        let verdicts = (0..questions).map(|_| oracle.ask(XML, &domain)).collect();
        (verdicts, begun.elapsed())
    }

    fn not_asked(why: &str) -> Verdict {
        Verdict::NotAsked { why: why.to_owned() }
    }

    #[test]
    fn each_answer_is_a_verdict_of_who_gave_it() {
        let (verdicts, _) = asked(
            r#"read -r question; case $question in '{"of":"qemu",'*) echo '"accepted"';; esac
            read -r question; echo '{"refused":"no such bus"}'
            read -r question"#,
            2,
        );
        let refused = Verdict::Refused { by: Judge::Qemu, message: "no such bus".to_owned() };
        assert_eq!(verdicts, [Verdict::Accepted(Judge::Qemu), refused]);
    }

    #[test]
    fn where_there_is_no_qemu_driver_the_test_driver_is_asked_and_its_verdict_says_so() {
        let (verdicts, _) = asked(
            r#"while read -r question; do case $question in
            '{"of":"qemu",'*) [ -z "$once" ] && once=1 && echo '{"nobody":"no connection driver"}';;
            '{"of":"test",'*) echo '"accepted"';;
            esac; done"#,
            2,
        );
        let by = Judge::Test { because: "it cannot be used here: no connection driver".to_owned() };
        assert_eq!(verdicts, [Verdict::Accepted(by.clone()), Verdict::Accepted(by.clone())]);
        assert_eq!(
            by.to_string(),
            "libvirt's parser, without its QEMU driver because it cannot be used here: no connection driver"
        );
    }

    #[test]
    fn a_child_that_hangs_is_killed_at_the_deadline_with_its_emulators_and_not_asked_again() {
        // In a session of its own, as libvirt starts an emulator; the root is on its command line.
        let note = tempfile::NamedTempFile::new().expect("a file");
        let (verdicts, took) = asked(
            &format!(
                r#"echo "$2" >{}
                setsid sh -c 'sleep 60; : "$1"' emulator "$2" </dev/null >/dev/null 2>&1 &
                sleep 60"#,
                note.path().display()
            ),
            2,
        );
        let late = not_asked("libvirt did not answer within 500ms");
        assert_eq!(verdicts, [late.clone(), late]);
        assert!(took < Duration::from_secs(5), "{took:?}");
        let root = fs::read_to_string(note.path()).expect("the child was started");
        let root = Path::new(root.trim());
        assert!(!root.exists(), "{} is left", root.display());
        // Killed, and then for somebody else to reap.
        let begun = Instant::now();
        while !emulators_of(root).is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(5), "the emulator is left");
            thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    fn a_child_that_dies_or_talks_nonsense_is_no_verdict() {
        let (verdicts, _) = asked("exit 1", 1);
        assert!(matches!(&verdicts[..], [Verdict::NotAsked { .. }]), "{verdicts:?}");
        let (verdicts, _) = asked("read -r question; kill -9 $$", 1);
        assert_eq!(verdicts, [not_asked("libvirt ended the process that it was asked in")]);
        let (verdicts, _) = asked("read -r question; echo yes", 1);
        assert!(matches!(&verdicts[..], [Verdict::NotAsked { .. }]), "{verdicts:?}");
    }

    #[test]
    fn a_guest_that_this_machine_could_not_run_anyway_is_for_the_test_driver() {
        let why =
            |xml: &str| stranger(&virt_quobyte::domain::read(xml.as_bytes()).expect("a domain"));
        assert_eq!(why(XML), None);
        assert_eq!(
            why("<domain type='xen'><name>n</name></domain>").as_deref(),
            Some("this is a guest for xen")
        );
        let emulator = |path| {
            format!(
                "<domain type='qemu'><name>n</name><devices><emulator>{path}</emulator></devices></domain>"
            )
        };
        assert_eq!(why(&emulator("/bin/sh")), None);
        assert_eq!(why(&emulator("/no/qemu")).as_deref(), Some("there is no /no/qemu here"));
    }
}
