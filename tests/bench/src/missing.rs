//! What this machine lacks to run the bench, in one line.

use std::path::Path;

use nix::unistd::geteuid;

use crate::{host, nothing};

pub(crate) fn look() -> Vec<String> {
    if !geteuid().is_root() {
        return vec!["root rights".to_owned()];
    }
    let built = [
        (host::hook(), "cargo build --release"),
        (host::client(), "cargo build --release --package standin"),
    ];
    let built = built
        .iter()
        .filter(|(program, _)| !program.is_file())
        .map(|(program, how)| format!("{} ({how})", program.display()));
    let programs = ["/dev/fuse", nothing::BASH, nothing::PYTHON].into_iter();
    let programs = programs.filter(|path| !Path::new(path).exists()).map(str::to_owned);
    let named = ["cc", "unshare"].into_iter().filter(|name| !in_path(name));
    programs.chain(named.map(|name| format!("the program {name}"))).chain(built).collect()
}

fn in_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}
