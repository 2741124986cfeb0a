//! Where a share may be mounted, and what is left alone.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown, symlink};
use std::process::Command;
use std::time::Duration;

use nix::mount::{MsFlags, mount, umount};

use crate::ground::{chmod, ground};

#[test]
fn a_mount_point_that_must_not_be_mounted_on_stops_the_start_and_nothing_is_mounted() {
    let cases: [(&str, fn(&crate::ground::Ground), &[&str]); 7] = [
        (
            "a file",
            |g| fs::write(g.mount_point("gold"), "x").expect("written"),
            &["is not a directory"],
        ),
        (
            "not empty",
            |g| {
                fs::create_dir(g.mount_point("gold")).expect("made");
                fs::write(g.mount_point("gold").join("a\u{1b}b"), "x").expect("written");
            },
            &["is not empty: it holds 'a\\u{1b}b'", "move that away"],
        ),
        (
            "a symlink",
            |g| {
                fs::create_dir(g.path("elsewhere")).expect("made");
                symlink(g.path("elsewhere"), g.mount_point("gold")).expect("linked");
            },
            &["is a symlink"],
        ),
        (
            "below a symlink",
            |g| {
                fs::remove_dir(g.path("mnt")).expect("removed");
                fs::create_dir(g.path("elsewhere")).expect("made");
                symlink(g.path("elsewhere"), g.path("mnt")).expect("linked");
            },
            &["/mnt is a symlink"],
        ),
        (
            "below a world-writable directory",
            |g| chmod(&g.path("mnt"), 0o777),
            &["/mnt has mode 0777", "chmod go-w"],
        ),
        (
            "below a group-writable directory",
            |g| chmod(&g.path("mnt"), 0o775),
            &["/mnt has mode 0775"],
        ),
        (
            "below somebody else's directory",
            |g| chown(g.path("mnt"), Some(65534), None).expect("chown"),
            &["/mnt belongs to uid 65534", "root"],
        ),
    ];
    for (name, arrange, texts) in cases {
        let ground = ground!();
        fs::create_dir(ground.path("mnt")).expect("made");
        arrange(&ground);
        let guest = ground.guest("web1", &["gold"]);
        let called = ground.hook(&guest, "prepare");
        println!("{name}: {}", called.stderr);
        called.fails_with(texts);
        assert!(ground.client_starts().is_empty(), "{name}: the client was started");
        ground.assert_nothing_left();
    }
}

