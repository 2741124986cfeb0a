//! A share gets another client: what had files open keeps them on the old one, and what comes then is on the new one.
//!
//! Which guests are moved is shown where there are any, in the lab. Here a file stands for them, and libvirt's test driver for the
//! libvirt that is asked for guests.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::by_hand::admin;
use crate::ground::{Ground, ground};

const RENEW: [&str; 5] = ["renew", "gold", "--yes", "--connect", "test:///default"];

fn renew(ground: &Ground) -> (i32, String) {
    admin(ground, &RENEW)
}

fn open_image(ground: &Ground) -> File {
    let image = ground.mount_point("gold").join("vm.img");
    File::options().read(true).write(true).open(image).expect("it is mounted")
}

fn is_served(file: &File) -> bool {
    let mut bytes = [0; 5];
    file.write_all_at(b"image", 0).and_then(|()| file.read_exact_at(&mut bytes, 0)).is_ok()
}

#[test]
fn a_file_that_is_open_stays_on_the_old_client_which_ends_with_it() {
    let ground = ground!();
    let guest = ground.guest("web1", &["gold"]);
    ground.hook(&guest, "prepare").succeeds();
    let old = ground.clients();
    let file = open_image(&ground);
    let (status, said) = renew(&ground);
    assert_eq!(status, 0, "{said}");
    assert!(said.contains("done: detach the mount") && said.contains("done: mount"), "{said}");
    assert!(said.contains("the old client goes on"), "{said}");
    assert_eq!(ground.mounts_on(&ground.mount_point("gold")), 1);
    assert_eq!(ground.clients().len(), 2, "{said}");
    assert!(is_served(&file), "the old client has lost an open file");
    assert_eq!(fs::read(ground.mount_point("gold").join("vm.img")).expect("the new one"), b"image");
    drop(file);
    ground.wait_until("the old client has ended", || ground.clients().len() == 1);
    assert!(ground.clients().iter().all(|client| !old.contains(client)));
    ground.hook(&guest, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn where_nobody_has_a_file_open_the_old_client_ends_at_once() {
    let ground = ground!();
    let guest = ground.guest("web1", &["gold"]);
    ground.hook(&guest, "prepare").succeeds();
    for _round in 0..3 {
        let old = ground.clients();
        let (status, said) = renew(&ground);
        assert_eq!(status, 0, "{said}");
        assert!(said.contains("\nthe old client has ended"), "{said}");
        ground.wait_until("only the new client is there", || ground.clients().len() == 1);
        assert_ne!(ground.clients(), old);
        assert_eq!(ground.mounts_on(&ground.mount_point("gold")), 1);
    }
    ground.hook(&guest, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn a_new_client_that_cannot_mount_leaves_the_old_one_in_its_place() {
    for behaviour in
        ["mount = \"fail\"\n", "mount = \"never-returns\"\n", "mount = \"exit-zero-unmounted\"\n"]
    {
        let ground = ground!();
        let guest = ground.guest("web1", &["gold"]);
        ground.hook(&guest, "prepare").succeeds();
        let old = ground.clients();
        let file = open_image(&ground);
        ground.set_client(behaviour);
        let (status, said) = renew(&ground);
        assert_eq!(status, 1, "{behaviour}: {said}");
        assert!(said.contains("cannot mount") && said.contains("go on as before"), "{said}");
        assert!(!said.contains("failed too"), "{said}");
        assert!(is_served(&file), "{behaviour}: the old client has lost an open file");
        assert_eq!(ground.clients(), old, "{behaviour}");
        assert_eq!(ground.mounts_on(&ground.mount_point("gold")), 1, "{behaviour}");
        assert!(is_served(&open_image(&ground)), "{behaviour}: the path leads elsewhere");
        drop(file);
        // It is ours as it was before: another guest starts on it, and the last one out unmounts it.
        ground.set_client("");
        let other = ground.guest("web2", &["gold"]);
        ground.hook(&other, "prepare").succeeds();
        assert_eq!(ground.clients(), old, "{behaviour}");
        ground.hook(&guest, "release").succeeds();
        ground.hook(&other, "release").succeeds();
        ground.assert_nothing_left();
    }
}

/// What comes after it ends the client that it has left behind, and not the one that serves.
#[test]
fn a_renewal_that_is_killed_takes_no_file_from_anybody_and_the_next_one_comes_to_its_end() {
    let ground = ground!();
    let guest = ground.guest("web1", &["gold"]);
    ground.hook(&guest, "prepare").succeeds();
    let old = ground.clients();
    let file = open_image(&ground);
    ground.set_client("mount_delay = \"1s\"\n");
    for cut in [0, 30, 60, 120, 240, 480, 960] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_virt-quobyte"))
            .args(RENEW)
            .env("VIRT_QUOBYTE_CONFIG", ground.path("config.toml"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        std::thread::sleep(Duration::from_millis(cut));
        command.kill().and_then(|()| command.wait()).expect("it can be killed");
        let other = ground.guest("web2", &["gold"]);
        ground.hook(&other, "prepare").succeeds();
        assert!(is_served(&file), "cut off after {cut} ms");
        assert!(is_served(&open_image(&ground)), "cut off after {cut} ms");
        assert!(old.iter().all(|client| ground.clients().contains(client)), "after {cut} ms");
        assert_eq!(ground.mounts_on(&ground.mount_point("gold")), 1, "cut off after {cut} ms");
        ground.hook(&other, "release").succeeds();
    }
    ground.set_client("");
    let (status, said) = renew(&ground);
    assert_eq!(status, 0, "{said}");
    drop(file);
    ground.hook(&guest, "release").succeeds();
    ground.wait_until("no client is left", || ground.clients().is_empty());
    ground.assert_nothing_left();
}

#[test]
fn what_cannot_be_renewed_is_said_and_left_alone() {
    let ground = ground!();
    let (status, said) = renew(&ground);
    assert_eq!(status, 1, "{said}");
    assert!(said.contains("whoever needs it next gets a new client"), "{said}");
    let guest = ground.guest("web1", &["gold"]);
    ground.hook(&guest, "prepare").succeeds();
    ground.kill_clients();
    let (status, said) = renew(&ground);
    assert_eq!(status, 1, "{said}");
    assert!(said.contains("recover --revive gold"), "{said}");
    assert_eq!(ground.mounts_on(&ground.mount_point("gold")), 1);
    ground.hook(&guest, "release").succeeds();
    ground.assert_nothing_left();
}
