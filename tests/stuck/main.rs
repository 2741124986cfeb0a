//! The hook on a host with a process that nobody can look at: one that waits for a storage that hangs, with the lock of its own
//! memory in its hand. There is a real one in each of these tests, so no other test runs beside them.

#[path = "../hook/daemon.rs"]
#[expect(dead_code, reason = "what the hook's tests need of it")]
mod daemon;
#[path = "../hook/ground.rs"]
#[expect(dead_code, reason = "what the hook's tests need of it")]
mod ground;

use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use daemon::Daemon;
use ground::called::heard;
use ground::{Ground, ground};

/// One stuck process at a time: each test's would be in the others' way.
static ALONE: Mutex<()> = Mutex::new(());

/// A process that waits for the client of `silver`.
struct Stuck(Child);

impl Stuck {
    /// It has an image on `gold` open as well, and looks like the QEMU of a guest `one`, which nobody can see.
    fn start(ground: &Ground) -> Self {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stuck/stuck.c");
        let program = ground.path("bin/stuck");
        let built = Command::new("cc").args(["-pthread", "-o"]).arg(&program).arg(source).status();
        assert!(built.is_ok_and(|cc| cc.success()), "cc could not compile {source}");
        let mut process = {
            let image = fs::File::open(ground.mount_point("gold").join("vm.img"));
            Command::new(program)
                .arg(ground.mount_point("silver").join("vm.img"))
                .args(["-name", "guest=one,debug-threads=on"])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(image.expect("mounted"))
                .spawn()
                .expect("it was just compiled")
        };
        let mut ready = String::new();
        let stdout = process.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut ready).expect("text");
        assert_eq!(ready, "ready\n");
        ground.set_client("[volume.\"silver\"]\nanswers = \"hang\"\n");
        process.stdin.take().expect("a pipe").write_all(b"\n").expect("it reads");
        let stat = format!("/proc/{}/stat", process.id());
        ground.wait_until("the process is stuck", || {
            fs::read_to_string(&stat).is_ok_and(|stat| stat.contains(") D "))
        });
        let stuck = Self(process);
        assert!(!stuck.lets_its_arguments_be_read(), "it is not stuck");
        stuck
    }

    fn lets_its_arguments_be_read(&self) -> bool {
        let cmdline = format!("/proc/{}/cmdline", self.0.id());
        let mut reader =
            Command::new("cat").arg(cmdline).stdout(Stdio::null()).spawn().expect("a cat");
        std::thread::sleep(Duration::from_millis(300));
        let read = reader.try_wait().expect("our child").is_some();
        reader.kill().and_then(|()| reader.wait()).expect("it can be killed");
        read
    }

    fn name(&self) -> String {
        format!("stuck (pid {})", self.0.id())
    }

    /// Ends it, with the client that it waits for.
    fn end(mut self, ground: &Ground) {
        kill_client(ground, "silver");
        self.0.kill().and_then(|()| self.0.wait()).expect("it can be killed");
    }
}

impl Drop for Stuck {
    fn drop(&mut self) {
        // Of a test that failed: it cannot end before its client does, with the ground, so it is not waited for.
        let _ended_already = self.0.kill();
    }
}

fn kill_client(ground: &Ground, share: &str) {
    for pid in ground.clients() {
        let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        if line.contains(&format!("/mnt/{share}\0")) {
            kill(Pid::from_raw(pid), Signal::SIGKILL).expect("it is ours");
        }
    }
    let is_mine = |pid: &i32| {
        fs::read_to_string(format!("/proc/{pid}/cmdline"))
            .is_ok_and(|line| line.contains(&format!("/mnt/{share}\0")))
    };
    ground.wait_until("the client is gone", || !ground.clients().iter().any(is_mine));
}

