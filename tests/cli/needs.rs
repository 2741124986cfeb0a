//! `needs`

use snapbox::file;

use crate::Desk;

const CONFIG: &str = "\
[policy]
exports = [\"reg1/vm-*\"]
[[share]]
name = \"gold\"
export = \"quobyte://reg1,reg2/gold\"
mount_point = \"/srv/quobyte/gold\"
";

const WEB1: &str = include_str!("../fixtures/domains/web1.xml");

#[test]
fn every_path_is_shown_with_its_place_and_its_share() {
    let desk = Desk::new(CONFIG);
    desk.run(&["needs", "-"], WEB1).is(file!["snapshots/needs.txt"]);
    desk.run(&["needs", "--json", "-"], WEB1).is(file!["snapshots/needs-json.txt"]);
}

#[test]
fn what_the_hook_would_refuse_is_told_and_ends_with_1() {
    let desk = Desk::new(CONFIG);
    let base = desk.path("base").display().to_string();
    let refused = WEB1
        .replace("/var/lib/libvirt/images/tools.iso", &format!("{base}/0123/tools.iso"))
        .replace("name='gold'", "name='bronze'");
    desk.run(&["needs", "-"], &refused).is(file!["snapshots/needs-refused.txt"]);
}

#[test]
fn what_is_no_domain_is_told_with_its_place_and_ends_with_3() {
    let desk = Desk::new(CONFIG);
    desk.run(&["needs", "-"], "<network/>").is(file!["snapshots/needs-no-domain.txt"]);
    desk.run(&["needs", "nowhere.xml"], "").is(file!["snapshots/needs-no-file.txt"]);
}

/// libvirt's test driver lives in its library: no daemon is asked.
#[test]
fn a_domain_is_read_from_a_libvirt() {
    let desk = Desk::new(CONFIG);
    desk.run(&["needs", "--connect", "test:///default", "test"], "")
        .is(file!["snapshots/needs-connect.txt"]);
    let said = desk.run(&["needs", "--connect", "test:///default", "nobody"], "");
    assert_eq!(said.status, 3);
    assert!(
        said.stderr.contains("'nobody'") && said.stderr.lines().count() == 1,
        "{}",
        said.as_text()
    );
}
