//! Each way in which the client can be told to go wrong.

use std::fs;
use std::io::Read as _;
use std::os::fd::AsFd as _;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use nix::mount::{MntFlags, umount2};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::claims;
use crate::rig::{EXPORT, Rig, assert_errno, eventually, stat_command, text};

claims![
    a_failing_client_says_why_and_mounts_nothing,
    a_client_can_succeed_without_a_mount,
    a_client_can_fail_with_4_on_stdout,
    a_client_can_never_return,
    a_killed_callers_daemon_mounts_all_the_same,
    a_failure_can_begin_with_junk,
    the_caller_loses_its_pipes_only_if_told_so,
    a_dead_daemon_leaves_its_mount_unconnected,
    a_hung_mount_answers_nobody_until_it_is_told_to,
    a_hung_mount_can_be_hung_from_its_start,
    a_hung_daemon_ends_with_its_connection,
    a_volume_can_answer_only_errors,
    slow_answers_do_not_wait_for_each_other,
    one_volume_can_behave_unlike_the_others,
    locks_stay_with_their_client,
    locks_reach_another_client_if_told_so,
    a_control_file_that_breaks_later_changes_nothing,
];

fn a_failing_client_says_why_and_mounts_nothing() {
    let rig = Rig::new();
    rig.control("mount = 'fail'");
    let output = rig.try_mount();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(output.stdout, b"");
    assert!(text(&output.stderr).contains(EXPORT), "{output:?}");
    assert_eq!(rig.lines(), [""; 0]);
    rig.daemon_ends();
}

fn a_client_can_succeed_without_a_mount() {
    let rig = Rig::new();
    rig.control("mount = 'exit-zero-unmounted'");
    rig.mount();
    assert_eq!(rig.lines(), [""; 0]);
    rig.daemon_ends();
}

fn a_client_can_fail_with_4_on_stdout() {
    let rig = Rig::new();
    rig.control("mount = 'exit-four-on-stdout'");
    let output = rig.try_mount();
    assert_eq!(output.status.code(), Some(4));
    assert_eq!(output.stderr, b"");
    assert!(text(&output.stdout).contains(EXPORT), "{output:?}");
    assert_eq!(rig.lines(), [""; 0]);
}

fn a_client_can_never_return() {
    let rig = Rig::new();
    rig.control("mount = 'never-returns'");
    let mut client = rig.client(&[EXPORT]).arg(rig.point()).spawn().unwrap();
    thread::sleep(Duration::from_millis(300));
    assert_eq!(client.try_wait().unwrap(), None);
    client.kill().unwrap();
    client.wait().unwrap();
    rig.daemon_ends();
    assert_eq!(rig.lines(), [""; 0]);
}

fn a_killed_callers_daemon_mounts_all_the_same() {
    let rig = Rig::new();
    rig.control("mount_delay = '300ms'");
    let mut client = rig.client(&[EXPORT]).arg(rig.point()).spawn().unwrap();
    eventually("there is a daemon", || rig.daemons().len() == 2);
    client.kill().unwrap();
    client.wait().unwrap();
    eventually("it has mounted", || !rig.lines().is_empty());
    fs::metadata(rig.point()).unwrap();
}

fn a_failure_can_begin_with_junk() {
    let rig = Rig::new();
    rig.control("mount = 'fail'\nchatter = 300000");
    let output = rig.try_mount();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stderr.len() > 300_000);
    assert!(output.stderr.contains(&0x1b));
    assert!(std::str::from_utf8(&output.stderr).is_err());
    let end = &output.stderr[300_000..];
    assert!(end.starts_with(b"mount.quobyte: "), "{}", text(end));
}

fn the_caller_loses_its_pipes_only_if_told_so() {
    let rig = Rig::new();
    for (stdio, ends) in [("detach", true), ("keep", false)] {
        rig.control(&format!("stdio = '{stdio}'"));
        let mut client = rig
            .client(&[EXPORT])
            .arg(rig.point())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        assert!(client.wait().unwrap().success());
        let (mut stdout, mut stderr) =
            (client.stdout.take().unwrap(), client.stderr.take().unwrap());
        for pipe in [stdout.as_fd(), stderr.as_fd()] {
            let mut fds = [PollFd::new(pipe, PollFlags::POLLIN)];
            let ready = poll(&mut fds, PollTimeout::from(200_u8)).unwrap();
            assert_eq!(ready == 1, ends, "{stdio}");
        }
        rig.unmount().unwrap();
        assert_eq!(stdout.read(&mut [0]).unwrap() + stderr.read(&mut [0]).unwrap(), 0);
        rig.daemon_ends();
    }
}

