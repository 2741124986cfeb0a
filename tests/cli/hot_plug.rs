//! `attach` and `detach`, as far as they come without a guest: what they refuse. What they do to one is the lab's matter.

use snapbox::file;

use crate::Desk;

const CONFIG: &str = "\
[[share]]
name = \"gold\"
export = \"quobyte://reg1,reg2/gold\"
mount_point = \"/srv/quobyte/gold\"
";

const DISK: [&str; 6] = ["--share", "gold", "--image", "data", "--target", "vdb"];

#[test]
fn a_disk_that_cannot_be_is_refused_before_libvirt_is_asked() {
    if !nix::unistd::geteuid().is_root() {
        println!("skipped: attach and detach: only root may");
        return;
    }
    let desk = Desk::new(CONFIG);
    let nowhere = ["attach", "web1", "--connect", "none:///"];
    let impossible = ["--cache", "writeback", "--queues", "0"];
    desk.run(&[&nowhere[..], &DISK, &impossible].concat(), "")
        .is(file!["snapshots/attach-refused.txt"]);
    let said = desk.run(&[&nowhere[..], &DISK].concat(), "");
    assert_eq!(said.status, 3, "{}", said.as_text());
}

#[test]
fn a_libvirt_that_runs_no_hook_here_is_refused() {
    if !nix::unistd::geteuid().is_root() {
        println!("skipped: attach and detach: only root may");
        return;
    }
    let desk = Desk::new(CONFIG);
    let rows = [
        ("test:///default", "libvirt's TEST driver, which runs no hook at a guest's end"),
        ("qemu+ssh://kvm2.invalid/system", "another host's libvirt"),
        ("none:///", "cannot connect to none:///"),
    ];
    for (uri, why) in rows {
        let attach = [&["attach", "test", "--connect", uri], &DISK[..]].concat();
        let detach = ["detach", "test", "vdb", "--connect", uri];
        for words in [&attach[..], &detach[..]] {
            let said = desk.run(words, "");
            assert_eq!(said.status, 3, "{}", said.as_text());
            assert!(said.stderr.contains(why), "{}", said.as_text());
        }
    }
    assert!(!desk.path("state").exists(), "a state directory was made for nothing");
}
