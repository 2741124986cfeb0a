//! What the kernel, libvirt and monitoring see of a mount that works.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt as _;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use nix::sys::statfs::{FUSE_SUPER_MAGIC, statfs};
use rustix::fs::{XattrFlags, getxattr, listxattr, setxattr};

use crate::claims;
use crate::rig::{EXPORT, Rig, SOURCE, assert_errno, names_in};

claims![
    the_mount_line_is_the_real_clients,
    a_client_before_2_0_shows_as_plain_fuse,
    permissions_are_the_kernels_unless_told_otherwise,
    the_root_has_size_0_and_its_file_system_is_fuse,
    without_xattrs_only_the_status_port_is_answered,
    with_xattrs_they_reach_the_backing_file,
    an_empty_volume_name_mounts_all_volumes,
    a_read_only_mount_refuses_writes,
    locks_hold_between_two_who_opened_a_file,
];

/// The line's fields from the mount options on, without those before the separator that the kernel may add.
fn shown(rig: &Rig) -> (String, String, String, String) {
    let lines = rig.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    let fields: Vec<_> = lines[0].split(' ').collect();
    let after = fields.iter().position(|field| *field == "-").unwrap();
    let field = |at: usize| fields[at].to_owned();
    (field(5), field(after + 1), field(after + 2), field(after + 3))
}

fn the_mount_line_is_the_real_clients() {
    let rig = Rig::mounted();
    let (options, fs_type, source, super_options) = shown(&rig);
    assert_eq!(options, "rw,nosuid,nodev,noatime");
    assert_eq!(fs_type, "fuse.quobyte");
    assert_eq!(source, SOURCE);
    assert_eq!(super_options, "rw,user_id=0,group_id=0,default_permissions,allow_other");
}

fn a_client_before_2_0_shows_as_plain_fuse() {
    let rig = Rig::new();
    rig.control("fstype = 'fuse'");
    rig.mount();
    let (_, fs_type, source, _) = shown(&rig);
    assert_eq!((fs_type.as_str(), source.as_str()), ("fuse", SOURCE));
}

fn permissions_are_the_kernels_unless_told_otherwise() {
    let rig = Rig::new();
    let words = ["--no-default-permissions", EXPORT];
    assert!(rig.client(&words).arg(rig.point()).status().unwrap().success());
    assert_eq!(shown(&rig).3, "rw,user_id=0,group_id=0,allow_other");
}

fn the_root_has_size_0_and_its_file_system_is_fuse() {
    let rig = Rig::mounted();
    let root = fs::metadata(rig.point()).unwrap();
    assert!(root.is_dir());
    assert_eq!((root.size(), root.ino()), (0, 1));
    let space = statfs(&rig.point()).unwrap();
    assert_eq!(space.filesystem_type(), FUSE_SUPER_MAGIC);
    assert!(space.blocks_available() > 0);
}

fn without_xattrs_only_the_status_port_is_answered() {
    let rig = Rig::new();
    let words = ["--disable-xattrs", "--http-port=55007", EXPORT];
    assert!(rig.client(&words).arg(rig.point()).status().unwrap().success());
    let file = rig.point().join("file");
    fs::write(&file, "").unwrap();
    for path in [rig.point(), file] {
        // The refusals in between must not teach the kernel to stop asking.
        for _ in 0..2 {
            let mut value = [0; 64];
            let length = getxattr(&path, "quobyte.statuspage_port", &mut value).unwrap();
            assert_eq!(&value[..length], b"55007");
            for name in ["user.any", "trusted.libvirt.security.dac", "quobyte.info"] {
                let refused = rustix::io::Errno::OPNOTSUPP;
                assert_eq!(getxattr(&path, name, &mut value), Err(refused), "{name}");
                let set = setxattr(&path, name, b"x", XattrFlags::empty());
                assert_eq!(set, Err(refused), "{name}");
            }
            assert_eq!(listxattr(&path, &mut value), Err(rustix::io::Errno::OPNOTSUPP));
        }
    }
}

fn with_xattrs_they_reach_the_backing_file() {
    let rig = Rig::new();
    assert!(rig.client(&[EXPORT]).arg(rig.point()).status().unwrap().success());
    fs::write(rig.point().join("file"), "").unwrap();
    let name = "trusted.libvirt.security.dac";
    setxattr(rig.point().join("file"), name, b"+0:+0", XattrFlags::CREATE).unwrap();
    for path in [rig.point().join("file"), rig.backing().join("file")] {
        let mut value = [0; 64];
        let length = getxattr(&path, name, &mut value).unwrap();
        assert_eq!(&value[..length], b"+0:+0");
    }
}

fn an_empty_volume_name_mounts_all_volumes() {
    let rig = Rig::new();
    fs::create_dir(rig.beside("volumes/silver")).unwrap();
    assert!(rig.client(&["reg1.example.org/"]).arg(rig.point()).status().unwrap().success());
    assert_eq!(names_in(rig.point()), ["gold", "silver"]);
    assert_eq!(shown(&rig).2, "quobyte@reg1.example.org/");
}

fn a_read_only_mount_refuses_writes() {
    let rig = Rig::new();
    assert!(rig.client(&["-o", "ro", EXPORT]).arg(rig.point()).status().unwrap().success());
    assert_errno(fs::write(rig.point().join("file"), ""), Errno::EROFS);
}

fn locks_hold_between_two_who_opened_a_file() {
    let rig = Rig::mounted();
    let path = rig.point().join("image");
    let open =
        || File::options().read(true).write(true).create(true).truncate(false).open(&path).unwrap();
    let (first, second) = (open(), open());
    // One byte of the range in which QEMU locks its images.
    let lock = libc::flock {
        l_type: libc::F_WRLCK.try_into().unwrap(),
        l_whence: libc::SEEK_SET.try_into().unwrap(),
        l_start: 100,
        l_len: 1,
        l_pid: 0,
    };
    fcntl(&first, FcntlArg::F_OFD_SETLK(&lock)).unwrap();
    assert_eq!(fcntl(&second, FcntlArg::F_OFD_SETLK(&lock)), Err(Errno::EAGAIN));
    drop(first);
    fcntl(&second, FcntlArg::F_OFD_SETLK(&lock)).unwrap();
    second.lock().unwrap();
    assert!(open().try_lock().is_err());
}