fn a_dead_daemon_leaves_its_mount_unconnected() {
    let rig = Rig::new();
    rig.control("die_after = '200ms'");
    rig.mount();
    fs::metadata(rig.point()).unwrap();
    rig.daemon_ends();
    // A request that the kernel took while the connection was closing is aborted; those after it find it closed.
    let aborted = |result: std::io::Result<fs::Metadata>| {
        result.is_err_and(|error| error.raw_os_error() == Some(Errno::ECONNABORTED as i32))
    };
    while aborted(fs::metadata(rig.point())) {}
    assert_errno(fs::metadata(rig.point()), Errno::ENOTCONN);
    assert_errno(fs::read_dir(rig.point()), Errno::ENOTCONN);
    assert_eq!(rig.lines().len(), 1);
    rig.unmount().unwrap();
    assert_eq!(rig.lines(), [""; 0]);
}

/// Whether a process waits in the kernel and cannot be killed.
fn is_in_disk_sleep(process: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    stat.rsplit_once(") ").unwrap().1.starts_with('D')
}

fn a_hung_mount_answers_nobody_until_it_is_told_to() {
    let rig = Rig::mounted();
    fs::write(rig.point().join("file"), "").unwrap();
    rig.control("answers = 'hang'");
    let mut stats: Vec<_> = [rig.point(), rig.point().join("file"), rig.point().join("none")]
        .iter()
        .map(|path| stat_command(path).spawn().unwrap())
        .collect();
    thread::sleep(Duration::from_millis(300));
    for stat in &mut stats {
        assert_eq!(stat.try_wait().unwrap(), None);
    }
    // As with the real one: what the daemon has read is waited for, come what may.
    kill(Pid::from_raw(stats[0].id().cast_signed()), Signal::SIGKILL).unwrap();
    eventually("the killed process waits on", || is_in_disk_sleep(stats[0].id()));
    assert_eq!(stats[0].try_wait().unwrap(), None);
    assert_eq!(rig.unmount(), Err(Errno::EBUSY));
    assert_eq!(rig.lines().len(), 1);
    rig.control("");
    let ends: Vec<_> = stats.iter_mut().map(|stat| stat.wait().unwrap().code()).collect();
    assert_eq!(ends, [None, Some(0), Some(1)]);
    fs::metadata(rig.point()).unwrap();
}

fn a_hung_mount_can_be_hung_from_its_start() {
    let rig = Rig::new();
    rig.control("answers = 'hang'");
    rig.mount();
    let mut stat = stat_command(&rig.point()).spawn().unwrap();
    thread::sleep(Duration::from_millis(200));
    assert_eq!(stat.try_wait().unwrap(), None);
    rig.control("");
    assert!(stat.wait().unwrap().success());
}

fn a_hung_daemon_ends_with_its_connection() {
    let rig = Rig::mounted();
    rig.control("answers = 'hang'");
    rig.unmount().unwrap();
    rig.daemon_ends();

    // As recovery does it when requests are stuck. More of them than the daemon has threads.
    rig.control("");
    rig.mount();
    let lines = rig.lines();
    let minor = lines[0].split(' ').nth(2).unwrap().split_once(':').unwrap().1.to_owned();
    rig.control("answers = 'hang'");
    let mut stats: Vec<_> = (0..40).map(|_| stat_command(&rig.point()).spawn().unwrap()).collect();
    thread::sleep(Duration::from_millis(300));
    let connections = rig.beside("connections");
    fs::create_dir(&connections).unwrap();
    let mounted =
        Command::new("mount").args(["-t", "fusectl", "none"]).arg(&connections).status().unwrap();
    assert!(mounted.success());
    fs::write(connections.join(minor).join("abort"), "1").unwrap();
    for stat in &mut stats {
        assert_eq!(stat.wait().unwrap().code(), Some(1));
    }
    rig.daemon_ends();
    assert_errno(fs::metadata(rig.point()), Errno::ENOTCONN);
    rig.unmount().unwrap();
    umount2(&connections, MntFlags::empty()).unwrap();
}