#[test]
fn a_user_of_a_dead_mount_that_cannot_be_looked_at_is_named_all_the_same() {
    let ground = ground!();
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let (one, two) = (ground.guest("one", &["gold", "silver"]), ground.guest("two", &["gold"]));
    ground.hook(&one, "prepare").succeeds();
    let stuck = Stuck::start(&ground);
    kill_client(&ground, "gold");
    let called = ground.hook(&two, "prepare");
    println!("{}", called.stderr);
    let took = called.fails_with(&["share gold", "still in use by ", &stuck.name()]);
    println!("refused after {took:.1?}");
    assert!(took < Duration::from_secs(5), "{took:?}");
    stuck.end(&ground);
    ground.set_client("");
    ground.hook(&one, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn a_client_that_failed_is_ended_beside_a_process_that_cannot_be_looked_at() {
    let ground = ground!(&["gold", "silver", "bronze"]);
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let (one, two) = (ground.guest("one", &["gold", "silver"]), ground.guest("two", &["bronze"]));
    ground.hook(&one, "prepare").succeeds();
    ground.set_client("[volume.\"bronze\"]\nmount = \"never-returns\"\n");
    let begun = Instant::now();
    let hook = ground.hook_in_background(&two, "prepare");
    ground.wait_until("the attempt has begun", || ground.client_starts().len() == 3);
    // One that began after that may be its client.
    let stuck = Stuck::start(&ground);
    let called = heard(hook, begun);
    println!("{}", called.stderr);
    let took = called.fails_with(&["share bronze", "cannot be found out", &stuck.name()]);
    println!("refused after {took:.1?}");
    assert!(took < Duration::from_secs(11), "{took:?}");
    let took = ground.hook(&two, "release").succeeds();
    assert!(took < Duration::from_secs(3), "the release took {took:?}");

    stuck.end(&ground);
    ground.set_client("");
    ground.hook(&two, "prepare").succeeds();
    ground.hook(&two, "release").succeeds();
    ground.hook(&one, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn an_older_process_that_cannot_be_looked_at_is_no_failed_client() {
    let ground = ground!(&["gold", "silver", "bronze"]);
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let (one, two) = (ground.guest("one", &["gold", "silver"]), ground.guest("two", &["bronze"]));
    ground.hook(&one, "prepare").succeeds();
    let stuck = Stuck::start(&ground);
    let hanging = "[volume.\"silver\"]\nanswers = \"hang\"\n";
    ground.set_client(&format!("{hanging}[volume.\"bronze\"]\nmount = \"fail\"\n"));
    let called = ground.hook(&two, "prepare");
    println!("{}", called.stderr);
    assert!(!called.stderr.contains("cannot be found out"), "{called:?}");
    let took = called.fails_with(&["share bronze", "exited with status"]);
    println!("refused after {took:.1?}");
    assert!(took < Duration::from_secs(4), "{took:?}");
    ground.set_client(hanging);
    ground.hook(&two, "prepare").succeeds();
    ground.hook(&two, "release").succeeds();
    stuck.end(&ground);
    ground.set_client("");
    ground.hook(&one, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn a_lease_is_believed_while_its_qemu_may_be_a_process_that_cannot_be_looked_at() {
    let ground = ground!();
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let hung = ground.guest("hung", &["gold", "silver"]);
    let (one, two) = (ground.guest("one", &["gold"]), ground.guest("two", &["gold"]));
    ground.hook(&hung, "prepare").succeeds();
    let stuck = Stuck::start(&ground);
    let mut daemon = Daemon::start(&ground, &one);
    daemon.calls("prepare");
    drop(daemon);
    for operation in ["prepare", "release"] {
        let took = ground.hook(&two, operation).succeeds();
        println!("{operation} took {took:.1?}");
        assert!(took < Duration::from_secs(3), "{operation} took {took:?}");
    }
    assert!(ground.is_mounted("gold") && ground.record("gold").contains(&one.uuid));
    stuck.end(&ground);
    ground.set_client("");
    ground.hook(&two, "prepare").succeeds();
    ground.hook(&two, "release").succeeds();
    assert!(!ground.record("gold").contains(&one.uuid), "its daemon is dead and it has no QEMU");
    ground.hook(&hung, "release").succeeds();
    ground.assert_nothing_left();
}
