//! How the client starts, refuses to, and ends.

use std::fs;
use std::io::Read as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{getpid, getsid};
use serde_json::Value;

use crate::claims;
use crate::rig::{EXPORT, Rig, eventually, text};

claims![
    a_wrong_command_line_gets_the_usage,
    the_version_is_printed_and_counts_as_an_error,
    what_cannot_be_mounted_is_refused_with_a_reason,
    a_mount_point_in_use_is_refused_unless_stacking_is_allowed,
    a_broken_control_file_is_located,
    every_start_is_recorded_as_it_was_made,
    the_client_comes_back_when_the_mount_is_usable,
    the_daemon_lets_go_of_its_caller,
    in_the_foreground_the_client_stays,
    the_daemon_ends_with_its_mount,
    a_told_daemon_unmounts_and_ends,
    a_volume_can_be_mounted_again_at_once,
];

fn a_wrong_command_line_gets_the_usage() {
    let rig = Rig::new();
    let point = rig.point();
    let point = point.to_str().unwrap();
    for words in [&[][..], &[EXPORT], &["--user-xattrs", EXPORT, point], &["gold", point]] {
        let output = rig.client(words).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(text(&output.stderr).contains("usage: mount.quobyte"), "{words:?}");
        assert_eq!(output.stdout, b"", "{words:?}");
    }
}

fn the_version_is_printed_and_counts_as_an_error() {
    let output = Rig::new().client(&["--version"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stdout), "quobyte 4.0-standin\n");
}

fn what_cannot_be_mounted_is_refused_with_a_reason() {
    let rig = Rig::new();
    fs::write(rig.beside("file"), "").unwrap();
    fs::create_dir_all(rig.beside("full/x")).unwrap();
    let path = |name: &str| rig.beside(name).to_str().unwrap().to_owned();
    for (words, reason) in [
        (&["reg/none", &path("point")][..], "unknown volume \"none\""),
        (&[EXPORT, &path("none")], "No such file or directory"),
        (&[EXPORT, &path("file")], "is not a directory"),
        (&[EXPORT, &path("full")], "is not empty"),
        (&[EXPORT, &path("point"), "-c", &path("none.cfg")], "cannot read the configuration"),
        (&[EXPORT, &path("point"), "-c", &path("full")], "cannot read the configuration"),
    ] {
        let output = rig.client(words).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{words:?}");
        let stderr = text(&output.stderr);
        assert!(stderr.contains(reason), "{words:?}: {stderr:?}");
        assert_eq!(rig.lines(), [""; 0], "{words:?}");
        rig.daemon_ends();
    }
}

fn a_mount_point_in_use_is_refused_unless_stacking_is_allowed() {
    let rig = Rig::mounted();
    let output = rig.try_mount();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("is busy or already mounted"), "{output:?}");
    rig.control("allow_stacking = true");
    rig.mount();
    assert_eq!(rig.lines().len(), 2);
    rig.unmount().unwrap();
    rig.unmount().unwrap();
    rig.daemon_ends();
}

fn a_broken_control_file_is_located() {
    let rig = Rig::new();
    rig.control("answers = 'sometimes'");
    let output = rig.try_mount();
    assert_eq!(output.status.code(), Some(1));
    let stderr = text(&output.stderr);
    assert!(stderr.contains("standin.conf") && stderr.contains("line 2, column 11"), "{stderr}");
    assert_eq!(rig.lines(), [""; 0]);
}

