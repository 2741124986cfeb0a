//! What the commands that change something say, for people and for programs, where there are mounts to change.
//!
//! What they say to people is held against files in `snapshots`; `SNAPSHOTS=overwrite cargo test --test hook said` writes them anew.

use std::process::Command;

use snapbox::file;

use crate::by_hand::admin;
use crate::ground::{Ground, ground};
use crate::recover::{prepare_under_a_daemon_that_dies, user_of};
use crate::schema;

/// What is said, without what is another one in each run.
pub(crate) fn said(ground: &Ground, arguments: &[&str]) -> String {
    let (status, text) = admin(ground, arguments);
    let text = text.replace(&ground.text(""), "[DIR]/");
    format!("$ virt-quobyte {}\nexit status {status}\n{}", arguments.join(" "), masked(&text))
}

/// Several calls, one after the other.
fn all_said(ground: &Ground, calls: &[&[&str]]) -> String {
    calls.iter().map(|arguments| said(ground, arguments)).collect::<Vec<_>>().join("\n")
}

/// Without ages, process ids, the blanks that depend on them, and what the library says of a libvirt that is not there.
fn masked(text: &str) -> String {
    let lines = text.lines().map(|line| {
        if line.starts_with("(judged without libvirt: ") {
            return "(judged without libvirt: [WHY])\n".to_owned();
        }
        let indent = line.len() - line.trim_start().len();
        let mut before = "";
        let words: Vec<String> = line
            .split_whitespace()
            .map(|word| {
                let bare = word.trim_end_matches([')', ',']);
                let is_number = !bare.is_empty() && bare.bytes().all(|b| b.is_ascii_digit());
                let mask = if before == "(pid" { "[PID]" } else { "[N]" };
                before = word;
                if is_number { word.replace(bare, mask) } else { word.to_owned() }
            })
            .collect();
        line[..indent].to_owned() + &words.join(" ") + "\n"
    });
    lines.collect()
}

#[test]
fn what_is_mounted_and_let_go_of_by_hand_is_said_with_why_it_stays() {
    let ground = ground!();
    let guest = ground.guest("web1", &["gold"]);
    let calls: [&[&str]; 2] = [&["mount", "gold"], &["mount", "gold"]];
    let mut text = all_said(&ground, &calls);
    ground.hook(&guest, "prepare").succeeds();
    text += "\n-- web1 starts on it\n\n";
    text += &all_said(&ground, &[&["umount", "gold"], &["recover"]]);
    ground.hook(&guest, "release").succeeds();
    ground.set_client("mount = \"fail\"");
    text += "\n-- web1 ends, and the client fails from now on\n\n";
    let calls: [&[&str]; 4] =
        [&["umount", "gold"], &["mount", "gold"], &["mount", "bronze"], &["umount", "bronze"]];
    text += &all_said(&ground, &calls);
    snapbox::assert_data_eq!(text, file!["snapshots/by-hand.txt"].raw());
    ground.assert_nothing_left();
}

#[test]
fn what_a_crash_left_is_said_before_it_is_done_and_after() {
    let ground = ground!();
    prepare_under_a_daemon_that_dies(&ground, &ground.guest("lost", &["gold"]));
    let calls: [&[&str]; 3] = [&["recover"], &["recover", "--apply"], &["recover"]];
    let text = all_said(&ground, &calls);
    snapbox::assert_data_eq!(text, file!["snapshots/recover.txt"].raw());
    ground.assert_nothing_left();
}

#[test]
fn what_force_would_break_is_said_before_it_is_done() {
    let ground = ground!();
    let guest = ground.guest("web1", &["gold"]);
    ground.hook(&guest, "prepare").succeeds();
    let mut user = user_of(&ground, "gold");
    let detach = ["recover", "--detach", "gold"];
    let mut text = said(&ground, &detach);
    ground.kill_clients();
    text += "\n-- the client dies\n\n";
    text += &all_said(&ground, &[&["recover"], &detach]);
    text += "\n";
    text += &said(&ground, &[&detach[..], &["--yes"]].concat());
    user.kill().and_then(|()| user.wait()).expect("it ends");
    snapbox::assert_data_eq!(text, file!["snapshots/recover-force.txt"].raw());
}

#[test]
fn what_they_print_for_programs_is_what_their_schemas_say() {
    let ground = ground!();
    let says = |schema: &str, arguments: &[&str], status| {
        let (found, text) = admin(&ground, &[arguments, &["--json"]].concat());
        assert_eq!(found, status, "{arguments:?}: {text}");
        schema::holds(schema, &text);
    };
    says("mount", &["mount", "gold"], 0);
    says("mount", &["mount", "gold"], 0);
    let open = std::fs::File::open(ground.mount_point("gold").join("vm.img")).expect("mounted");
    let guest = ground.guest("web1", &["gold"]);
    ground.hook(&guest, "prepare").succeeds();
    says("umount", &["umount", "gold"], 1);
    let mut user = Command::new("/bin/sleep").arg("60").stdin(open).spawn().expect("it starts");
    ground.kill_clients();
    says("recover", &["recover"], 1);
    says("recover-force", &["recover", "--detach", "gold", "--yes"], 0);
    user.kill().and_then(|()| user.wait()).expect("it ends");
    ground.hook(&guest, "release").succeeds();
    says("umount", &["umount", "gold"], 0);
    prepare_under_a_daemon_that_dies(&ground, &ground.guest("lost", &["gold"]));
    says("recover", &["recover"], 1);
    says("recover", &["recover", "--apply"], 0);
    ground.assert_nothing_left();
}
