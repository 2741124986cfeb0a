//! What is shown while something takes its time: on a terminal only, and taken back in the end.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::ground::{Ground, ground};
use crate::terminal;

/// What a command shows whose stderr is a terminal, and what it prints.
fn on_a_terminal(ground: &Ground, arguments: &[&str]) -> (String, String) {
    let (master, slave) = terminal::terminal();
    let mut child = Command::new(env!("CARGO_BIN_EXE_virt-quobyte"))
        .args(arguments)
        .env("VIRT_QUOBYTE_CONFIG", ground.path("config.toml"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::from(slave))
        .spawn()
        .expect("it starts");
    let shown = std::thread::spawn(move || terminal::read(master));
    let mut printed = String::new();
    let mut stdout = child.stdout.take().expect("a pipe");
    stdout.read_to_string(&mut printed).expect("UTF-8");
    assert!(child.wait().expect("it ends").success(), "{printed}");
    (shown.join().expect("it reads"), printed)
}

#[test]
fn what_takes_longer_than_a_second_is_told_on_a_terminal_and_taken_back() {
    let ground = ground!();
    // The client's daemon does not keep our stderr, so the terminal is closed when the command has ended.
    ground.set_client("mount_delay = \"1500ms\"");
    let (shown, printed) = on_a_terminal(&ground, &["mount", "gold"]);
    let told: Vec<&str> = shown.split('\r').collect();
    assert!(
        told[1].starts_with("virt-quobyte: mounting gold (for 10s at most): 1 s ..."),
        "{shown:?}"
    );
    let (last, blank) = (told[told.len() - 1], told[told.len() - 2]);
    assert!(last.is_empty() && blank.len() >= told[1].len(), "not taken back: {shown:?}");
    assert!(blank.bytes().all(|b| b == b' '), "not taken back: {shown:?}");
    assert!(!shown.contains(['\n', '\u{1b}']), "{shown:?}");
    assert!(printed.starts_with("gold is mounted on "), "{printed}");
}

#[test]
fn what_is_over_at_once_tells_nothing_and_a_pipe_is_told_nothing_at_all() {
    let ground = ground!();
    // On a busy machine it can take its time; then nothing follows from what it tells.
    let in_time = (0..10).find_map(|_| {
        let begun = Instant::now();
        let (shown, _) = on_a_terminal(&ground, &["umount", "gold"]);
        (begun.elapsed() < Duration::from_secs(1)).then_some(shown)
    });
    assert_eq!(in_time.as_deref(), Some(""));
    ground.set_client("mount_delay = \"1500ms\"");
    let (status, text) = crate::by_hand::admin(&ground, &["mount", "gold"]);
    assert_eq!(status, 0, "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(!text.contains(['\r', '\u{1b}']) && text.starts_with("gold is mounted on "), "{text}");
}
