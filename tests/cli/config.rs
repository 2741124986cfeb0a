//! `config check`

use snapbox::file;

use crate::Desk;

#[test]
fn a_usable_configuration_is_listed() {
    let desk = Desk::new(
        "[[share]]\nname = \"gold\"\nexport = \"quobyte://reg1,reg2/gold\"\nmount_point = \"/srv/quobyte/gold\"\n\
         [[share]]\nname = \"iso\"\nexport = \"reg1/iso\"\nmode = \"verified\"\nmount_point = \"/srv/iso\"\n",
    );
    desk.run(&["config", "check"], "").is(file!["snapshots/config-usable.txt"]);
}

#[test]
fn every_mistake_is_told_with_its_place() {
    let desk = Desk::new(
        "lingger = \"1s\"\n[[share]]\nname = \"-gold\"\nexport = \"reg1\"\n[deadlines]\nhook = \"1 year\"\n",
    );
    desk.run(&["config", "check"], "").is(file!["snapshots/config-mistakes.txt"]);
    desk.run(&["config", "check", "--json"], "").is(file!["snapshots/config-mistakes-json.txt"]);
}

#[test]
fn a_file_that_was_named_must_be_there() {
    let desk = Desk::new("");
    let said = desk.run(&["--config", "nowhere.toml", "config", "check"], "");
    assert_eq!(said.status, 1);
    assert!(said.stderr.contains("nowhere.toml"), "{}", said.as_text());
}
