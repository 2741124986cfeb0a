//! Something else lies where the state directory has a file: it is not known then what it said, and that is all that happens.
//!
//! Only root can put it there, and root's tools do: a backup that is restored, a disk that was full, a release that was taken
//! back.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Duration;

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::stat::{Mode, SFlag, makedev, mknod};
use nix::unistd::mkfifo;

use crate::ground::{Called, Ground, Guest, ground};

/// Far more than any of these calls needs, and less than the watchdog waits for one that hangs.
const IN_TIME: Duration = Duration::from_secs(12);

/// What may lie in a file's place, and how it gets there.
type Row = (&'static str, fn(&Path, &str));

/// What no record looks like; the good one's text is there to be spoilt.
const NO_RECORDS: &[Row] = &[
    ("empty", |path, _| fs::write(path, "").expect("written")),
    ("cut off", |path, good| fs::write(path, &good[..good.len() / 2]).expect("written")),
    ("nothing but zeros", |path, good| fs::write(path, vec![0; good.len()]).expect("written")),
    ("garbage", |path, _| fs::write(path, b"\xff\xfe\x1b[2J{\"version\"").expect("written")),
    ("nested without end", |path, _| fs::write(path, "[".repeat(1 << 20)).expect("written")),
    ("another share's", |path, good| {
        fs::write(path, good.replace("reg1,reg2/gold", "reg1,reg2/silver")).expect("written");
    }),
    ("good, and then garbage", |path, good| fs::write(path, format!("{good}}}")).expect("written")),
    ("huge", |path, good| {
        fs::write(path, good).expect("written");
        // Sparse; whoever reads it whole finds out how much memory the host has.
        let file = File::options().write(true).open(path).expect("a file");
        file.set_len(1 << 40).expect("a sparse file");
    }),
    ("a directory", |path, _| fs::create_dir(path).expect("made")),
    ("a directory with a file in it", |path, good| {
        fs::create_dir(path).expect("made");
        fs::write(path.join("record"), good).expect("written");
    }),
    ("a FIFO", |path, _| fifo(path)),
    ("a socket", |path, _| drop(UnixListener::bind(path).expect("bound"))),
    ("a device without end", |path, _| {
        mknod(path, SFlag::S_IFCHR, Mode::S_IRUSR, makedev(1, 5)).expect("root may");
    }),
    ("a symlink to a good one", |path, good| {
        let elsewhere = path.with_extension("elsewhere");
        fs::write(&elsewhere, good).expect("written");
        symlink(&elsewhere, path).expect("linked");
    }),
    ("a symlink to nothing", |path, _| symlink("nothing", path).expect("linked")),
    ("a symlink to itself", |path, _| symlink(path, path).expect("linked")),
];

fn fifo(path: &Path) {
    mkfifo(path, Mode::S_IRUSR | Mode::S_IWUSR).expect("made");
}

/// Takes away whatever there is.
fn clear(path: &Path) {
    match fs::symlink_metadata(path) {
        Ok(there) if there.is_dir() => fs::remove_dir_all(path).expect("removed"),
        Ok(_) => fs::remove_file(path).expect("removed"),
        Err(_) => {}
    }
}

/// A guest that runs on its share, and the text of the share's record.
fn running(ground: &Ground) -> (Guest, String) {
    let guest = ground.guest("web1", &["gold"]);
    ground.hook(&guest, "prepare").succeeds();
    let record = ground.record("gold");
    (guest, record)
}

#[track_caller]
fn in_time(called: Called) -> Called {
    assert!(called.took < IN_TIME, "{called:?}");
    called
}

#[test]
fn what_is_no_record_is_put_aside_and_nothing_is_unmounted_on_its_word() {
    if let Some(why) = crate::ground::missing() {
        println!("skipped: {why}");
        return;
    }
    for (name, put) in NO_RECORDS {
        println!("{name}");
        let ground = Ground::new();
        let (guest, good) = running(&ground);
        let record = ground.record_path("gold");
        let other = ground.guest("other", &["gold"]);
        let calls = [
            (&guest, "release"),
            (&other, "prepare"),
            (&other, "release"),
            (&guest, "reconnect"),
            (&guest, "release"),
        ];
        for (guest, operation) in calls {
            clear(&record);
            put(&record, &good);
            println!("    {operation} of {}", guest.name);
            in_time(ground.hook(guest, operation)).succeeds();
            assert!(ground.is_mounted("gold"), "{operation}");
        }
        assert_eq!(ground.client_starts().len(), 1, "the mount that is there is used");
        // None of them was lost, also of those of one second.
        let names = fs::read_dir(ground.path("state")).expect("a directory");
        let names = names.map(|entry| entry.expect("readable").file_name());
        let asides = names.filter(|name| name.to_string_lossy().contains(".json.damaged-"));
        assert_eq!(asides.count(), calls.len());
    }
}

#[test]
fn a_record_that_cannot_be_read_stops_a_start_and_is_left_alone() {
    let ground = ground!();
    let (guest, good) = running(&ground);
    let record = ground.record_path("gold");
    let other = ground.guest("other", &["gold"]);
    // The memory of a process is a file whose first page cannot be read: it stands for a disk that fails.
    let bind = MsFlags::MS_BIND;
    mount(Some("/proc/self/mem"), &record, None::<&str>, bind, None::<&str>).expect("bound");
    in_time(ground.hook(&other, "prepare")).fails_with(&["cannot read", "Input/output error"]);
    for operation in ["release", "reconnect"] {
        in_time(ground.hook(&guest, operation)).succeeds();
        assert!(ground.is_mounted("gold"), "{operation}");
    }
    umount2(&record, MntFlags::MNT_DETACH).expect("unbound");
    assert_eq!(ground.record("gold"), good);
    ground.hook(&guest, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn the_record_of_a_later_release_is_named_as_such_and_left_alone() {
    let ground = ground!();
    let (guest, good) = running(&ground);
    let record = ground.record_path("gold");
    let other = ground.guest("other", &["gold"]);
    for later in [
        "{\"version\": 2}".to_owned(),
        "{\"version\": 4294967295, \"shares\": [[[{}]]]}".to_owned(),
        good.replace("\"version\":1", "\"version\": 3, \"later\": \"releases know more\""),
    ] {
        fs::write(&record, &later).expect("written");
        in_time(ground.hook(&other, "prepare")).fails_with(&["this program knows version 1"]);
        for operation in ["release", "reconnect"] {
            in_time(ground.hook(&guest, operation)).succeeds();
            assert!(ground.is_mounted("gold"), "{operation}");
        }
        assert_eq!(ground.record("gold"), later);
    }
    fs::write(&record, &good).expect("written");
    ground.hook(&guest, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn what_is_no_lock_stops_a_start_with_its_name_and_no_end() {
    let ground = ground!();
    let (guest, _) = running(&ground);
    let lock = ground.record_path("gold").with_extension("lock");
    let other = ground.guest("other", &["gold"]);
    let rows: &[(Row, &str)] = &[
        (("a FIFO", |path, _| fifo(path)), "is a FIFO"),
        (("a directory", |path, _| fs::create_dir(path).expect("made")), "is a directory"),
        (("a symlink", |path, _| symlink("elsewhere.lock", path).expect("linked")), "is a symlink"),
    ];
    for ((name, put), says) in rows {
        println!("{name}");
        clear(&lock);
        put(&lock, "");
        let lock = lock.to_str().expect("UTF-8");
        in_time(ground.hook(&other, "prepare")).fails_with(&[lock, says, "remove it"]);
        for operation in ["release", "reconnect"] {
            in_time(ground.hook(&guest, operation)).succeeds();
            assert!(ground.is_mounted("gold"), "{operation}");
        }
    }
    clear(&lock);
    ground.hook(&guest, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn what_lies_in_the_way_of_a_new_record_is_replaced() {
    let ground = ground!();
    let (guest, good) = running(&ground);
    let new = ground.record_path("gold").with_extension("json.new");
    let elsewhere = ground.path("elsewhere");
    fs::write(&elsewhere, "untouched").expect("written");
    symlink(&elsewhere, &new).expect("linked");
    let other = ground.guest("other", &["gold"]);
    in_time(ground.hook(&other, "prepare")).succeeds();
    fifo(&new);
    in_time(ground.hook(&other, "release")).succeeds();
    assert_eq!(ground.record("gold"), good, "one came and went");
    fs::write(&new, &good[..20]).expect("half of one, of a process that was killed");
    in_time(ground.hook(&guest, "release")).succeeds();
    assert_eq!(fs::read_to_string(&elsewhere).expect("a file"), "untouched");
    ground.assert_nothing_left();
}

#[test]
fn what_a_domain_holds_is_a_matter_of_names_and_not_of_what_they_are_of() {
    let ground = ground!();
    let guest = ground.guest("web1", &["gold"]);
    let key = ground.record_path("gold").with_extension("");
    let noted = ground.path("state/domains").join(&guest.uuid);
    let noted = noted.join(key.file_name().expect("a key"));
    // The state directory, as the first call makes it.
    ground.hook(&guest, "prepare").succeeds();
    ground.hook(&guest, "release").succeeds();
    fs::create_dir_all(noted.parent().expect("a directory")).expect("made");
    fifo(&noted);
    in_time(ground.hook(&guest, "prepare")).succeeds();
    in_time(ground.hook(&guest, "release")).succeeds();
    ground.assert_nothing_left();
}

#[test]
fn what_is_no_directory_of_the_state_stops_a_start_and_no_end() {
    for below in ["domains", "let-go"] {
        let ground = ground!();
        let (guest, _) = running(&ground);
        let directory = ground.path("state").join(below);
        let other = ground.guest("other", &["gold"]);
        let rows: &[Row] = &[
            ("a file", |path, _| fs::write(path, "").expect("written")),
            ("a FIFO", |path, _| fifo(path)),
            ("a symlink to itself", |path, _| symlink(path, path).expect("linked")),
        ];
        for (name, put) in rows {
            println!("{below} is {name}");
            clear(&directory);
            put(&directory, "");
            let directory = directory.to_str().expect("UTF-8");
            in_time(ground.hook(&other, "prepare")).fails_with(&[directory]);
            for operation in ["release", "reconnect"] {
                in_time(ground.hook(&guest, operation)).succeeds();
            }
            assert!(ground.is_mounted("gold"));
        }
    }
}
