//! What is shown while something takes its time: on a terminal only, and taken back in the end.

use std::time::{Duration, Instant};

use crate::ground::ground;
use crate::terminal::shown_and_printed;

#[test]
fn what_takes_longer_than_a_second_is_told_on_a_terminal_and_taken_back() {
    let ground = ground!();
    // The client's daemon does not keep our stderr, so the terminal is closed when the command has ended.
    ground.set_client("mount_delay = \"1500ms\"");
    let (shown, printed) = shown_and_printed(&ground, &["mount", "gold"]);
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
        let (shown, _) = shown_and_printed(&ground, &["umount", "gold"]);
        (begun.elapsed() < Duration::from_secs(1)).then_some(shown)
    });
    assert_eq!(in_time.as_deref(), Some(""));
    ground.set_client("mount_delay = \"1500ms\"");
    let (status, text) = crate::by_hand::admin(&ground, &["mount", "gold"]);
    assert_eq!(status, 0, "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(!text.contains(['\r', '\u{1b}']) && text.starts_with("gold is mounted on "), "{text}");
}