#[test]
fn a_bare_mount_point_can_be_written_by_nobody() {
    let ground = ground!();
    let guest = ground.guest("web1", &["gold"]);
    ground.hook(&guest, "prepare").succeeds();
    ground.hook(&guest, "release").succeeds();
    let bare = fs::metadata(ground.mount_point("gold")).expect("it stays");
    assert_eq!((bare.uid(), bare.mode() & 0o7777), (0, 0o555));
    let immutable = Command::new("lsattr").arg("-d").arg(ground.mount_point("gold")).output();
    let immutable = immutable.expect("there is an lsattr");
    if immutable.status.success() {
        let flags = String::from_utf8_lossy(&immutable.stdout).into_owned();
        assert!(flags.split(' ').next().is_some_and(|flags| flags.contains('i')), "{flags}");
        assert!(fs::write(ground.mount_point("gold").join("x"), "x").is_err());
    } else {
        println!("skipped: the immutable flag: the file system of {} has none", ground.text(""));
    }
    ground.hook(&guest, "prepare").succeeds();
    ground.hook(&guest, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn somebody_elses_mount_is_neither_used_nor_taken_down() {
    let ground = ground!();
    let guest = ground.guest("web1", &["gold"]);
    fs::create_dir_all(ground.mount_point("gold")).expect("made");
    mount(Some("evil"), &ground.mount_point("gold"), Some("tmpfs"), MsFlags::empty(), None::<&str>)
        .expect("mounted");
    ground
        .hook(&guest, "prepare")
        .fails_with(&["has something else mounted: type tmpfs, source evil"]);
    assert_eq!(ground.mounts_on(&ground.mount_point("gold")), 1);
    umount(&ground.mount_point("gold")).expect("unmounted");
    ground.assert_nothing_left();
}

#[test]
fn a_mount_that_took_the_place_of_ours_stays() {
    let ground = ground!();
    let guest = ground.guest("web1", &["gold"]);
    ground.hook(&guest, "prepare").succeeds();
    umount(&ground.mount_point("gold")).expect("unmounted");
    mount(
        Some("other"),
        &ground.mount_point("gold"),
        Some("tmpfs"),
        MsFlags::empty(),
        None::<&str>,
    )
    .expect("mounted");
    ground.hook(&guest, "release").succeeds();
    assert_eq!(ground.mounts_on(&ground.mount_point("gold")), 1);
    umount(&ground.mount_point("gold")).expect("unmounted");
    ground.assert_nothing_left();
}

#[test]
fn a_mount_on_top_of_ours_stays_and_so_does_ours() {
    let ground = ground!();
    let guest = ground.guest("web1", &["gold"]);
    ground.hook(&guest, "prepare").succeeds();
    mount(
        Some("other"),
        &ground.mount_point("gold"),
        Some("tmpfs"),
        MsFlags::empty(),
        None::<&str>,
    )
    .expect("mounted");
    ground.hook(&guest, "release").succeeds();
    assert_eq!(ground.mounts_on(&ground.mount_point("gold")), 2);
    umount(&ground.mount_point("gold")).expect("unmounted");
    ground.hook(&guest, "prepare").succeeds();
    ground.hook(&guest, "release").succeeds();
    ground.assert_nothing_left();
}

#[test]
fn paths_that_only_look_as_if_they_were_on_a_share_mount_nothing_in_a_wrong_place() {
    use crate::ground::Guest;
    let ground = ground!();
    let up = format!("{}/../../etc/shadow", ground.text("mnt/gold"));
    let back = format!("{}/x/../mnt/gold/vm.img", ground.text(""));
    for path in [up, back] {
        ground.hook(&Guest::new("web1", &[path]), "prepare").fails_with(&["goes through '..'"]);
    }
    for path in ["/var/lib/../lib/x.img", "/x/../y.img"] {
        ground.hook(&Guest::new("web1", &[path.into()]), "prepare").succeeds();
    }
    ground.assert_nothing_left();
    let doubled = ground.text("mnt//gold///vm.img").replace("vq-hook", "./vq-hook");
    let guest = Guest::new("web1", &[doubled]);
    ground.hook(&guest, "prepare").succeeds();
    assert!(ground.is_mounted("gold"));
    ground.hook(&guest, "release").succeeds();
    ground.assert_nothing_left();
}

/// As whoever mounts all volumes at once gives one of them a place of its own: every such mount has the source of all of them, and
/// only the mount table's root says which volume it is.
#[test]
fn a_volume_that_is_bound_out_of_a_mount_of_all_is_used_and_another_directory_is_not() {
    let ground = ground!();
    let (all, gold) = (ground.path("all"), ground.mount_point("gold"));
    for directory in ["all", "mnt/gold", "volumes/gold/images", "volumes/vm images"] {
        fs::create_dir_all(ground.path(directory)).expect("made");
    }
    fs::write(ground.path("volumes/vm images/vm.img"), b"image").expect("an image");
    let client = Command::new(ground.path("bin/mount.quobyte"))
        .args(["--disable-xattrs", "reg1,reg2/"])
        .arg(&all)
        .status();
    assert!(client.is_ok_and(|status| status.success()) && ground.mounts_on(&all) == 1);
    let guest = ground.guest("web1", &["gold"]);
    let bind = |directory: &str| {
        let from = all.join(directory);
        mount(Some(&from), &gold, None::<&str>, MsFlags::MS_BIND, None::<&str>).expect("bound");
    };
    let used = |directory: &str| {
        bind(directory);
        ground.hook(&guest, "prepare").succeeds();
        ground.hook(&guest, "release").succeeds();
        assert_eq!(ground.mounts_on(&gold), 1, "{directory} was taken down");
        umount(&gold).expect("unmounted");
        assert_eq!(ground.client_starts().len(), 1, "another client was started");
        assert_eq!(ground.state(), Vec::<String>::new());
    };
    let refused = |directory: &str, seen: &str| {
        let seen =
            format!("another directory mounted than the volume's: '{seen}' of quobyte@reg1|reg2/");
        ground.hook(&guest, "prepare").fails_with(&[&seen]);
        assert_eq!(ground.mounts_on(&gold), 1, "{directory} was taken down");
        umount(&gold).expect("unmounted");
        assert_eq!(ground.state(), Vec::<String>::new());
    };
    used("gold");
    for directory in ["silver", "gold/images", "vm images"] {
        bind(directory);
        refused(directory, &format!("/{directory}"));
    }
    bind("gold/images");
    fs::remove_dir(all.join("gold/images")).expect("removed");
    refused("gold/images", "/gold/images//deleted");

    ground.change_config("reg1,reg2/gold\"", "reg1,reg2/vm images\"\nmode = \"verified\"");
    used("vm images");
    bind("gold");
    refused("gold", "/gold");
    umount(&all).expect("unmounted");
    ground.assert_nothing_left();
}

/// Nobody looked at the mount table for this path, and a look-up on it would never return.
#[test]
fn a_state_directory_on_a_mount_that_hangs_is_refused_at_once() {
    let ground = ground!();
    let elsewhere = ground.path("elsewhere");
    fs::create_dir(&elsewhere).expect("made");
    let client = Command::new(ground.path("bin/mount.quobyte"))
        .args(["--disable-xattrs", "reg1,reg2/silver"])
        .arg(&elsewhere)
        .status();
    assert!(client.is_ok_and(|status| status.success()) && ground.mounts_on(&elsewhere) == 1);
    ground.set_client("answers = \"hang\"\n");
    ground.change_config(&ground.text("state"), &ground.text("elsewhere/state"));
    let guest = ground.guest("web1", &["gold"]);
    let took = ground
        .hook(&guest, "prepare")
        .fails_with(&["the state directory", "elsewhere lies on a mount of type fuse.quobyte"]);
    println!("refused after {took:?}");
    assert!(took < Duration::from_secs(1), "{took:?}");
    ground.kill_clients();
    umount(&elsewhere).expect("unmounted");
    ground.assert_nothing_left();
}

#[cfg(target_arch = "x86_64")]
#[test]
fn a_kernel_without_openat2_is_served_all_the_same() {
    use crate::daemon::Daemon;
    use crate::tracer::Traced;
    use nix::libc::SYS_openat2;
    let ground = ground!();
    let guest = ground.guest("web1", &["gold"]);
    let mut daemon = Daemon::start(&ground, &guest);
    let mut prepare_without_it = || {
        let mut hidden = 0;
        let mut hook = Some(Traced::call(&mut daemon, "prepare"));
        while let Some(at) = hook {
            hidden += usize::from(at.hide(SYS_openat2));
            hook = at.next();
        }
        (hidden, daemon.end())
    };
    let (hidden, status) = prepare_without_it();
    println!("calls of openat2 that failed: {hidden}");
    assert!(hidden > 0 && status == 0, "{hidden} hidden, then status {status}");
    ground.assert_usable(&["gold"]);
    ground.hook(&guest, "release").succeeds();

    chmod(&ground.path("mnt"), 0o777);
    assert_ne!(prepare_without_it().1, 0, "the path was not checked");
    chmod(&ground.path("mnt"), 0o755);
    ground.hook(&guest, "release").succeeds();
    ground.assert_nothing_left();
}
