//! What a package ships beside the binaries: completions and manual pages, written from the command's own definitions and from
//! the sample configuration.
//!
//! The files are in `hooks/usr/share`, as they are installed. A test holds them against what is generated here, and
//! `SNAPSHOTS=overwrite cargo test --bins generated` writes them anew: nothing of the generators is in any binary.

mod config_page;
mod man;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Arguments;

/// Where the files are, as they will be below `/usr/share`.
fn share() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("hooks/usr/share")
}

/// The command, with what clap itself adds to it, but for `help`: manual pages and `--help` are that already.
fn command() -> clap::Command {
    let mut command = Arguments::command().disable_help_subcommand(true);
    command.build();
    command
}

/// The command and all below it.
fn all(command: &clap::Command) -> Vec<&clap::Command> {
    let below = command.get_subcommands().filter(|sub| !sub.is_hide_set());
    std::iter::once(command).chain(below.flat_map(all)).collect()
}

/// Every generated file below `share`, and its text.
fn files() -> Vec<(String, String)> {
    let mut files: Vec<_> = all(&command())
        .into_iter()
        .map(|command| (man::path(command), man::page(command)))
        .collect();
    let sample = include_str!("../../../../hooks/etc/virt-quobyte/config.toml");
    files.push((config_page::PATH.to_owned(), config_page::page(sample)));
    for (shell, path) in COMPLETIONS {
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut Arguments::command(), "virt-quobyte", &mut text);
        files.push((path.to_owned(), String::from_utf8(text).expect("UTF-8")));
    }
    files
}

const COMPLETIONS: [(Shell, &str); 3] = [
    (Shell::Bash, "bash-completion/completions/virt-quobyte"),
    (Shell::Fish, "fish/vendor_completions.d/virt-quobyte.fish"),
    (Shell::Zsh, "zsh/site-functions/_virt-quobyte"),
];

/// Runs a checker, if there is one on this machine.
fn check(program: &str, arguments: &[&str], file: &Path) {
    let Ok(output) = Command::new(program).args(arguments).arg(file).output() else {
        println!("skipped: {program} is not installed");
        return;
    };
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    // A page has no date on purpose, and clap_mangen sets breaks too many around a list of values.
    let meant = ["missing date", "skipping paragraph macro: br"];
    let is_fault = |line: &&str| !meant.iter().any(|known| line.contains(known));
    let faults: Vec<_> = said.lines().filter(is_fault).collect();
    let well = output.status.success() || !said.is_empty();
    assert!(well && faults.is_empty(), "{program} {}: {}\n{said}", file.display(), output.status);
}

#[test]
fn the_files_that_are_shipped_are_those_that_the_commands_and_the_sample_make() {
    let files = files();
    for (path, text) in &files {
        // snapbox compares, and writes if it is told to.
        snapbox::assert_data_eq!(text, snapbox::Data::read_from(&share().join(path), None).raw());
    }
    let is_generated = |path: &Path| files.iter().any(|(known, _)| share().join(known) == path);
    for section in ["man1", "man5"] {
        for page in fs::read_dir(share().join("man").join(section)).expect("readable") {
            let page = page.expect("readable").path();
            assert!(is_generated(&page), "{} is of no command: remove it", page.display());
        }
    }
}

#[test]
fn every_command_has_a_page_and_is_in_the_completions_of_every_shell() {
    let command = command();
    let files = files();
    for (_, path) in COMPLETIONS {
        let (_, text) = files.iter().find(|(known, _)| known == path).expect("generated");
        for command in all(&command) {
            assert!(text.contains(command.get_name()), "{path}: {}", command.get_name());
        }
    }
    let (_, front) = files.iter().find(|(path, _)| path == "man/man1/virt-quobyte.1").expect("one");
    for sub in command.get_subcommands() {
        // As roff writes a hyphen that is one.
        let name = sub.get_name().replace('-', "\\-");
        assert!(front.contains(&format!("virt\\-quobyte\\-{name}(1)")), "{name} in:\n{front}");
    }
    assert!(all(&command).len() > 5, "commands were found at all");
}

#[test]
fn manual_pages_and_completions_are_well_formed() {
    let pages = files().into_iter().map(|(path, _)| path).filter(|path| path.starts_with("man/"));
    for page in pages.chain(["man/man8/virt-quobyte-hook.8".to_owned()]) {
        let page = share().join(page);
        check("mandoc", &["-Tlint", "-Wwarning"], &page);
        check("groff", &["-man", "-ww", "-z", "-Tutf8", "-K", "utf8"], &page);
    }
    for (shell, path) in COMPLETIONS {
        check(&shell.to_string(), &["-n"], &share().join(path));
    }
}

#[test]
fn both_packages_bring_all_that_make_install_does() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = fs::read_to_string(root.join("Cargo.toml")).expect("readable");
    let manifest: toml::Table = manifest.parse().expect("TOML");
    let metadata = &manifest["package"]["metadata"];
    for package in ["deb", "generate-rpm"] {
        let assets = metadata[package]["assets"].as_array().expect("a list");
        let source = |asset: &toml::Value| {
            let source = asset.get("source").or_else(|| asset.get(0));
            source.and_then(toml::Value::as_str).expect("a source").to_owned()
        };
        let sources: Vec<String> = assets.iter().map(source).collect();
        let mut looked_at = 0;
        for tree in ["hooks/etc", "hooks/usr"] {
            for file in files_below(&root.join(tree)) {
                let file = file.strip_prefix(root).expect("below it");
                let all_of_its_directory = file.parent().expect("one").join("*");
                let is_packed = |source: &String| {
                    [file, all_of_its_directory.as_path()].contains(&Path::new(source))
                };
                assert!(sources.iter().any(is_packed), "{package} lacks {}", file.display());
                looked_at += 1;
            }
        }
        assert!(looked_at > 10, "only {looked_at} files were looked at");
    }
}

fn files_below(directory: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(directory).expect("readable").map(|entry| entry.expect("one").path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}
