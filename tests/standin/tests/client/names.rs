//! Names and attributes: what is made, moved, linked and removed, and whom it belongs to.

use std::ffi::CString;
use std::fs::{self, File};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::{
    DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _,
    PermissionsExt as _, chown, symlink,
};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, UNIX_EPOCH};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
use nix::sys::stat::{Mode, SFlag, mknod};

use crate::claims;
use crate::rig::{Rig, as_nobody, assert_errno, names_in};

claims![
    names_made_through_the_mount_are_in_the_volume,
    renames_keep_the_inode_and_obey_their_flags,
    an_open_file_survives_its_name_and_its_directories,
    links_share_an_inode_and_symlinks_point,
    attributes_reach_the_volume_and_come_back,
    new_files_belong_to_who_made_them,
    the_kernel_keeps_strangers_out,
    a_long_listing_is_complete,
    inode_numbers_are_the_volumes_own,
    another_hosts_changes_show_at_once,
];

fn names_made_through_the_mount_are_in_the_volume() {
    let rig = Rig::mounted();
    let point = rig.point();
    fs::create_dir_all(point.join("a/b")).unwrap();
    fs::write(point.join("a/b/file"), "content").unwrap();
    let fifo = CString::new(point.join("fifo").to_str().unwrap()).unwrap();
    mknod(fifo.as_c_str(), SFlag::S_IFIFO, Mode::S_IRUSR, 0).unwrap();
    assert!(fs::metadata(rig.backing().join("fifo")).unwrap().file_type().is_fifo());
    assert_eq!(fs::read(rig.backing().join("a/b/file")).unwrap(), b"content");
    assert_errno(fs::remove_dir(point.join("a/b")), Errno::ENOTEMPTY);
    assert_errno(fs::create_dir(point.join("a")), Errno::EEXIST);
    assert_errno(File::create_new(point.join("fifo")), Errno::EEXIST);
    fs::remove_dir_all(point.join("a")).unwrap();
    fs::remove_file(point.join("fifo")).unwrap();
    assert_eq!(names_in(rig.backing()), [""; 0]);
    assert_errno(fs::metadata(point.join("a")), Errno::ENOENT);
}

fn renames_keep_the_inode_and_obey_their_flags() {
    let rig = Rig::mounted();
    let at = |name: &str| rig.point().join(name);
    fs::create_dir(at("dir")).unwrap();
    fs::write(at("one"), "1").unwrap();
    fs::write(at("two"), "2").unwrap();
    let inode = fs::metadata(at("one")).unwrap().ino();
    let rename =
        |from: &str, to: &str, flags| renameat2(AT_FDCWD, &at(from), AT_FDCWD, &at(to), flags);

    assert_eq!(rename("one", "two", RenameFlags::RENAME_NOREPLACE), Err(Errno::EEXIST));
    rename("one", "dir/one", RenameFlags::RENAME_NOREPLACE).unwrap();
    assert_eq!(fs::metadata(at("dir/one")).unwrap().ino(), inode);
    rename("dir/one", "two", RenameFlags::RENAME_EXCHANGE).unwrap();
    assert_eq!(fs::metadata(at("two")).unwrap().ino(), inode);
    assert_eq!(fs::read(rig.backing().join("dir/one")).unwrap(), b"2");
    fs::rename(at("two"), at("dir/one")).unwrap();
    assert_eq!(fs::read(rig.backing().join("dir/one")).unwrap(), b"1");
    assert_eq!(names_in(rig.point()), ["dir"]);
}

