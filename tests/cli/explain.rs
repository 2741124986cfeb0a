//! `explain`

use snapbox::file;

use crate::Desk;

#[test]
fn a_rule_says_what_it_finds_why_and_where_that_is_known_from() {
    let desk = Desk::new("");
    desk.run(&["explain", "VQ101"], "").is(file!["snapshots/explain.txt"]);
    let by_name = desk.run(&["explain", "native-io-with-host-cache"], "");
    assert_eq!(by_name.stdout, desk.run(&["explain", "vq101"], "").stdout);
}

#[test]
fn all_rules_are_listed_by_what_is_at_stake() {
    let said = Desk::new("").run(&["explain"], "");
    assert_eq!(said.status, 0);
    for rule in virt_quobyte::lint::RULES {
        let lines = said.stdout.lines().filter(|line| line.trim_start().starts_with(rule.code));
        assert_eq!(lines.filter(|line| line.ends_with(rule.summary)).count(), 1, "{}", rule.code);
    }
}

#[test]
fn a_rule_that_is_not_known_is_a_mistake_of_the_command_line() {
    let said = Desk::new("").run(&["explain", "VQ000"], "");
    assert_eq!(said.status, 2);
    assert!(said.stderr.contains("`virt-quobyte explain` lists"), "{}", said.as_text());
}
