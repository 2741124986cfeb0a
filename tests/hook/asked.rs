//! What only force can solve is asked for at a terminal: the right name typed does it, and nothing else does. That a revival is
//! asked for as well is seen in the lab, where there are guests to revive.

use std::process::Child;

use nix::mount::{MsFlags, mount};

use crate::by_hand::admin;
use crate::ground::{Ground, Guest, ground};
use crate::recover::user_of;
use crate::terminal::asked;

const QUESTION: &str = "type gold to go on: ";

/// Ctrl-D: there is nothing more to read.
const END: &str = "\u{4}";

/// A guest holds the share, and somebody has a file on it open.
fn held(ground: &Ground) -> (Guest, Child) {
    let guest = ground.guest("web1", &["gold"]);
    ground.hook(&guest, "prepare").succeeds();
    let user = user_of(ground, "gold");
    (guest, user)
}

/// It is told who loses what, then asked, and of each of these answers nothing comes.
#[track_caller]
fn nothing_comes_of(ground: &Ground, words: &[&str], answers: &[&str]) {
    for answer in answers {
        let (status, text) = asked(ground, words, QUESTION, answer);
        assert_eq!(status, 1, "{answer:?}: {text}");
        assert!(text.contains("nothing was done"), "{answer:?}: {text}");
        let (who, question) = (text.find("held by domain web1"), text.find(QUESTION));
        assert!(who.is_some() && who < question, "{answer:?}: {text}");
    }
}

#[test]
fn a_dead_mount_is_detached_for_whoever_types_its_name_and_for_nobody_else() {
    let ground = ground!();
    let (guest, mut user) = held(&ground);
    ground.kill_clients();
    let words = ["recover", "--detach", "gold"];
    nothing_comes_of(&ground, &words, &["silver\n", "yes\n", "gol\n", "Gold\n", "\n", END]);
    assert!(ground.is_mounted("gold"));
    let (status, text) = asked(&ground, &words, QUESTION, "gold\n");
    assert_eq!(status, 0, "{text}");
    assert!(text.contains("is free: the next start mounts gold anew"), "{text}");
    assert!(!ground.is_mounted("gold"));
    ground.hook(&guest, "release").succeeds();
    user.kill().and_then(|()| user.wait()).expect("it ends");
    ground.assert_nothing_left();
}

#[test]
fn a_client_that_hangs_is_given_up_for_whoever_types_its_name_and_for_nobody_else() {
    let ground = ground!();
    let (guest, mut user) = held(&ground);
    let (connections, none) = ("/sys/fs/fuse/connections", None::<&str>);
    mount(Some("fusectl"), connections, Some("fusectl"), MsFlags::empty(), none)
        .expect("the kernel has FUSE");
    ground.set_client("answers = \"hang\"\n");
    let words = ["recover", "--abort", "gold"];
    nothing_comes_of(&ground, &words, &["silver\n", "\n"]);
    ground.set_client("answers = \"normal\"\n");
    assert_eq!(admin(&ground, &["status", "gold"]).0, 0, "it was given up");
    ground.set_client("answers = \"hang\"\n");
    let (status, text) = asked(&ground, &words, QUESTION, "gold\n");
    assert_eq!(status, 0, "{text}");
    assert!(text.contains("the connection of gold is given up: it is dead now"), "{text}");
    ground.set_client("");
    user.kill().and_then(|()| user.wait()).expect("it ends");
    ground.hook(&guest, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn what_is_not_to_be_forced_is_not_asked_for_and_neither_is_a_program() {
    let ground = ground!();
    let (guest, mut user) = held(&ground);
    let (status, text) = asked(&ground, &["recover", "--detach", "gold"], QUESTION, "gold\n");
    assert_eq!(status, 1, "it is well: {text}");
    assert!(text.contains("nothing is forced") && !text.contains(QUESTION), "{text}");
    ground.kill_clients();
    let json = ["recover", "--detach", "gold", "--json"];
    let (status, text) = asked(&ground, &json, QUESTION, "gold\n");
    assert_eq!(status, 3, "{text}");
    assert!(text.contains("there is nobody to ask here") && !text.contains(QUESTION), "{text}");
    assert!(ground.is_mounted("gold"));
    user.kill().and_then(|()| user.wait()).expect("it ends");
    ground.hook(&guest, "release").succeeds();
    ground.assert_nothing_left();
}
