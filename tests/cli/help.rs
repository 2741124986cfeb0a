//! The help is part of the interface.

use snapbox::file;

use crate::Desk;

#[test]
fn each_commands_help_is_what_was_last_reviewed() {
    let desk = Desk::new("");
    desk.run(&["--help"], "").is(file!["snapshots/help.txt"]);
    desk.run(&["status", "--help"], "").is(file!["snapshots/help-status.txt"]);
    desk.run(&["needs", "--help"], "").is(file!["snapshots/help-needs.txt"]);
    desk.run(&["recover", "--help"], "").is(file!["snapshots/help-recover.txt"]);
    desk.run(&["config", "check", "--help"], "").is(file!["snapshots/help-config-check.txt"]);
}

#[test]
fn a_command_line_that_makes_no_sense_ends_with_2() {
    let desk = Desk::new("");
    for arguments in
        [&["bogus"][..], &["status", "--bogus"], &["needs"], &["status", "a", "b"], &[]]
    {
        let said = desk.run(arguments, "");
        assert_eq!(said.status, 2, "{arguments:?}: {}", said.as_text());
        assert!(said.stdout.is_empty(), "{}", said.as_text());
    }
}
