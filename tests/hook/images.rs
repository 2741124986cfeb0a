//! What a guest's images say: that they are there, and which other shares their chains need.

use std::fs;
use std::path::Path;
use std::time::Duration;

use nix::mount::{MntFlags, umount2};

use crate::ground::{Guest, ground};

/// A qcow2 image, as far as its header: backed by this name, in this format if one is declared.
fn overlay(name: &str, format: Option<&str>) -> Vec<u8> {
    let mut bytes = b"QFI\xfb\0\0\0\x03".to_vec();
    bytes.resize(104, 0);
    // Clusters of 64 KiB, a header of 104 bytes.
    bytes[23] = 16;
    bytes[103] = 104;
    if let Some(format) = format {
        bytes.extend(0xe279_2aca_u32.to_be_bytes());
        bytes.extend(u32::try_from(format.len()).expect("short").to_be_bytes());
        bytes.extend(format.as_bytes());
        bytes.resize(bytes.len().next_multiple_of(8), 0);
    }
    bytes.extend([0; 8]);
    let offset = bytes.len() as u64;
    bytes[8..16].copy_from_slice(&offset.to_be_bytes());
    bytes[16..20].copy_from_slice(&u32::try_from(name.len()).expect("short").to_be_bytes());
    bytes.extend(name.as_bytes());
    bytes
}

fn write(path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
    let path = path.as_ref();
    fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
    fs::write(path, bytes).expect("written");
}

#[test]
fn a_missing_image_is_refused_by_its_name_and_share_after_it_was_looked_for() {
    let ground = ground!();
    let image = ground.text("mnt/gold/sub/vm.qcow2");
    let guest = Guest::qcow2("web1", std::slice::from_ref(&image));
    let took = ground.hook(&guest, "prepare").fails_with(&[
        "share gold has no image 'sub/vm.qcow2'",
        &format!("(looked for 2.0 s as {image})"),
        "(XML line",
    ]);
    assert!(took > Duration::from_secs(2) && took < Duration::from_secs(4), "{took:?}");
    ground.assert_nothing_left();
}

#[test]
fn an_image_that_is_not_found_because_its_mount_went_away_is_not_called_missing() {
    let ground = ground!();
    let image = ground.text("mnt/gold/none.img");
    let hook = ground.hook_in_background(&Guest::new("web1", &[image]), "prepare");
    ground.wait_until("gold is mounted and held", || {
        ground.is_mounted("gold") && ground.record_path("gold").exists()
    });
    // While the image is looked for, somebody takes the mount away: between two looks, because each uses it.
    std::thread::sleep(Duration::from_millis(500));
    ground.wait_until("nobody uses it", || {
        umount2(&ground.mount_point("gold"), MntFlags::empty()).is_ok()
    });
    let output = hook.wait_with_output().expect("it ends");
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(!output.status.success() && !said.contains("has no image"), "{said}");
    let mount_point = ground.text("mnt/gold");
    let expected = format!("its mount point {mount_point} has nothing mounted");
    assert!(said.contains("share gold: while") && said.contains(&expected), "{said}");
    ground.assert_nothing_left();
}

