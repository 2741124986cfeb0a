//! Which files are read, and which are not to be trusted. Some of it needs root, who alone can give files away.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{Main, Trust, files};

/// A directory that only its owner can write.
fn directory() -> TempDir {
    let directory = TempDir::new().expect("a temporary directory");
    set_mode(directory.path(), 0o755);
    directory
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("the mode is set");
}

fn write(path: PathBuf, text: impl AsRef<[u8]>) -> PathBuf {
    let parent = path.parent().expect("a parent");
    if !parent.exists() {
        fs::create_dir(parent).expect("the directory is made");
        set_mode(parent, 0o755);
    }
    fs::write(&path, text).expect("the file is written");
    set_mode(&path, 0o644);
    path
}

/// The texts that are read, or the messages, with the directory's name taken out of both.
fn read(directory: &TempDir, main: impl FnOnce(PathBuf) -> Main) -> Result<String, String> {
    // With links resolved, should the directory for temporary files lie behind one.
    let root = directory.path().canonicalize().expect("the directory exists");
    match files(&main(root.join("config.toml")), Trust::of_this_process()) {
        Ok(files) => Ok(files.into_iter().map(|file| file.text).collect::<Vec<_>>().join(" ")),
        Err(error) => Err(error.to_string().replace(root.to_str().expect("it is text"), "")),
    }
}

#[test]
fn drop_ins_follow_the_main_file_in_byte_order_and_leftovers_are_not_read() {
    let dir = directory();
    write(dir.path().join("config.toml"), "main");
    for name in ["20-b.toml", "10-z.toml", "9.toml", "A.toml", "ä.toml"] {
        write(dir.path().join("config.d").join(name), name);
    }
    for name in [".hidden.toml", "a.toml~", "a.toml.dpkg-old", "a.conf", "toml", ".toml", "a.TOML"]
    {
        write(dir.path().join("config.d").join(name), "not to be read");
    }
    assert_eq!(
        read(&dir, Main::Named).expect("all can be read"),
        "main 10-z.toml 20-b.toml 9.toml A.toml ä.toml"
    );
}

#[test]
fn only_the_default_file_may_be_absent() {
    let dir = directory();
    assert_eq!(read(&dir, Main::Default), Ok(String::new()));
    assert_eq!(
        read(&dir, Main::Named),
        Err("/config.toml: there is no such file; create it, or name another".to_owned())
    );
    write(dir.path().join("config.d/a.toml"), "drop-in");
    assert_eq!(read(&dir, Main::Default).as_deref(), Ok("drop-in"), "they hold without it");
}

#[test]
fn the_argument_comes_before_the_variable_and_the_variable_before_the_default() {
    let choose = |argument: Option<&str>, variable: Option<&str>| match Main::choose(
        argument.map(Path::new),
        variable.map(Into::into),
    ) {
        Ok(Main::Named(path)) => format!("named {}", path.display()),
        Ok(Main::Default(path)) => format!("default {}", path.display()),
        Err(error) => error.to_string(),
    };
    let here = std::env::current_dir().expect("a working directory");
    for (argument, variable, chosen) in [
        (None, None, "default /etc/virt-quobyte/config.toml"),
        (None, Some(""), "default /etc/virt-quobyte/config.toml"),
        (None, Some("/x/a.toml"), "named /x/a.toml"),
        (Some("/y/b.toml"), Some("/x/a.toml"), "named /y/b.toml"),
        (Some("b.toml"), Some("x"), &format!("named {}", here.join("b.toml").display())),
        (
            None,
            Some("a.toml"),
            "VIRT_QUOBYTE_CONFIG: \"a.toml\" is not absolute, and the working directory of a hook is not to be relied \
             on; name an absolute path",
        ),
    ] {
        assert_eq!(choose(argument, variable), chosen, "{argument:?} {variable:?}");
    }
}

#[test]
fn what_others_could_write_is_refused_with_the_remedy() {
    const WHY: &str = "whoever can write it chooses what root mounts; chmod go-w it";
    for (bad, mode, message) in [
        ("config.toml", 0o666, format!("it can be written by everybody (mode 0666): {WHY}")),
        ("config.d/a.toml", 0o646, format!("it can be written by everybody (mode 0646): {WHY}")),
        ("config.d", 0o757, format!("it can be written by everybody (mode 0757): {WHY}")),
        ("", 0o777, format!("it can be written by everybody (mode 0777): {WHY}")),
    ] {
        let dir = directory();
        write(dir.path().join("config.toml"), "");
        write(dir.path().join("config.d/a.toml"), "");
        write(dir.path().join("config.d/b.toml"), "");
        set_mode(&dir.path().join(bad), mode);
        let slash = if bad.is_empty() { "" } else { "/" };
        // Once, however many files it concerns.
        assert_eq!(read(&dir, Main::Named), Err(format!("{slash}{bad}: {message}")), "{bad:?}");
    }
}

#[test]
fn a_group_that_could_write_is_named() {
    let dir = directory();
    set_mode(&write(dir.path().join("config.toml"), ""), 0o664);
    let message = read(&dir, Main::Named).expect_err("the group may write");
    assert!(message.starts_with("/config.toml: it can be written by group "), "{message}");
    assert!(message.contains(" (mode 0664): "), "{message}");
}

