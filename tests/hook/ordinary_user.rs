//! Every command as a user who is nobody: what only looks, looks as far as it may, and what it does not do names root.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::ground::{Ground, chmod, ground};
use crate::schema;

/// `nobody` and `nogroup`, as far as there are such names.
const NOBODY: u32 = 65_534;

/// A ground that everybody may look at, as a host is, with the admin command on it.
fn open_ground(ground: &Ground) {
    chmod(&ground.path(""), 0o755);
    let admin = env!("CARGO_BIN_EXE_virt-quobyte");
    let copied = Command::new("cp").arg(admin).arg(ground.path("bin/virt-quobyte")).status();
    assert!(copied.is_ok_and(|cp| cp.success()));
}

/// The exit status, and what is said on each way out.
fn as_nobody(ground: &Ground, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(ground.path("bin/virt-quobyte"))
        .args(arguments)
        .env("VIRT_QUOBYTE_CONFIG", ground.path("config.toml"))
        // Of root's home nothing may be needed.
        .env_remove("HOME")
        .current_dir("/")
        .uid(NOBODY)
        .gid(NOBODY)
        .stdin(Stdio::null())
        .output()
        .expect("it starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("no signal"), text(output.stdout), text(output.stderr))
}

/// The commands that the help lists.
fn commands(ground: &Ground) -> Vec<String> {
    let (_, help, _) = as_nobody(ground, &["--help"]);
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = listed.take_while(|line| !line.is_empty());
    let names = listed.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    names.filter(|name| !name.is_empty() && *name != "help").map(str::to_owned).collect()
}

#[test]
fn each_command_does_for_an_ordinary_user_what_it_may_or_names_root() {
    let ground = ground!();
    open_ground(&ground);
    let guest = ground.guest("web1", &["gold"]);
    ground.hook(&guest, "prepare").succeeds();
    let xml = ground.text("web1.xml");
    fs::write(&xml, guest.xml()).expect("written");
    let hooks = ground.text("hooks");
    let hook = ground.text("bin/virt-quobyte-hook");
    fs::write(&hook, "").expect("written");
    chmod(ground.path("bin/virt-quobyte-hook").as_path(), 0o755);
    let disk = ["--share", "gold", "--image", "vm.img", "--target", "vdb"];
    let install = ["install", "--hooks-dir", &hooks, "--hook", &hook];
    let uninstall = ["uninstall", "--hooks-dir", &hooks];
    let only_root =
        |what: &str| (3, "", format!("virt-quobyte: only root may {what}: run it as root\n"));
    let done = |printed| (0, printed, String::new());
    let disk_xml = [&["disk-xml"], &disk[..]].concat();
    let attach = [&["attach", "web1"], &disk[..]].concat();
    let rows: &[(&[&str], (i32, &str, String))] = &[
        (&["status"], done("gold    managed  healthy  -      ?\n")),
        (&["needs", &xml], done("needs gold  reg1,reg2/gold on ")),
        (
            &["lint", "--fail-on", "error", "--select", "mapping", &xml],
            (0, "", "nothing found in 1 document".to_owned()),
        ),
        (&["explain", "VQ101"], done("VQ101 ")),
        (&disk_xml, done("<disk type='file'")),
        (&["config", "check"], done("the configuration is usable; 2 shares configured\n")),
        (&["mount", "gold"], only_root("mount a share")),
        (&["umount", "gold"], only_root("unmount a share")),
        (&attach, only_root("give a guest a disk")),
        (&["detach", "web1", "vda"], only_root("take a disk from a guest")),
        (&["recover"], only_root("look at the records of shares")),
        (&["recover", "--apply"], only_root("look at the records of shares")),
        (&["recover", "--abort", "gold", "--yes"], only_root("look at the records of shares")),
        (&["renew", "gold", "--yes"], only_root("give a share another client")),
        (&["watch"], only_root("revive guests")),
        (&["selftest", "gold"], only_root("mount a volume")),
        (&install, only_root(&format!("change {hooks}"))),
    ];
    let mut left = commands(&ground);
    assert!(left.len() > 10, "{left:?}");
    for (arguments, (status, printed, complaint)) in rows {
        let (found, stdout, stderr) = as_nobody(&ground, arguments);
        let said = format!("{arguments:?}: {found}\n{stdout}{stderr}");
        assert_eq!(found, *status, "{said}");
        assert!(stdout.contains(printed) && printed.is_empty() == stdout.is_empty(), "{said}");
        assert!(
            stderr.contains(&**complaint) && complaint.is_empty() == stderr.is_empty(),
            "{said}"
        );
        left.retain(|command| command != arguments[0]);
    }
    // The link is there: so something would have to be removed, and who still needs it only root can tell.
    assert_eq!(crate::by_hand::admin(&ground, &install).0, 0);
    let (status, _, stderr) = as_nobody(&ground, &uninstall);
    assert_eq!((status, stderr), (3, only_root("see who still needs the hook").2));
    left.retain(|command| command != "uninstall");
    // It has a test of its own.
    left.retain(|command| command != "doctor");
    assert_eq!(left, Vec::<String>::new(), "nobody has tried these");
    ground.hook(&guest, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn status_tells_an_ordinary_user_what_the_mounts_tell_and_says_what_it_does_not_know() {
    let ground = ground!();
    open_ground(&ground);
    let guest = ground.guest("web1", &["gold"]);
    ground.hook(&guest, "prepare").succeeds();
    let seen = || {
        let (status, text, stderr) = as_nobody(&ground, &["status", "--json"]);
        assert_eq!(stderr, "");
        schema::holds("status", &text);
        (status, serde_json::from_str::<Value>(&text).expect("JSON"))
    };
    let (status, report) = seen();
    let gold = &report["shares"][0];
    assert_eq!((status, &gold["state"]), (0, &"healthy".into()), "{report:#}");
    for unknown in ["holders", "client", "mounted_since", "unit"] {
        assert_eq!(gold[unknown], Value::Null, "{report:#}");
    }
    ground.kill_clients();
    let (status, report) = seen();
    let dead = &report["shares"][0];
    assert_eq!((status, &dead["state"]), (1, &"dead".into()), "{report:#}");
    let remedy = dead["findings"][0]["remedy"].as_str().expect("a remedy");
    assert!(remedy.contains("root"), "{remedy}");
}

#[test]
fn what_an_ordinary_user_may_not_see_is_not_bad_for_that() {
    let ground = ground!();
    open_ground(&ground);
    ground.hook(&ground.guest("web1", &["gold"]), "prepare").succeeds();
    let (status, text, stderr) = as_nobody(&ground, &["doctor", "--json"]);
    assert!(status <= 1 && stderr.is_empty(), "{text}{stderr}");
    schema::holds("doctor", &text);
    let report: Value = serde_json::from_str(&text).expect("JSON");
    for check in report["checks"].as_array().expect("a list") {
        let seen = check["seen"].as_str().expect("a text");
        assert!(check["verdict"] != "bad" || !seen.contains("denied"), "{check}");
    }
    let verdict = |subject: &str| {
        let checks = report["checks"].as_array().expect("a list");
        let check = checks.iter().find(|check| check["subject"] == subject);
        check.unwrap_or_else(|| panic!("{subject}: {text}"))["verdict"].clone()
    };
    assert_eq!((verdict("configuration"), verdict("client")), ("good".into(), "good".into()));
}
