//! Many at once: nothing gets lost and nothing gets mixed up.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::claims;
use crate::rig::{Rig, aligned, names_in, open_direct, pattern};

claims![parallel_readers_and_writers_agree, names_that_come_and_go_do_not_leak];

const BLOCK: usize = 64 * 1024;
const BLOCKS: usize = 64;

/// What a writer leaves in one block: it depends on image, block and round, so that no two writes are alike.
fn block(image: u64, block: usize, round: u64) -> Vec<u8> {
    pattern((image << 40) ^ ((block as u64) << 20) ^ round, BLOCK)
}

fn write_image(path: &Path, image: u64) {
    let direct = open_direct(path);
    let cached = File::options().write(true).open(path).unwrap();
    for round in 0..6 {
        // Not in order, so that the file grows by holes first.
        for step in 0..BLOCKS {
            let number = step * 37 % BLOCKS;
            let content = block(image, number, round);
            let offset = (number * BLOCK) as u64;
            if (number as u64 + round).is_multiple_of(3) {
                cached.write_all_at(&content, offset).unwrap();
            } else {
                aligned(
                    BLOCK,
                    |memory| memory.copy_from_slice(&content),
                    |memory| {
                        direct.write_all_at(memory, offset).unwrap();
                    },
                );
            }
        }
        direct.sync_data().unwrap();
    }
}

fn parallel_readers_and_writers_agree() {
    let rig = Rig::mounted();
    let fixed = pattern(99, 4 << 20);
    fs::write(rig.point().join("fixed"), &fixed).unwrap();
    let writing = AtomicBool::new(true);
    let image = |number: u64| format!("image-{number}");
    thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|number| {
                let path = rig.point().join(image(number));
                scope.spawn(move || write_image(&path, number))
            })
            .collect();
        for _ in 0..2 {
            scope.spawn(|| {
                let direct = open_direct(&rig.point().join("fixed"));
                while writing.load(Ordering::Relaxed) {
                    assert!(fs::read(rig.point().join("fixed")).unwrap() == fixed);
                    aligned(
                        fixed.len(),
                        |_| {},
                        |memory| {
                            direct.read_exact_at(memory, 0).unwrap();
                            assert!(*memory == fixed[..]);
                        },
                    );
                }
            });
        }
        // A writer that fails must not keep the readers at work.
        let written: Vec<_> = writers.into_iter().map(thread::ScopedJoinHandle::join).collect();
        writing.store(false, Ordering::Relaxed);
        assert!(written.iter().all(Result::is_ok));
    });
    rig.unmount().unwrap();
    for number in 0..4 {
        let content = fs::read(rig.backing().join(image(number))).unwrap();
        assert_eq!(content.len(), BLOCKS * BLOCK);
        for (at, found) in content.chunks(BLOCK).enumerate() {
            assert!(found == block(number, at, 5), "image {number}, block {at}");
        }
    }
    rig.daemon_ends();
}

fn names_that_come_and_go_do_not_leak() {
    let rig = Rig::mounted();
    let open_in_daemon = || names_in(format!("/proc/{}/fd", rig.daemon())).len();
    let before = open_in_daemon();
    thread::scope(|scope| {
        for thread in 0..4 {
            let dir = rig.point().join(format!("dir-{thread}"));
            scope.spawn(move || {
                fs::create_dir(&dir).unwrap();
                for round in 0..200 {
                    let (new, old) = (dir.join(format!("new-{round}")), dir.join("old"));
                    fs::write(&new, round.to_string()).unwrap();
                    fs::rename(&new, &old).unwrap();
                    assert_eq!(fs::read_to_string(&old).unwrap(), round.to_string());
                    assert_eq!(names_in(&dir), ["old"]);
                }
                fs::remove_dir_all(&dir).unwrap();
            });
        }
    });
    assert_eq!(names_in(rig.backing()), [""; 0]);
    crate::rig::eventually("the kernel forgot them", || open_in_daemon() == before);
}
