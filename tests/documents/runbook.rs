//! The runbook has every message that tells an operator of a failure, and no other.

use std::fs;

use crate::literals::{self, Literal};
use crate::pattern::{Pattern, Vocabulary};
use crate::{document, fenced, root, sources};

/// Where failures are told. What XML is malformed is not among them: libvirt writes what the hook reads, and `lint` shows the place.
const ROOMS: [&str; 24] = [
    "apply.rs",
    "attempt",
    "bin/virt-quobyte/cli/around.rs",
    "bin/virt-quobyte/cli/attach.rs",
    "bin/virt-quobyte/cli/detach.rs",
    "bin/virt-quobyte/cli/hot_plug",
    "bin/virt-quobyte/cli/recover",
    "bin/virt-quobyte/cli/renew.rs",
    "bin/virt-quobyte/cli/watch.rs",
    "config",
    "domain/shares.rs",
    "health",
    "hold",
    "hook",
    "host",
    "image",
    "lease",
    "link",
    "needs",
    "observe.rs",
    "plan",
    "revive",
    "share",
    "watch",
];

/// Where words come from besides, for the ones that stand within a message.
const MORE_WORDS: [&str; 4] = [
    "bin/virt-quobyte/cli/status",
    "bin/virt-quobyte/cli/status_files.rs",
    "bin/virt-quobyte/render",
    "mounts",
];

/// Less than so many fixed words are a frame for another message, or a word that only stands within one.
const MESSAGE: usize = 3;

/// So many are a message, wherever they are.
const SENTENCE: usize = 8;

fn literals(rooms: &[&str]) -> Vec<Literal> {
    let mut all = Vec::new();
    for room in rooms {
        for file in sources(&root().join("src").join(room)) {
            all.extend(literals::of(&fs::read_to_string(file).expect("readable")));
        }
    }
    all
}

fn is_message(literal: &Literal) -> bool {
    // XML is for libvirt, or for ourselves.
    if literal.text.starts_with('<') {
        return false;
    }
    let words = Pattern::of(&literal.text).words();
    (literal.is_said && words >= MESSAGE) || words >= SENTENCE
}

#[test]
fn every_message_of_a_failure_is_in_the_runbook() {
    let runbook = document("runbook.md");
    let shown = fenced(&runbook, "text");
    let literals = literals(&ROOMS);
    let messages: Vec<&Literal> = literals.iter().filter(|literal| is_message(literal)).collect();
    assert!(messages.len() > 150, "only {} messages were found", messages.len());
    let missing: Vec<&str> = messages
        .iter()
        .map(|literal| literal.text.as_str())
        .filter(|text| !shown.iter().any(|line| Pattern::of(text).is_in(line)))
        .collect();
    assert!(missing.is_empty(), "the runbook has no entry for:\n{}", missing.join("\n"));
}

#[test]
fn the_runbook_shows_nothing_that_the_program_does_not_say() {
    let runbook = document("runbook.md");
    let all = [&ROOMS[..], &MORE_WORDS[..]].concat();
    let words = literals(&all).into_iter().map(|literal| literal.text);
    let vocabulary = Vocabulary::new(words);
    let shown = fenced(&runbook, "text");
    assert!(shown.len() > 150, "only {} lines were found", shown.len());
    let unknown: Vec<&str> = shown.into_iter().filter(|line| !vocabulary.explains(line)).collect();
    assert!(unknown.is_empty(), "no such thing is said:\n{}", unknown.join("\n"));
}

/// Every name of a line of `doctor`: each file has them as constants.
#[test]
fn the_runbook_names_every_line_of_doctor_and_every_word_of_health() {
    let runbook = document("runbook.md");
    let in_tables = |word: &str| runbook.contains(&format!("\n| `{word}` | "));
    let mut looked_at = 0;
    for file in sources(&root().join("src/bin/virt-quobyte/cli/doctor/judge")) {
        let text = fs::read_to_string(file).expect("readable");
        for constant in text.split("\nconst ").skip(1) {
            let Some((name, rest)) = constant.split_once(": &str = \"") else { continue };
            let is_subject =
                ["good", "bad", "worth_knowing", "cannot_tell"].iter().any(|verdict| {
                    [format!("{verdict}({name},"), format!("{verdict}(\n")].iter().any(|call| {
                        text.split(call.as_str()).skip(1).any(|after| {
                            call.ends_with(',')
                                || after.trim_start().starts_with(&format!("{name},"))
                        })
                    })
                });
            let subject = rest.split('"').next().expect("the first part");
            assert!(!is_subject || in_tables(subject), "the runbook has no line '{subject}'");
            looked_at += usize::from(is_subject);
        }
    }
    assert!(looked_at > 20, "only {looked_at} lines of doctor were found");
    for word in ["healthy", "absent", "dead", "hung", "failing", "foreign"] {
        assert!(in_tables(word), "the runbook has no word '{word}'");
    }
}
