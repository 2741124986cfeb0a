//! The data of an image: what was written is in the volume, however it was written.

use std::fs::{self, File};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};

use nix::errno::Errno;
use nix::fcntl::{FallocateFlags, copy_file_range, fallocate};
use nix::unistd::{Whence, lseek};

use crate::claims;
use crate::rig::{Rig, aligned, open_direct, pattern};

const MIB: usize = 1 << 20;

claims![
    what_is_written_is_in_the_volume,
    direct_writes_are_in_the_volume_and_direct_reads_see_it,
    appending_writes_go_to_the_end,
    holes_are_punched_and_found,
    a_copied_range_is_the_same,
    a_mapped_file_shows_its_content,
];

fn what_is_written_is_in_the_volume() {
    let rig = Rig::mounted();
    let image = pattern(1, 5 * MIB + 17);
    let file = File::create(rig.point().join("image")).unwrap();
    file.write_all_at(&image, 3).unwrap();
    file.sync_all().unwrap();
    let behind = fs::read(rig.backing().join("image")).unwrap();
    assert!(behind[..3] == [0; 3] && behind[3..] == image);
    assert!(fs::read(rig.point().join("image")).unwrap() == behind);
}

fn direct_writes_are_in_the_volume_and_direct_reads_see_it() {
    let rig = Rig::mounted();
    let file = open_direct(&rig.point().join("image"));
    let content = pattern(2, 3 * MIB);
    aligned(
        3 * MIB,
        |memory| memory.copy_from_slice(&content),
        |memory| {
            file.write_all_at(memory, MIB as u64).unwrap();
        },
    );
    file.sync_data().unwrap();
    let behind = fs::read(rig.backing().join("image")).unwrap();
    assert!(behind.len() == 4 * MIB && behind[MIB..] == content);
    // What another host writes is read, not what was cached here.
    let changed = pattern(3, 4096);
    File::options()
        .write(true)
        .open(rig.backing().join("image"))
        .unwrap()
        .write_all_at(&changed, MIB as u64)
        .unwrap();
    aligned(
        4096,
        |_| {},
        |memory| {
            file.read_exact_at(memory, MIB as u64).unwrap();
            assert!(*memory == changed[..]);
            assert_eq!(file.read_at(memory, 4 * MIB as u64).unwrap(), 0);
        },
    );
}

fn appending_writes_go_to_the_end() {
    let rig = Rig::mounted();
    let path = rig.point().join("log");
    let open = || File::options().append(true).create(true).open(&path).unwrap();
    let (mut one, mut two) = (open(), open());
    for _ in 0..3 {
        std::io::Write::write_all(&mut one, b"1").unwrap();
        std::io::Write::write_all(&mut two, b"2").unwrap();
    }
    assert_eq!(fs::read(rig.backing().join("log")).unwrap(), b"121212");
}

/// Where data begins and ends.
fn extents(file: &impl AsFd) -> Vec<(i64, i64)> {
    let (mut extents, mut at) = (Vec::new(), 0);
    loop {
        match lseek(file, at, Whence::SeekData) {
            Ok(data) => {
                at = lseek(file, data, Whence::SeekHole).unwrap();
                extents.push((data, at));
            }
            Err(Errno::ENXIO) => return extents,
            Err(errno) => panic!("{errno}"),
        }
    }
}

fn holes_are_punched_and_found() {
    let rig = Rig::mounted();
    let file = open_direct(&rig.point().join("image"));
    let behind = File::create(rig.backing().join("model")).unwrap();
    // What the volume's file system can do, the mount can do; the model shows what that is.
    for file in [&file, &behind] {
        aligned(
            8 * MIB,
            |memory| memory.copy_from_slice(&pattern(4, 8 * MIB)),
            |memory| {
                file.write_all_at(memory, 0).unwrap();
            },
        );
    }
    let keep = FallocateFlags::FALLOC_FL_KEEP_SIZE;
    for (mode, offset, length) in [
        (FallocateFlags::FALLOC_FL_PUNCH_HOLE | keep, MIB, MIB),
        (FallocateFlags::FALLOC_FL_PUNCH_HOLE | keep, 5 * MIB, 4096),
        (FallocateFlags::FALLOC_FL_ZERO_RANGE, 3 * MIB, MIB),
        (FallocateFlags::FALLOC_FL_ZERO_RANGE | keep, 8 * MIB, MIB),
        (FallocateFlags::empty(), 8 * MIB, 2 * MIB),
    ] {
        let (offset, length) = (offset.try_into().unwrap(), length.try_into().unwrap());
        let model = fallocate(&behind, mode, offset, length);
        assert_eq!(fallocate(&file, mode, offset, length), model, "{mode:?}");
    }
    file.sync_all().unwrap();
    behind.sync_all().unwrap();
    let image = rig.backing().join("image");
    assert!(fs::read(&image).unwrap() == fs::read(rig.backing().join("model")).unwrap());
    let front = extents(&file);
    assert_eq!(front, extents(&File::open(&image).unwrap()));
    assert!(front.len() > 1, "{front:?}");
    assert_eq!(file.metadata().unwrap().size(), 10 * MIB as u64);
    assert_eq!(file.metadata().unwrap().blocks(), fs::metadata(image).unwrap().blocks());
}

fn a_copied_range_is_the_same() {
    let rig = Rig::mounted();
    let content = pattern(5, 2 * MIB);
    fs::write(rig.point().join("from"), &content).unwrap();
    let from = File::open(rig.point().join("from")).unwrap();
    let to = File::create(rig.point().join("to")).unwrap();
    let (mut at, mut end, mut left) = (100, 0, MIB);
    while left > 0 {
        let copied = copy_file_range(&from, Some(&mut at), &to, Some(&mut end), left).unwrap();
        assert!(copied > 0);
        left -= copied;
    }
    assert!(fs::read(rig.backing().join("to")).unwrap() == content[100..100 + MIB]);
}

/// A program can be started from the mount, which maps it.
fn a_mapped_file_shows_its_content() {
    let rig = Rig::mounted();
    fs::copy("/bin/true", rig.point().join("true")).unwrap();
    let ran = std::process::Command::new(rig.point().join("true")).status().unwrap();
    assert!(ran.success());
}
