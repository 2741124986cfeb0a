//! `virt-quobyte watch` beside shares that die, hang and come back. There are no guests here to be revived; that is seen in the lab.

use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::ground::{Ground, ground};

/// A watch that goes on, with its log.
struct Watch<'g> {
    ground: &'g Ground,
    process: Child,
}

impl<'g> Watch<'g> {
    /// Looks ten times a second. libvirt's test driver has no guest of ours.
    fn begin(ground: &'g Ground) -> Self {
        let log = File::create(ground.path("watch.log")).expect("a file");
        let stream = log.metadata().map(|it| format!("{}:{}", it.dev(), it.ino())).expect("there");
        let process = Command::new(env!("CARGO_BIN_EXE_virt-quobyte"))
            .args(["watch", "--every", "100ms", "--connect", "test:///default"])
            .env("VIRT_QUOBYTE_CONFIG", ground.path("config.toml"))
            .env("JOURNAL_STREAM", stream)
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("it starts");
        let watch = Self { ground, process };
        watch.wait_for("<6>watching every 100ms");
        watch
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.ground.path("watch.log")).expect("readable")
    }

    fn wait_for(&self, text: &str) {
        self.ground.wait_until(text, || self.log().contains(text));
    }

    /// Has it look a few times more, ends it, and gives what it has said in between.
    fn end(mut self) -> Vec<String> {
        std::thread::sleep(Duration::from_secs(1));
        let told = Instant::now();
        let pid = i32::try_from(self.process.id()).expect("a pid");
        kill(Pid::from_raw(pid), Signal::SIGTERM).expect("it runs");
        let status = self.process.wait().expect("it ends");
        let log = self.log();
        assert!(status.success(), "{status}: {log}");
        assert!(told.elapsed() < Duration::from_secs(4), "it took {:?}: {log}", told.elapsed());
        let lines: Vec<String> = log.lines().map(str::to_owned).collect();
        let last = lines.len() - 1;
        assert_eq!(lines[last], "<6>told to end: nothing is watched any more", "{log}");
        lines[1..last].to_vec()
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        let _ended_before = self.process.kill().and_then(|()| self.process.wait());
    }
}

#[test]
fn a_share_that_is_well_or_that_nobody_holds_is_left_alone_and_not_spoken_of() {
    let ground = ground!();
    let guest = ground.guest("one", &["gold"]);
    ground.hook(&guest, "prepare").succeeds();
    let record = ground.record("gold");
    assert_eq!(Watch::begin(&ground).end(), [""; 0]);
    assert_eq!(ground.record("gold"), record);
    assert_eq!(ground.client_starts().len(), 1);
    ground.hook(&guest, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn a_death_is_told_once_and_a_share_without_a_guest_that_could_go_on_is_not_mounted_anew() {
    let ground = ground!();
    let guest = ground.guest("one", &["gold"]);
    ground.hook(&guest, "prepare").succeeds();
    let watch = Watch::begin(&ground);
    ground.kill_clients();
    let told = "<4>share gold: its mount point is a dead mount: its client is gone (ENOTCONN); its guests are seen to";
    watch.wait_for(told);
    assert_eq!(watch.end(), [told]);
    assert_eq!(ground.client_starts().len(), 1);
    assert!(ground.is_mounted("gold"), "the dead mount was taken away for nobody");
    ground.hook(&guest, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn a_share_that_hangs_is_told_of_when_it_begins_and_ends_and_delays_no_other() {
    let ground = ground!();
    let gold = ground.guest("one", &["gold"]);
    ground.hook(&gold, "prepare").succeeds();
    let of_gold = ground.clients();
    let silver = ground.guest("two", &["silver"]);
    ground.hook(&silver, "prepare").succeeds();
    let watch = Watch::begin(&ground);
    let of_silver = ground.clients().into_iter().filter(|pid| !of_gold.contains(pid));
    for pid in of_silver {
        kill(Pid::from_raw(pid), Signal::SIGSTOP).expect("it runs");
    }
    watch.wait_for("<4>share silver: its mount point is a hung mount");
    // Each look at the one takes a second by now.
    let begun = Instant::now();
    for pid in &of_gold {
        kill(Pid::from_raw(*pid), Signal::SIGKILL).expect("it runs");
    }
    watch.wait_for("<4>share gold: its mount point is a dead mount");
    assert!(begun.elapsed() < Duration::from_millis(900), "after {:?}", begun.elapsed());
    for pid in ground.clients() {
        kill(Pid::from_raw(pid), Signal::SIGCONT).expect("it runs");
    }
    watch.wait_for("<6>share silver: it is mounted and answers again");
    let mut said = watch.end();
    // It may just have been about to see whether the guest had been left by an earlier revival.
    said.retain(|line| !line.starts_with("<4>nothing was done: share silver "));
    assert_eq!(said.len(), 3, "{said:#?}");
    ground.hook(&gold, "release").succeeds();
    ground.hook(&silver, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn what_comes_into_the_configuration_is_watched_and_what_cannot_be_read_changes_nothing() {
    let ground = ground!();
    let guest = ground.guest("one", &["gold"]);
    ground.hook(&guest, "prepare").succeeds();
    let whole = std::fs::read_to_string(ground.path("config.toml")).expect("a configuration");
    ground.set_config("", &["silver"]);
    let watch = Watch::begin(&ground);
    std::fs::write(ground.path("config.toml"), "no = 'such key'").expect("written");
    watch.wait_for("<3>what was configured before is watched: ");
    std::fs::write(ground.path("config.toml"), whole).expect("written");
    std::thread::sleep(Duration::from_millis(500));
    ground.kill_clients();
    watch.wait_for("<4>share gold: its mount point is a dead mount");
    let said = watch.end();
    assert_eq!(said.len(), 2, "{said:#?}");
    ground.hook(&guest, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn of_all_guests_none_is_revived_where_none_runs_and_a_name_must_be_a_shares_or_a_guests() {
    let ground = ground!();
    let guest = ground.guest("one", &["gold"]);
    ground.hook(&guest, "prepare").succeeds();
    let recover = |arguments: &[&str]| {
        let libvirt = ["--connect", "test:///default", "--yes"];
        crate::by_hand::admin(&ground, &[&["recover"], &libvirt[..], arguments].concat())
    };
    let (status, text) = recover(&["--revive"]);
    assert_eq!(status, 0, "{text}");
    assert!(text.starts_with("nothing to revive: "), "{text}");
    ground.kill_clients();
    let (status, text) = recover(&["--revive"]);
    assert_eq!(status, 0, "{text}");
    for part in ["gold on ", "no guest that runs is on gold", "nothing was done"] {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
    let (status, json) = recover(&["--revive", "--json"]);
    assert_eq!(status, 0, "{json}");
    crate::schema::holds("recover-revive-shares", &json);
    let (status, json) = recover(&["--revive", "gold", "--json"]);
    assert_eq!(status, 0, "{json}");
    crate::schema::holds("recover-revive", &json);
    let (status, text) = recover(&["--revive", "test"]);
    assert_eq!((status, text.as_str()), (0, "test is on no share\n"));
    assert_eq!(recover(&["--revive", "domain:test"]), (0, text));
    for nobody in ["bronze", "domain:gold"] {
        let (status, text) = recover(&["--revive", nobody]);
        assert_eq!(status, 3, "{text}");
        let expected = format!("there is no share '{nobody}', and no guest of that name runs");
        assert!(text.contains(&expected), "{text}");
    }
    ground.hook(&guest, "release").succeeds();
    ground.assert_nothing_left();
}
