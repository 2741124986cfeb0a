//! `status`, where nothing is mounted. With mounts it is looked at in the lab.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use snapbox::file;

use crate::Desk;

const CONFIG: &str = "\
[[share]]
name = \"gold\"
export = \"quobyte://reg1,reg2/gold\"
[[share]]
name = \"iso\"
export = \"reg1/iso\"
mode = \"verified\"
";

#[test]
fn shares_are_listed_and_one_that_should_be_mounted_and_is_not_ends_with_1() {
    let desk = Desk::new(CONFIG);
    if !nix::unistd::geteuid().is_root() {
        println!("skipped: the holders: only root may see them");
        return;
    }
    desk.run(&["status"], "").is(file!["snapshots/status.txt"]);
    desk.run(&["status", "--json"], "").is(file!["snapshots/status-json.txt"]);
    desk.run(&["status", "gold"], "").is(file!["snapshots/status-gold.txt"]);
    assert_eq!(desk.run(&["status", "silver"], "").status, 3);
    Desk::new("").run(&["status"], "").is(file!["snapshots/status-none.txt"]);
}

#[test]
fn a_record_that_cannot_be_read_is_a_fault_of_its_share_and_hides_no_other() {
    if !nix::unistd::geteuid().is_root() {
        println!("skipped: a record that cannot be read: only root may see it");
        return;
    }
    let desk = Desk::new(CONFIG);
    let state = desk.path("state");
    fs::create_dir(&state).expect("made");
    fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).expect("chmod");
    let key = "reg1,reg2/gold".parse::<virt_quobyte::share::Export>().expect("an export").key();
    fs::write(state.join(format!("{key}.json")), "garbage").expect("written");
    let stranger = "0".repeat(32);
    fs::write(state.join(format!("{stranger}.json")), "garbage").expect("written");
    // As JSON, in whose lines no break depends on how long a path is.
    desk.run(&["status", "--json"], "").is(file!["snapshots/status-damaged.txt"]);
    crate::schema::holds("status", &desk.run_raw(&["status", "--json"], "").stdout);
}