fn a_volume_can_answer_only_errors() {
    let rig = Rig::mounted();
    fs::write(rig.point().join("file"), "content").unwrap();
    let mut file = fs::File::open(rig.point().join("file")).unwrap();
    rig.control("answers = 'eio'");
    assert_errno(fs::metadata(rig.point()), Errno::EIO);
    assert_errno(fs::read_dir(rig.point()), Errno::EIO);
    assert_errno(file.read(&mut [0]), Errno::EIO);
    assert_errno(fs::write(rig.point().join("new"), ""), Errno::EIO);
    rig.control("");
    assert_eq!(fs::read(rig.point().join("file")).unwrap(), b"content");
    drop(file);
    rig.unmount().unwrap();
    rig.daemon_ends();
}

fn slow_answers_do_not_wait_for_each_other() {
    let rig = Rig::new();
    rig.control("answer_delay = '400ms'");
    rig.mount();
    let begin = Instant::now();
    thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| fs::metadata(rig.point()).unwrap());
        }
    });
    let took = begin.elapsed();
    assert!(took >= Duration::from_millis(400), "{took:?}");
    assert!(took < Duration::from_secs(4), "{took:?}");
}

fn one_volume_can_behave_unlike_the_others() {
    let rig = Rig::new();
    for name in ["volumes/silver", "silver"] {
        fs::create_dir(rig.beside(name)).unwrap();
    }
    rig.mount();
    let silver = rig.beside("silver");
    assert!(rig.client(&["reg/silver"]).arg(&silver).status().unwrap().success());
    rig.control("[volume.silver]\nanswers = 'eio'");
    assert_errno(fs::metadata(&silver), Errno::EIO);
    fs::metadata(rig.point()).unwrap();
    umount2(&silver, MntFlags::empty()).unwrap();
    rig.control("[volume.silver]\nmount = 'fail'");
    assert!(!rig.client(&["reg/silver"]).arg(&silver).status().unwrap().success());
    fs::metadata(rig.point()).unwrap();
}

fn a_control_file_that_breaks_later_changes_nothing() {
    let rig = Rig::mounted();
    rig.control("answers = 'eio'");
    assert_errno(fs::metadata(rig.point()), Errno::EIO);
    // Broken; and empty, as between the two halves of a careless write.
    for content in ["answers = [", ""] {
        fs::write(rig.beside("standin.conf"), content).unwrap();
        assert_errno(fs::metadata(rig.point()), Errno::EIO);
    }
    rig.control("answers = 'normal'");
    fs::metadata(rig.point()).unwrap();
    fs::remove_file(rig.beside("standin.conf")).unwrap();
    fs::metadata(rig.point()).unwrap();
}

fn locks_stay_with_their_client() {
    locks_of_two_clients("locks = 'local'", None);
}

fn locks_reach_another_client_if_told_so() {
    locks_of_two_clients("locks = 'shared'", Some(Errno::EAGAIN));
}

/// Through one client a file is locked, and through another one the same is tried.
fn locks_of_two_clients(keys: &str, refused: Option<Errno>) {
    let rig = Rig::new();
    rig.control(keys);
    rig.mount();
    let other_point = rig.beside("other");
    fs::create_dir(&other_point).unwrap();
    let other = rig.client(&["--disable-xattrs", EXPORT]).arg(&other_point).output().unwrap();
    assert!(other.status.success(), "{other:?}");
    let open = |point: &std::path::Path| {
        let mut how = fs::File::options();
        how.read(true).write(true).create(true).truncate(false).open(point.join("image")).unwrap()
    };
    let (here, there) = (open(&rig.point()), open(&other_point));
    let whole = libc::flock {
        l_type: libc::F_WRLCK.try_into().unwrap(),
        l_whence: 0,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    let takes = |file: &fs::File| fcntl(file, FcntlArg::F_OFD_SETLK(&whole));
    takes(&here).unwrap();
    assert_eq!(takes(&there).err(), refused);
    // The kernel lets go of it some time after it was closed.
    drop(here);
    eventually("the lock is gone with its file", || takes(&there).is_ok());
    drop(there);
    umount2(&other_point, MntFlags::UMOUNT_NOFOLLOW).unwrap();
    rig.unmount().unwrap();
    rig.daemon_ends();
}