#[test]
fn a_missing_image_takes_nothing_from_those_who_held_the_share_before() {
    let ground = ground!();
    let other = ground.guest("other", &["gold"]);
    ground.hook(&other, "prepare").succeeds();
    let images = [ground.text("mnt/silver/vm.img"), ground.text("mnt/gold/none.img")];
    ground.hook(&Guest::new("web1", &images), "prepare").fails_with(&["'none.img'"]);
    assert!(ground.is_mounted("gold") && !ground.is_mounted("silver"));
    assert!(ground.record("gold").contains(&other.uuid) && !ground.record_path("silver").exists());
    ground.hook(&other, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn an_image_that_another_host_is_about_to_make_is_waited_for() {
    let ground = ground!();
    let guest = Guest::new("web1", &[ground.text("mnt/gold/new.img")]);
    let late = ground.path("volumes/gold/new.img");
    let (name, mount_point) = (ground.text("volumes/gold/new.img"), ground.mount_point("gold"));
    let maker = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(1));
        fs::write(&late, b"image").unwrap_or_else(|error| panic!("{name}: {error}"));
    });
    let took = ground.hook(&guest, "prepare").succeeds();
    maker.join().expect("made");
    assert!(took > Duration::from_millis(900) && took < Duration::from_secs(3), "{took:?}");
    assert_eq!(fs::read(mount_point.join("new.img")).expect("mounted"), b"image");
    ground.hook(&guest, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn a_disk_that_may_be_missing_is_not_waited_for() {
    let ground = ground!();
    let guest = Guest::with_disks(
        "web1",
        &format!(
            "<disk type='file' device='cdrom'><driver name='qemu' type='raw'/>\
             <source file='{}' startupPolicy='optional'/><target dev='sda'/></disk>",
            ground.text("mnt/gold/none.iso")
        ),
    );
    let took = ground.hook(&guest, "prepare").succeeds();
    assert!(took < Duration::from_secs(1), "{took:?}");
    ground.hook(&guest, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn the_share_of_a_backing_image_is_mounted_and_leased_and_goes_with_the_guest() {
    let ground = ground!();
    write(
        ground.path("volumes/silver/vm.qcow2"),
        overlay(&ground.text("mnt/gold/base/deb.qcow2"), Some("qcow2")),
    );
    write(ground.path("volumes/gold/base/deb.qcow2"), overlay("deb.raw", Some("raw")));
    write(ground.path("volumes/gold/base/deb.raw"), b"raw");
    let guest = Guest::qcow2("web1", &[ground.text("mnt/silver/vm.qcow2")]);
    ground.hook(&guest, "prepare").succeeds();
    for share in ["gold", "silver"] {
        assert!(ground.is_mounted(share), "{share}");
        assert!(ground.record(share).contains(&guest.uuid), "{share}");
    }
    ground.hook(&guest, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn names_are_taken_from_where_the_image_stands_that_names_them() {
    let ground = ground!();
    write(ground.path("volumes/gold/vms/a/vm.qcow2"), overlay("../b/mid.qcow2", Some("qcow2")));
    write(ground.path("volumes/gold/vms/b/mid.qcow2"), overlay("./base.qcow2", Some("qcow2")));
    write(ground.path("volumes/gold/vms/b/base.qcow2"), overlay("none.raw", Some("raw")));
    let guest = Guest::qcow2("web1", &[ground.text("mnt/gold/vms/a/vm.qcow2")]);
    ground.hook(&guest, "prepare").fails_with(&[
        "share gold has no image 'vms/b/none.raw'",
        &format!(
            "the image '{}' is backed by '{}', which is backed by '{}', which is backed by",
            ground.text("mnt/gold/vms/a/vm.qcow2"),
            ground.text("mnt/gold/vms/b/mid.qcow2"),
            ground.text("mnt/gold/vms/b/base.qcow2"),
        ),
        "bring it back, or rebase",
    ]);
    ground.assert_nothing_left();
    write(ground.path("volumes/gold/vms/b/none.raw"), b"raw");
    ground.hook(&guest, "prepare").succeeds();
    ground.hook(&guest, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn a_guest_that_writes_a_header_into_its_raw_disk_gets_no_other_share() {
    let ground = ground!();
    let forged = overlay(&ground.text("mnt/silver/vm.img"), Some("qcow2"));
    write(ground.path("volumes/gold/forged.img"), &forged);
    write(ground.path("volumes/gold/undeclared.qcow2"), overlay("forged.img", None));
    write(ground.path("volumes/gold/raw.qcow2"), overlay("forged.img", Some("raw")));
    for guest in [
        Guest::new("undeclared", &[ground.text("mnt/gold/forged.img")]),
        Guest::qcow2("behind1", &[ground.text("mnt/gold/undeclared.qcow2")]),
        Guest::qcow2("behind2", &[ground.text("mnt/gold/raw.qcow2")]),
    ] {
        ground.hook(&guest, "prepare").succeeds();
        assert!(ground.is_mounted("gold") && !ground.is_mounted("silver"), "{}", guest.name);
        ground.hook(&guest, "release").succeeds();
    }
    // The same header is believed where the domain says that it is one.
    let guest = Guest::qcow2("declared", &[ground.text("mnt/gold/forged.img")]);
    ground.hook(&guest, "prepare").succeeds();
    assert!(ground.is_mounted("silver"));
    ground.hook(&guest, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn a_chain_that_the_domain_writes_down_is_not_read_from_the_image() {
    let ground = ground!();
    write(
        ground.path("volumes/gold/vm.qcow2"),
        overlay(&ground.text("mnt/silver/vm.img"), Some("raw")),
    );
    let guest = Guest::with_disks(
        "web1",
        &format!(
            "<disk type='file'><driver name='qemu' type='qcow2'/><source file='{}'/>\
             <backingStore/><target dev='vda'/></disk>",
            ground.text("mnt/gold/vm.qcow2")
        ),
    );
    ground.hook(&guest, "prepare").succeeds();
    assert!(ground.is_mounted("gold") && !ground.is_mounted("silver"));
    ground.hook(&guest, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn a_backing_image_that_no_share_explains_is_refused_with_the_chain_that_leads_there() {
    let ground = ground!();
    let stranger = ground.text("base/0123456789abcdef/base.qcow2");
    let image = ground.path("volumes/gold/vm.qcow2");
    let guest = Guest::qcow2("web1", &[ground.text("mnt/gold/vm.qcow2")]);
    for (name, texts) in [
        (stranger.as_str(), &[stranger.as_str(), "is backed by", "no configured share"][..]),
        ("../silver/vm.img", &["is backed by", "goes through '..'"]),
    ] {
        write(&image, overlay(name, Some("qcow2")));
        let took = ground.hook(&guest, "prepare").fails_with(texts);
        assert!(took < Duration::from_secs(2), "{name}: {took:?}");
        ground.assert_nothing_left();
    }
    // A name that means no file here is QEMU's business.
    write(&image, overlay("nbd://server/base", Some("raw")));
    ground.hook(&guest, "prepare").succeeds();
    ground.hook(&guest, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn a_backing_share_that_cannot_be_had_undoes_the_start() {
    let ground = ground!();
    ground.set_client("[volume.\"silver\"]\nmount = \"fail\"\n");
    let backing = ground.text("mnt/silver/vm.img");
    write(ground.path("volumes/gold/vm.qcow2"), overlay(&backing, Some("raw")));
    let guest = Guest::qcow2("web1", &[ground.text("mnt/gold/vm.qcow2")]);
    ground.hook(&guest, "prepare").fails_with(&["share silver", "cannot mount"]);
    ground.assert_nothing_left();
}

#[test]
fn a_chain_that_comes_back_to_itself_ends() {
    let ground = ground!();
    write(
        ground.path("volumes/gold/a.qcow2"),
        overlay(&ground.text("mnt/silver/b.qcow2"), Some("qcow2")),
    );
    write(
        ground.path("volumes/silver/b.qcow2"),
        overlay(&ground.text("mnt/gold/./a.qcow2"), Some("qcow2")),
    );
    let guest = Guest::qcow2("web1", &[ground.text("mnt/gold/a.qcow2")]);
    let took = ground.hook(&guest, "prepare").succeeds();
    assert!(took < Duration::from_secs(2), "{took:?}");
    ground.hook(&guest, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn what_is_there_but_no_file_is_left_to_libvirt() {
    let ground = ground!();
    std::os::unix::fs::symlink("nowhere", ground.path("volumes/gold/link")).expect("a link");
    fs::create_dir(ground.path("volumes/gold/dir")).expect("a directory");
    let mode = nix::sys::stat::Mode::S_IRWXU;
    nix::unistd::mkfifo(&ground.path("volumes/gold/fifo"), mode).expect("a fifo");
    let images = ["link", "dir", "fifo"].map(|name| ground.text(&format!("mnt/gold/{name}")));
    let guest = Guest::qcow2("web1", &images);
    let took = ground.hook(&guest, "prepare").succeeds();
    assert!(took < Duration::from_secs(1), "{took:?}");
    ground.hook(&guest, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn more_images_than_one_look_takes_are_all_looked_at() {
    let ground = ground!();
    let image = |n: usize| format!("mnt/gold/{n}.img");
    for n in 0..20 {
        write(ground.path(&format!("volumes/gold/{n}.img")), b"image");
    }
    let images: Vec<String> = (0..20).map(|n| ground.text(&image(n))).collect();
    let guest = Guest::new("web1", &images);
    ground.hook(&guest, "prepare").succeeds();
    ground.hook(&guest, "release").succeeds();
    fs::remove_file(ground.path("volumes/gold/17.img")).expect("it is there");
    ground.hook(&guest, "prepare").fails_with(&["'17.img'"]);
    ground.assert_nothing_left();
}

#[test]
fn a_client_that_answers_too_slowly_for_a_look_is_refused_like_a_hung_one() {
    let ground = ground!();
    // The probe asks for the root only; the image is ten directories away from it.
    let name = "a/b/c/d/e/f/g/h/i/vm.img";
    write(ground.path("volumes/gold").join(name), b"image");
    ground.set_client("answer_delay = \"150ms\"\n");
    let guest = Guest::new("web1", &[ground.text(&format!("mnt/gold/{name}"))]);
    let took = ground
        .hook(&guest, "prepare")
        .fails_with(&["share gold: its client did not answer within 1.0 s", name]);
    assert!(took < Duration::from_secs(5), "{took:?}");
    ground.assert_nothing_left();
}

#[test]
fn a_client_that_hangs_while_images_are_looked_at_is_found_out_in_time() {
    let ground = ground!();
    let guest = Guest::new("web1", &[ground.text("mnt/gold/none.img")]);
    let begun = std::time::Instant::now();
    let hook = ground.hook_in_background(&guest, "prepare");
    // It is looked for in vain for two seconds.
    ground.wait_until("gold is mounted", || ground.is_mounted("gold"));
    std::thread::sleep(Duration::from_millis(700));
    ground.set_client("answers = \"hang\"\n");
    let ended = hook.wait_with_output().expect("it ends");
    let said = String::from_utf8(ended.stderr).expect("UTF-8");
    assert!(!ended.status.success() && said.contains("share gold: its client did not answer"));
    assert!(said.contains("none.img"), "{said}");
    assert!(begun.elapsed() < Duration::from_secs(7), "{:?}", begun.elapsed());
    ground.set_client("");

    // Whether the look that hung kept the mount busy or not: nobody holds it, and the next guest's end takes it down.
    assert!(ground.state().is_empty() || !ground.record("gold").contains(&guest.uuid));
    let next = ground.guest("next", &["gold"]);
    ground.hook(&next, "prepare").succeeds();
    ground.hook(&next, "release").succeeds();
    ground.assert_nothing_left();
}
