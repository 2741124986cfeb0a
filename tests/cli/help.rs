//! The help is part of the interface.

use std::path::Path;

use snapbox::Data;

use crate::Desk;

/// Every command, and every command of a command, as the help itself lists them.
pub(crate) fn commands(desk: &Desk, of: &[String]) -> Vec<Vec<String>> {
    let mut arguments: Vec<&str> = of.iter().map(String::as_str).collect();
    arguments.push("--help");
    let help = desk.run(&arguments, "").stdout;
    let mut found = vec![of.to_vec()];
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    for line in listed.take_while(|line| !line.is_empty()) {
        let name = line.strip_prefix("  ").filter(|rest| !rest.starts_with(' '));
        let Some(name) = name.and_then(|rest| rest.split(' ').next()) else { continue };
        if name != "help" {
            found.extend(commands(desk, &[of, &[name.to_owned()]].concat()));
        }
    }
    found
}

#[test]
fn each_commands_help_is_what_was_last_reviewed() {
    let desk = Desk::new("");
    let commands = commands(&desk, &[]);
    assert!(commands.len() > 5, "{commands:?}");
    let snapshots = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/snapshots");
    for command in commands {
        let mut arguments: Vec<&str> = command.iter().map(String::as_str).collect();
        let name = [&["help"], &arguments[..]].concat().join("-");
        arguments.push("--help");
        let snapshot = snapshots.join(name).with_extension("txt");
        desk.run(&arguments, "").is(Data::read_from(&snapshot, None));
    }
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
