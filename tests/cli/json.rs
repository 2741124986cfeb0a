//! What programs get: every command that takes `--json`, held against its published schema. With mounts it is held where the hook
//! is tested, and what needs a guest that runs, beside the renderer.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::schema;
use crate::{Desk, help};

const CONFIG: &str = "\
[[share]]
name = \"gold\"
export = \"quobyte://reg1,reg2/gold\"
mount_point = \"/srv/quobyte/gold\"
[[share]]
name = \"iso\"
export = \"reg1/iso\"
mode = \"verified\"
";

const WEB1: &str = include_str!("../fixtures/domains/web1.xml");

#[test]
fn each_command_that_prints_json_has_a_published_schema() {
    let desk = Desk::new("");
    let with_json: Vec<String> = help::commands(&desk, &[])
        .into_iter()
        .filter(|command| {
            let arguments: Vec<&str> = command.iter().map(String::as_str).collect();
            let help = desk.run(&[&arguments[..], &["--help"]].concat(), "").stdout;
            help.lines().any(|line| line.trim() == "--json")
        })
        .map(|command| command.join("-"))
        .collect();
    assert!(with_json.len() > 10, "{with_json:?}");
    for command in with_json {
        let named = [command.clone(), format!("{command}-report")];
        assert!(named.iter().any(|name| schema::published(name).exists()), "{command}");
    }
}

#[test]
fn what_a_command_prints_is_what_its_schema_says() {
    let desk = Desk::new(CONFIG);
    let base = desk.path("base").display().to_string();
    let refused =
        WEB1.replace("/var/lib/libvirt/images/tools.iso", &format!("{base}/0123/tools.iso"));
    let anonymous = "<domain><name>a</name></domain>";
    fs::write(desk.path("bad.toml"), "lingger = \"1s\"\nlinger = \"soon\"\n").expect("written");
    let hook = desk.path("virt-quobyte-hook");
    fs::write(&hook, "").expect("written");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).expect("chmod");
    let hook = hook.to_str().expect("UTF-8").to_owned();
    let install = ["install", "--hooks-dir", "hooks", "--hook", &hook, "--json"];
    let rows: &[(&str, &[&str], &str)] = &[
        ("status", &["status", "--json"], ""),
        ("needs", &["needs", "--json", "-"], WEB1),
        ("needs", &["needs", "--json", "-"], &refused),
        ("needs", &["needs", "--json", "-"], anonymous),
        ("config-check", &["config", "check", "--json"], ""),
        ("config-check", &["config", "check", "--json", "--config", "bad.toml"], ""),
        ("config-check", &["config", "check", "--json", "--config", "nowhere.toml"], ""),
        ("explain", &["explain", "--json", "VQ101"], ""),
        ("doctor", &["doctor", "--json"], ""),
        ("doctor", &["doctor", "--json", "--connect", "test:///default"], ""),
        ("install", &install, ""),
        ("install", &install, ""),
        ("uninstall", &["uninstall", "--hooks-dir", "hooks", "--json"], ""),
        ("uninstall", &["uninstall", "--hooks-dir", "hooks", "--json"], ""),
    ];
    for (name, arguments, stdin) in rows {
        let said = desk.run_raw(arguments, stdin);
        assert!(said.status <= 1 && said.stderr.is_empty(), "{}", said.as_text());
        schema::holds(name, &said.stdout);
    }
    let all: serde_json::Value =
        serde_json::from_str(&desk.run(&["explain", "--json"], "").stdout).expect("JSON");
    let told = all["rules"].as_array().expect("a list");
    assert_eq!(told.len(), virt_quobyte::lint::RULES.len());
}
