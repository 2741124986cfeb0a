//! A release is over in time, whatever the share is like: libvirt's daemon handles the end of no other guest meanwhile.

use std::fs::{self, File};
use std::process::Command;
use std::time::Duration;

use nix::mount::{MsFlags, mount};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::ground::{Ground, ground};

/// `deadlines.unmount` of the tests' configuration.
const DEADLINE: Duration = Duration::from_secs(2);

/// What starting processes costs on a busy machine.
const SLACK: Duration = Duration::from_secs(1);

/// What a release did, and how long it may take for it.
struct Case {
    name: &'static str,
    /// Between the guest's start and its end; what it returns lives until after the release.
    arrange: fn(&Ground) -> Vec<File>,
    at_most: Duration,
    mounted_afterwards: bool,
}

#[test]
fn a_release_is_over_in_time_whatever_its_share_is_like() {
    for Case { name, arrange, at_most, mounted_afterwards } in CASES {
        let ground = ground!();
        let guest = ground.guest("web1", &["gold", "silver"]);
        ground.hook(&guest, "prepare").succeeds();
        let held = arrange(&ground);
        let took = ground.hook(&guest, "release").succeeds();
        println!("{name}: {took:.2?}");
        assert!(took < *at_most, "{name}: {took:?}");
        assert_eq!(ground.is_mounted("gold"), *mounted_afterwards, "{name}");

        // Whatever it left is put right by the next guest that comes and goes.
        drop(held);
        ground.set_client("");
        ground.kill_clients();
        ground.hook(&guest, "prepare").succeeds();
        ground.hook(&guest, "release").succeeds();
        ground.assert_nothing_left();
    }
}

const CASES: &[Case] = &[
    Case { name: "a share that hangs", arrange: hang, at_most: SLACK, mounted_afterwards: false },
    Case {
        name: "a share that hangs, while somebody waits for it",
        arrange: hang_with_a_reader,
        at_most: SLACK,
        mounted_afterwards: true,
    },
    Case {
        name: "a share whose client is stopped",
        arrange: stop_the_clients,
        at_most: SLACK,
        mounted_afterwards: false,
    },
    Case {
        name: "a share whose client answers with errors",
        arrange: answer_with_errors,
        at_most: SLACK,
        mounted_afterwards: false,
    },
    Case {
        name: "a share in use",
        arrange: open_an_image,
        at_most: SLACK,
        mounted_afterwards: true,
    },
    Case {
        name: "two shares whose locks are held",
        arrange: hold_the_locks,
        at_most: DEADLINE.saturating_add(SLACK),
        mounted_afterwards: true,
    },
    Case {
        name: "two clients that stay in their scopes after the unmount",
        arrange: pretend_scopes_that_stay,
        at_most: DEADLINE.saturating_add(SLACK),
        mounted_afterwards: false,
    },
];

fn hang(ground: &Ground) -> Vec<File> {
    ground.set_client("answers = \"hang\"\n");
    Vec::new()
}

fn hang_with_a_reader(ground: &Ground) -> Vec<File> {
    hang(ground);
    // Never answered: it ends with the client.
    let begin = Command::new("/bin/sh")
        .args(["-c", "cat \"$0\" >/dev/null 2>&1 & echo $!"])
        .arg(ground.mount_point("gold").join("vm.img"))
        .output();
    let pid = String::from_utf8(begin.expect("a sh").stdout).expect("a number");
    let sleeps_at = format!("/proc/{}/wchan", pid.trim());
    ground.wait_until("cat waits for the client", || {
        fs::read_to_string(&sleeps_at).is_ok_and(|at| at == "request_wait_answer")
    });
    Vec::new()
}

fn stop_the_clients(ground: &Ground) -> Vec<File> {
    for pid in ground.clients() {
        kill(Pid::from_raw(pid), Signal::SIGSTOP).expect("it is ours");
    }
    Vec::new()
}

fn answer_with_errors(ground: &Ground) -> Vec<File> {
    ground.set_client("answers = \"eio\"\n");
    Vec::new()
}

fn open_an_image(ground: &Ground) -> Vec<File> {
    vec![File::open(ground.mount_point("gold").join("vm.img")).expect("mounted")]
}

fn hold_the_locks(ground: &Ground) -> Vec<File> {
    let held = |share| {
        let path = ground.record_path(share).with_extension("lock");
        let lock = File::open(path).expect("a lock file");
        lock.lock().expect("a lock");
        lock
    };
    ["gold", "silver"].map(held).into()
}

/// No systemd here: directories stand for the control groups, and the records say that the clients are in them.
fn pretend_scopes_that_stay(ground: &Ground) -> Vec<File> {
    let groups = "/sys/fs/cgroup";
    mount(Some("none"), groups, Some("tmpfs"), MsFlags::empty(), None::<&str>)
        .expect("this namespace is ours");
    for share in ["gold", "silver"] {
        let unit = format!("virt-quobyte-{share}-0.scope");
        fs::create_dir_all(format!("{groups}/system.slice/{unit}")).expect("made");
        let record = ground.record(share);
        let with_unit = record.replace("\"made\",", &format!("\"made\", \"unit\": {unit:?},"));
        assert_ne!(record, with_unit);
        fs::write(ground.record_path(share), with_unit).expect("written");
    }
    Vec::new()
}

#[test]
fn the_end_of_a_guest_on_another_share_is_not_delayed_by_one_that_takes_its_time() {
    let ground = ground!();
    let (slow, other) = (ground.guest("slow", &["gold"]), ground.guest("other", &["silver"]));
    ground.hook(&slow, "prepare").succeeds();
    ground.hook(&other, "prepare").succeeds();
    let lock = File::open(ground.record_path("gold").with_extension("lock")).expect("a lock file");
    lock.lock().expect("a lock");
    let mut slow_end = ground.hook_in_background(&slow, "release");
    let took = ground.hook(&other, "release").succeeds();
    assert!(slow_end.try_wait().expect("our child").is_none(), "the slow end was not slow");
    assert!(took < SLACK, "{took:?}");
    assert!(slow_end.wait().expect("it ends").success());
    assert!(!ground.is_mounted("silver"));
    lock.unlock().expect("unlocked");
    ground.hook(&slow, "prepare").succeeds();
    ground.hook(&slow, "release").succeeds();
    ground.assert_nothing_left();
}