fn an_open_file_survives_its_name_and_its_directories() {
    let rig = Rig::mounted();
    fs::create_dir_all(rig.point().join("old/deep")).unwrap();
    let path = rig.point().join("old/deep/image");
    let mut file = File::options().read(true).write(true).create_new(true).open(&path).unwrap();
    file.write_all(b"before").unwrap();
    fs::rename(rig.point().join("old"), rig.point().join("new")).unwrap();
    file.write_all(b" between").unwrap();
    assert_eq!(fs::read(rig.backing().join("new/deep/image")).unwrap(), b"before between");
    fs::remove_dir_all(rig.point().join("new")).unwrap();
    file.write_all(b" after").unwrap();
    file.sync_all().unwrap();
    file.rewind().unwrap();
    let mut content = String::new();
    file.read_to_string(&mut content).unwrap();
    assert_eq!(content, "before between after");
    assert_eq!(file.metadata().unwrap().nlink(), 0);
    file.set_len(3).unwrap();
    file.set_permissions(fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(file.metadata().unwrap().size(), 3);
    assert_eq!(names_in(rig.backing()), [""; 0]);
}

fn links_share_an_inode_and_symlinks_point() {
    let rig = Rig::mounted();
    let at = |name: &str| rig.point().join(name);
    fs::write(at("file"), "content").unwrap();
    fs::hard_link(at("file"), at("hard")).unwrap();
    let (file, hard) = (fs::metadata(at("file")).unwrap(), fs::metadata(at("hard")).unwrap());
    assert_eq!((file.ino(), file.nlink()), (hard.ino(), 2));
    symlink("hard", at("soft")).unwrap();
    fs::hard_link(at("soft"), at("soft too")).unwrap();
    assert_eq!(fs::read_link(at("soft too")).unwrap(), Path::new("hard"));
    fs::remove_file(at("file")).unwrap();
    assert_eq!(fs::read(at("soft")).unwrap(), b"content");
    assert!(fs::symlink_metadata(rig.backing().join("soft")).unwrap().is_symlink());
}

fn attributes_reach_the_volume_and_come_back() {
    let rig = Rig::mounted();
    let (front, back) = (rig.point().join("file"), rig.backing().join("file"));
    fs::write(&front, "content").unwrap();
    fs::set_permissions(&front, fs::Permissions::from_mode(0o4751)).unwrap();
    let file = File::options().write(true).open(&front).unwrap();
    file.set_len(1 << 30).unwrap();
    let past = UNIX_EPOCH + Duration::new(1_000_000_000, 123_456_789);
    file.set_times(fs::FileTimes::new().set_accessed(past).set_modified(past)).unwrap();
    for path in [&front, &back] {
        let file = fs::metadata(path).unwrap();
        assert_eq!(file.mode() & 0o7777, 0o4751);
        assert_eq!(file.size(), 1 << 30);
        assert_eq!((file.accessed().unwrap(), file.modified().unwrap()), (past, past));
    }
    // As libvirt hands an image over, and takes it back.
    for owner in [64055, 0] {
        chown(&front, Some(owner), Some(owner)).unwrap();
        for path in [&front, &back] {
            let file = fs::metadata(path).unwrap();
            assert_eq!((file.uid(), file.gid(), file.mode() & 0o7777), (owner, owner, 0o751));
        }
    }
    let (front, back) = (fs::metadata(&front).unwrap(), fs::metadata(&back).unwrap());
    assert_eq!((front.blocks(), front.ctime_nsec()), (back.blocks(), back.ctime_nsec()));
}

fn new_files_belong_to_who_made_them() {
    let rig = Rig::mounted();
    let at = |name: &str| rig.point().join(name);
    fs::set_permissions(rig.point(), fs::Permissions::from_mode(0o1777)).unwrap();
    for (program, words) in [
        ("touch", &["file"][..]),
        ("mkdir", &["dir"]),
        ("ln", &["-s", "x", "link"]),
        ("mkfifo", &["fifo"]),
    ] {
        let made = as_nobody(program).args(words).current_dir(rig.point()).status().unwrap();
        assert!(made.success(), "{program}");
        let name = words.last().unwrap();
        for path in [rig.point(), rig.backing()] {
            let new = fs::symlink_metadata(path.join(name)).unwrap();
            assert_eq!((new.uid(), new.gid()), (65534, 65534), "{name}");
        }
    }
    fs::create_dir(at("shared")).unwrap();
    chown(at("shared"), None, Some(4242)).unwrap();
    fs::set_permissions(at("shared"), fs::Permissions::from_mode(0o2777)).unwrap();
    let made = as_nobody("mkdir").arg(at("shared/dir")).status().unwrap();
    assert!(made.success());
    let inherited = fs::metadata(rig.backing().join("shared/dir")).unwrap();
    assert_eq!((inherited.uid(), inherited.gid()), (65534, 4242));
    assert_eq!(inherited.mode() & 0o2000, 0o2000);

    // The umask is the caller's, not the daemon's.
    let mut shell = Command::new("sh");
    shell.args(["-c", "umask 027; : > masked"]).current_dir(rig.point());
    assert!(shell.status().unwrap().success());
    assert_eq!(fs::metadata(rig.backing().join("masked")).unwrap().mode() & 0o7777, 0o640);
    File::options().write(true).create_new(true).mode(0o4755).open(at("suid")).unwrap();
    assert_eq!(fs::metadata(rig.backing().join("suid")).unwrap().mode() & 0o7777, 0o4755);
    fs::DirBuilder::new().mode(0o700).create(at("private")).unwrap();
    assert_eq!(fs::metadata(rig.backing().join("private")).unwrap().mode() & 0o7777, 0o700);
}

fn the_kernel_keeps_strangers_out() {
    let rig = Rig::mounted();
    fs::write(rig.point().join("secret"), "").unwrap();
    fs::set_permissions(rig.point().join("secret"), fs::Permissions::from_mode(0o600)).unwrap();
    let reads = |name: &str| {
        let cat = as_nobody("cat")
            .arg(rig.point().join(name))
            .stderr(std::process::Stdio::null())
            .status();
        cat.unwrap().success()
    };
    assert!(!reads("secret"));
    chown(rig.point().join("secret"), Some(65534), None).unwrap();
    assert!(reads("secret"));
}

fn a_long_listing_is_complete() {
    let rig = Rig::mounted();
    let mut names: Vec<_> =
        (0..3000).map(|number| format!("a rather long name {number:0>60}")).collect();
    for name in &names {
        File::create(rig.backing().join(name)).unwrap();
    }
    names.sort();
    assert_eq!(names_in(rig.point()), names);
}

fn inode_numbers_are_the_volumes_own() {
    let rig = Rig::mounted();
    for name in ["one", "two"] {
        fs::write(rig.point().join(name), "").unwrap();
    }
    for entry in fs::read_dir(rig.point()).unwrap() {
        let entry = entry.unwrap();
        let behind = fs::metadata(rig.backing().join(entry.file_name())).unwrap().ino();
        let listed = std::os::unix::fs::DirEntryExt::ino(&entry);
        assert_eq!((entry.metadata().unwrap().ino(), listed), (behind, behind));
    }
}

fn another_hosts_changes_show_at_once() {
    let rig = Rig::mounted();
    let (front, back) = (rig.point().join("file"), rig.backing().join("file"));
    for round in 0..50 {
        assert_errno(fs::metadata(&front), Errno::ENOENT);
        let content = "x".repeat(round);
        fs::write(&back, &content).unwrap();
        assert_eq!(fs::metadata(&front).unwrap().size(), round as u64);
        assert_eq!(fs::read_to_string(&front).unwrap(), content);
        fs::remove_file(&back).unwrap();
    }
}