#[test]
fn a_link_is_followed_and_its_whole_way_is_judged() {
    let dir = directory();
    let elsewhere = directory();
    write(elsewhere.path().join("real.toml"), "linked");
    symlink(elsewhere.path(), dir.path().join("way")).expect("a link");
    symlink("way/../way/real.toml", dir.path().join("config.toml")).expect("a link");
    let parent_is_the_same = dir.path().parent() == elsewhere.path().parent();
    assert!(parent_is_the_same, "'way/..' is the parent of what the link leads to");
    // "way/.." leads to the directory that holds both, in which there is no "way".
    assert!(read(&dir, Main::Named).expect_err("as the kernel has it").contains("leads nowhere"));
    fs::remove_file(dir.path().join("config.toml")).expect("it goes");
    symlink("./way/real.toml", dir.path().join("config.toml")).expect("a link");
    assert_eq!(read(&dir, Main::Named).as_deref(), Ok("linked"));
    set_mode(elsewhere.path(), 0o777);
    let message = read(&dir, Main::Named).expect_err("others could put another file there");
    let place = elsewhere.path().canonicalize().expect("it exists");
    assert!(message.starts_with(place.to_str().expect("it is text")), "{message}");
}

#[test]
fn links_that_lead_nowhere_are_told_and_not_taken_for_an_absent_file() {
    let dir = directory();
    let config = dir.path().join("config.toml");
    for (target, message) in [
        ("nothing", "leads nowhere; repair the link, or remove it"),
        ("config.toml", "behind too many symbolic links; they may lead in a circle"),
    ] {
        symlink(target, &config).expect("a link");
        let told = read(&dir, Main::Default).expect_err(target);
        assert!(told.starts_with("/config.toml: ") && told.ends_with(message), "{told}");
        fs::remove_file(&config).expect("it goes");
    }
}

#[test]
fn only_a_regular_file_is_opened_for_good() {
    let dir = directory();
    let config = dir.path().join("config.toml");
    let told =
        |kind: &str| Err(format!("/config.toml: it is {kind}, and only a regular file is read"));
    nix::unistd::mkfifo(&config, nix::sys::stat::Mode::S_IRUSR).expect("a FIFO");
    assert_eq!(read(&dir, Main::Named), told("a FIFO"), "and nobody waits for a writer");
    fs::remove_file(&config).expect("it goes");
    fs::create_dir(&config).expect("a directory");
    assert_eq!(read(&dir, Main::Named), told("a directory"));
    fs::remove_dir(&config).expect("it goes");
    symlink("/dev/null", &config).expect("a link");
    assert!(read(&dir, Main::Named).expect_err("a device").contains("it is a character device, "));
    fs::remove_file(&config).expect("it goes");
    write(config, "");
    write(dir.path().join("config.d"), "");
    let message = read(&dir, Main::Named).expect_err("it has no entries");
    assert!(message.starts_with("/config.d: it cannot be read: Not a directory"), "{message}");
}

#[test]
fn size_and_encoding_are_bounded_and_told() {
    let dir = directory();
    let config = write(dir.path().join("config.toml"), vec![b'#'; 1 << 20]);
    assert_eq!(read(&dir, Main::Named).map(|text| text.len()), Ok(1 << 20));
    write(config.clone(), vec![b'#'; (1 << 20) + 1]);
    assert_eq!(
        read(&dir, Main::Named),
        Err("/config.toml: it is larger than 1 MiB, which no configuration is".to_owned())
    );
    write(config, b"# first\n# \xc3\xa4\xff\n");
    assert_eq!(
        read(&dir, Main::Named),
        Err("/config.toml:2:4: from here on it is not UTF-8; save it as UTF-8".to_owned())
    );
}

#[test]
fn what_belongs_to_another_user_is_refused() {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("skipped: only root can give a file to somebody else");
        return;
    }
    for bad in ["config.toml", "config.d", "config.d/a.toml", ""] {
        let dir = directory();
        write(dir.path().join("config.toml"), "");
        write(dir.path().join("config.d/a.toml"), "");
        chown(dir.path().join(bad), Some(54321), None).expect("root may");
        let slash = if bad.is_empty() { "" } else { "/" };
        let message = "it belongs to user 54321 and not to root, and whoever can write it chooses what root mounts; \
                       chown it to root";
        assert_eq!(read(&dir, Main::Named), Err(format!("{slash}{bad}: {message}")), "{bad:?}");
        // The same files, read by that user: root's and the user's own are both trusted.
        let main = Main::Named(dir.path().join("config.toml"));
        let read = files(&main, Trust { user: 54321 });
        assert!(read.is_ok(), "{bad:?}: {read:?}");
    }
}

#[test]
fn in_a_sticky_directory_of_roots_each_entry_is_judged_by_its_owner() {
    if !nix::unistd::geteuid().is_root() {
        eprintln!(
            "skipped: only root can make a sticky directory that counts, and give away a link in it"
        );
        return;
    }
    let dir = directory();
    write(dir.path().join("sticky/real.toml"), "sticky");
    set_mode(&dir.path().join("sticky"), 0o1777);
    let link = dir.path().join("sticky/link.toml");
    symlink("real.toml", &link).expect("a link");
    symlink("sticky/link.toml", dir.path().join("config.toml")).expect("a link");
    assert_eq!(read(&dir, Main::Named).as_deref(), Ok("sticky"));
    std::os::unix::fs::lchown(&link, Some(54321), None).expect("root may");
    let message = read(&dir, Main::Named).expect_err("its owner could let it lead elsewhere");
    assert!(message.starts_with("/sticky/link.toml: it belongs to user 54321"), "{message}");
    fs::remove_file(&link).expect("it goes");
    symlink("real.toml", &link).expect("a link");
    chown(dir.path().join("sticky"), Some(54321), None).expect("root may");
    let message =
        read(&dir, Main::Named).expect_err("the owner of a directory may replace all in it");
    assert!(message.starts_with("/sticky: it belongs to user 54321"), "{message}");
}
