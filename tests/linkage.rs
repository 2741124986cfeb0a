//! What the hook is linked with: every guest's start pays for it.
//!
//! `PROGRAMS=DIRECTORY` has the programs looked at that lie there, which were linked in another way.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A program of this build, or the one of its name that is to be looked at.
fn program(built: &str) -> PathBuf {
    let built = Path::new(built);
    match (std::env::var_os("PROGRAMS"), built.file_name()) {
        (Some(others), Some(name)) => Path::new(&others).join(name),
        _ => built.to_owned(),
    }
}

/// The libraries that a binary asks the dynamic linker for.
fn needed(built: &str) -> Vec<String> {
    let output = Command::new("readelf")
        .args(["--dynamic", "--wide"])
        .arg(program(built))
        .env("LC_ALL", "C")
        .output()
        .expect("readelf, of binutils, which a Rust toolchain needs for its linker");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let needed = text.lines().filter(|line| line.contains("(NEEDED)"));
    needed.filter_map(|line| Some(line.split_once('[')?.1.split_once(']')?.0.to_owned())).collect()
}

#[test]
fn the_hook_needs_the_c_library_and_nothing_else() {
    let needed = needed(env!("CARGO_BIN_EXE_virt-quobyte-hook"));
    assert!(needed.iter().any(|library| library.starts_with("libc.so")), "{needed:?}");
    for library in &needed {
        let known = ["libc.so", "libgcc_s.so", "libm.so", "ld-linux"];
        assert!(known.iter().any(|k| library.starts_with(k)), "the hook needs {library}");
    }
}

#[cfg(feature = "admin")]
#[test]
fn the_admin_command_is_the_one_that_needs_libvirt() {
    let needed = needed(env!("CARGO_BIN_EXE_virt-quobyte"));
    assert!(needed.iter().any(|library| library.starts_with("libvirt.so")), "{needed:?}");
}