fn every_start_is_recorded_as_it_was_made() {
    let rig = Rig::new();
    let leaked = fs::File::open("/proc/self/stat").unwrap();
    nix::fcntl::fcntl(&leaked, nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::empty())).unwrap();
    let child = rig
        .client(&["-c", "it's \"here\"", EXPORT])
        .env_clear()
        .env("LANG", "C")
        .current_dir("/")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let pid = child.id();
    assert!(!child.wait_with_output().unwrap().status.success());
    rig.client(&["--version"]).output().unwrap();

    let log = fs::read_to_string(rig.beside("standin.log")).unwrap();
    let starts: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(starts.len(), 2);
    let start = &starts[0];
    assert_eq!(start["argv"].as_array().unwrap()[1..], ["-c", "it's \"here\"", EXPORT]);
    assert_eq!(start["env"], serde_json::json!({"LANG": "C"}));
    assert_eq!(start["cwd"], "/");
    assert_eq!(start["umask"], "0022");
    assert_eq!(start["pid"], pid);
    assert_eq!(start["ppid"], getpid().as_raw());
    assert_eq!(start["sid"], getsid(None).unwrap().as_raw());
    assert!(
        start["pgid"].is_i64() && start["oom_score_adj"].is_i64() && start["cgroup"].is_string()
    );
    assert!(start["time"].as_f64().unwrap() > 1.6e9);
    let fds = start["fds"].as_object().unwrap();
    let targets: Vec<_> = ["0", "1", "2"].iter().map(|fd| fds[*fd].as_str().unwrap()).collect();
    assert_eq!(targets, ["/dev/null"; 3]);
    assert!(fds.values().any(|target| target.as_str().unwrap().ends_with("/stat")), "{fds:?}");
    assert!(!fds.values().any(|target| target.as_str().unwrap().contains("standin.")), "{fds:?}");
    drop(leaked);
}

fn the_client_comes_back_when_the_mount_is_usable() {
    let rig = Rig::new();
    rig.control("mount_delay = '300ms'");
    let begin = Instant::now();
    rig.mount();
    assert!(begin.elapsed() >= Duration::from_millis(300));
    fs::write(rig.point().join("file"), "at once").unwrap();
    assert_eq!(fs::read(rig.backing().join("file")).unwrap(), b"at once");
}

fn the_daemon_lets_go_of_its_caller() {
    let rig = Rig::mounted();
    let daemon = rig.daemon();
    assert_eq!(getsid(Some(daemon)).unwrap(), daemon);
    let link = |name: &str| fs::read_link(format!("/proc/{daemon}/{name}")).unwrap();
    assert_eq!(link("cwd").to_str(), Some("/"));
    for fd in ["fd/0", "fd/1", "fd/2"] {
        assert_eq!(link(fd).to_str(), Some("/dev/null"));
    }
    let cgroup = |of: &str| fs::read_to_string(format!("/proc/{of}/cgroup")).unwrap();
    assert_eq!(cgroup(&daemon.to_string()), cgroup("self"));
}

fn in_the_foreground_the_client_stays() {
    let rig = Rig::new();
    let mut client = rig.client(&["-f", EXPORT]).arg(rig.point()).spawn().unwrap();
    eventually("it has mounted", || !rig.lines().is_empty());
    fs::write(rig.point().join("file"), "").unwrap();
    assert_eq!(rig.daemon().as_raw().cast_unsigned(), client.id());
    assert_eq!(client.try_wait().unwrap(), None);
    rig.unmount().unwrap();
    assert!(client.wait().unwrap().success());
}

fn the_daemon_ends_with_its_mount() {
    let rig = Rig::mounted();
    fs::write(rig.point().join("file"), "kept").unwrap();
    rig.unmount().unwrap();
    rig.daemon_ends();
    assert_eq!(rig.lines(), [""; 0]);
    assert_eq!(fs::read(rig.backing().join("file")).unwrap(), b"kept");
}

fn a_told_daemon_unmounts_and_ends() {
    let rig = Rig::new();
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        rig.mount();
        // In use, as it would be: who uses it loses it, as with libfuse.
        fs::write(rig.point().join("file"), "content").unwrap();
        let mut file = fs::File::open(rig.point().join("file")).unwrap();
        kill(rig.daemon(), signal).unwrap();
        rig.daemon_ends();
        assert_eq!(rig.lines(), [""; 0]);
        assert!(file.read(&mut [0]).is_err());
    }
}

fn a_volume_can_be_mounted_again_at_once() {
    let rig = Rig::mounted();
    for round in 0..20 {
        fs::write(rig.point().join("file"), round.to_string()).unwrap();
        rig.unmount().unwrap();
        rig.mount();
        assert_eq!(fs::read_to_string(rig.point().join("file")).unwrap(), round.to_string());
    }
    // A daemon that ended late must not have taken its successor's mount.
    eventually("the old daemons ended", || rig.daemons().len() == 1);
    assert_eq!(rig.lines().len(), 1);
}
