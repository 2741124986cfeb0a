//! Which room may use which: the table, held against every `use crate::` line.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A room and the rooms it may use. A room is a file or folder right below `src`; `a/b` is a part of a mixed room that may use
/// more than the rest of it.
const MAY_USE: &[(&str, &[&str])] = &[
    // Pure.
    ("as_text", &[]),
    ("escape", &[]),
    ("image", &[]),
    ("near", &[]),
    ("share", &[]),
    ("xml", &["escape"]),
    ("domain", &["escape", "xml"]),
    ("relaxng", &["near", "xml"]),
    ("mounts", &["as_text", "share"]),
    ("health", &["mounts", "share"]),
    ("selftest", &["escape", "mounts"]),
    ("revive", &["escape", "needs", "share", "xml"]),
    ("watch", &["health"]),
    ("plan", &["domain", "health", "lease", "mounts", "share"]),
    ("needs", &["config", "domain", "escape", "image", "share", "xml"]),
    ("diskxml", &["domain", "escape", "share", "xml"]),
    ("lint", &["config", "domain", "escape", "near", "needs", "share", "xml"]),
    // Mixed: a pure half and one loader or store.
    ("config", &["near", "share"]),
    ("lease", &["as_text", "domain", "escape", "mounts", "share"]),
    ("lease/store", &["domain", "host", "share"]),
    ("lease/store/turn", &["domain", "host"]),
    ("link", &[]),
    ("link/place", &["host", "share"]),
    // Effects.
    ("host", &["health", "image", "mounts", "selftest", "share"]),
    ("observe", &["domain", "health", "host", "lease", "mounts", "plan", "share"]),
    ("apply", &["config", "health", "host", "lease", "mounts", "observe", "plan", "share"]),
    ("hold", &["apply", "config", "health", "host", "lease", "mounts", "observe", "plan", "share"]),
    (
        "attempt",
        &[
            "config", "escape", "health", "hold", "host", "image", "lease", "needs", "observe",
            "share", "xml",
        ],
    ),
    (
        "hook",
        &[
            "attempt", "config", "domain", "escape", "health", "hold", "host", "lease", "needs",
            "observe", "plan", "share", "xml",
        ],
    ),
];

#[test]
fn no_room_uses_another_that_the_table_does_not_allow() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut faults = Vec::new();
    let mut files = Vec::new();
    rust_files(&source, &mut files);
    for file in &files {
        let within = file.strip_prefix(&source).expect("below src").with_extension("");
        let within = &*within.to_str().expect("UTF-8").replace("/mod", "");
        let room = within.split('/').next().expect("a name");
        if room == "lib" || room == "bin" {
            continue;
        }
        let is_in = |known: &str| Path::new(within).starts_with(known);
        let rows = MAY_USE.iter().filter(|(known, _)| is_in(known));
        let Some((_, allowed)) = rows.max_by_key(|(known, _)| known.len()) else {
            faults.push(format!("src/{within}.rs is in no room of the table"));
            continue;
        };
        let text = fs::read_to_string(file).expect("readable");
        for used in used_rooms(&text) {
            if used != room && !allowed.contains(&used.as_str()) {
                faults.push(format!("src/{within}.rs uses crate::{used}, which {room} may not"));
            }
        }
    }
    assert!(files.len() > 40, "only {} files were looked at", files.len());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn libvirts_library_is_named_in_one_room_and_printing_happens_in_one_room() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&source, &mut files);
    let naming = |word: &str| -> BTreeSet<String> {
        let named =
            files.iter().filter(|file| fs::read_to_string(file).expect("readable").contains(word));
        named
            .map(|file| file.strip_prefix(&source).expect("below src").display().to_string())
            .collect()
    };
    let libvirt = naming("use virt::");
    assert!(
        !libvirt.is_empty()
            && libvirt.iter().all(|file| file.starts_with("bin/virt-quobyte/libvirt/")),
        "{libvirt:?}"
    );
    assert_eq!(
        naming("stdout()"),
        ["bin/virt-quobyte-hook.rs", "bin/virt-quobyte/render/mod.rs"].map(String::from).into()
    );
}

fn rust_files(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The first word after each `crate::`, outside of comments and tests.
fn used_rooms(text: &str) -> BTreeSet<String> {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines
        .flat_map(|line| line.split("crate::").skip(1))
        .map(|rest| rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect())
        .filter(|room: &String| !room.is_empty())
        .collect()
}
