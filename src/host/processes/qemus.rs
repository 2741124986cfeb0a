//! Which domains have a QEMU, from the processes' arguments: libvirt starts each with `-uuid UUID`.

use std::io;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::patience::Lookers;
use super::{LookError, all, arguments, ask};
use crate::host::deadline::Deadline;

/// Whether a domain has a QEMU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Qemu {
    /// It has.
    Lives,
    /// It has none.
    None,
    /// No process that could be looked at is one, and some could not be.
    Unknown,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Question {
    uuids: Vec<String>,
}

/// So many domains' UUIDs fit into the arguments of one child, and the answers into what is kept of its output.
const AT_ONCE: usize = 1000;

/// Whether each of these domains, named by UUID, has a QEMU. What is not known by the deadline is said to be unknown.
pub fn of_domains(uuids: &[String], deadline: Deadline) -> Result<Vec<Qemu>, LookError> {
    let mut all = Vec::with_capacity(uuids.len());
    for uuids in uuids.chunks(AT_ONCE) {
        let question = super::Question::Qemus(Question { uuids: uuids.to_vec() });
        let found: Option<Vec<Qemu>> = ask(question, deadline)?;
        let found = found.filter(|found| found.len() == uuids.len());
        all.extend(found.unwrap_or_else(|| vec![Qemu::Unknown; uuids.len()]));
    }
    Ok(all)
}

pub(super) fn answer(question: &Question, deadline: Deadline) -> io::Result<Vec<Qemu>> {
    let uuids = Arc::new(question.uuids.clone());
    let wanted = Arc::clone(&uuids);
    let look = move |pid| {
        let line = arguments::of(pid);
        wanted.iter().position(|uuid| names_uuid(&line, uuid))
    };
    let mut lookers = Lookers::new(look);
    let shown = lookers.look_at(all()?, deadline);
    let otherwise = if lookers.into_silent().is_empty() { Qemu::None } else { Qemu::Unknown };
    let mut answers = vec![otherwise; uuids.len()];
    for at in shown.into_iter().filter_map(|(_, at)| at) {
        answers[at] = Qemu::Lives;
    }
    Ok(answers)
}

pub(super) fn names_uuid(command_line: &[u8], uuid: &str) -> bool {
    let mut arguments = command_line.split(|&b| b == 0);
    arguments.any(|argument| argument == b"-uuid")
        && arguments.next().is_some_and(|value| value.eq_ignore_ascii_case(uuid.as_bytes()))
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_qemu_is_known_by_its_uuid_argument_only() {
        let uuid = "4dea22b3-1d52-d8f3-2516-782e98ab3fa0";
        for (line, is) in [
            ("qemu|-name|x|-uuid|4dea22b3-1d52-d8f3-2516-782e98ab3fa0|-S|", true),
            ("qemu|-uuid|4DEA22B3-1D52-D8F3-2516-782E98AB3FA0|", true),
            ("qemu|-name|4dea22b3-1d52-d8f3-2516-782e98ab3fa0|", false),
            ("qemu|-uuid|", false),
            ("", false),
        ] {
            assert_eq!(names_uuid(line.replace('|', "\0").as_bytes(), uuid), is, "{line:?}");
        }
    }

    #[test]
    fn each_domain_is_answered_for_in_its_place() {
        let uuid =
            |n: u32| format!("00000000-0000-4000-9000-{:06}{n:06}", std::process::id() % 1_000_000);
        let mut qemu = Command::new("/bin/sh")
            .args(["-c", "read never", "qemu", "-uuid", &uuid(2)])
            .stdin(Stdio::piped())
            .spawn()
            .expect("there is a sh");
        let question = Question { uuids: vec![uuid(1), uuid(2), uuid(3)] };
        let answers = answer(&question, Deadline::after(Duration::from_secs(20)));
        qemu.kill().and_then(|()| qemu.wait()).expect("it can be killed");
        assert_eq!(answers.expect("a /proc"), [Qemu::None, Qemu::Lives, Qemu::None]);
    }
}
