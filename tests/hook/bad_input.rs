//! What no libvirt would send, or only a hostile one.

use std::process::Command;
use std::time::Duration;

use crate::ground::{Guest, HOOK, feed, ground};

#[test]
fn a_standard_input_that_is_no_domain_stops_a_start_with_its_place_and_never_a_release() {
    let ground = ground!();
    let guest = ground.guest("web1", &["gold"]);
    let good = guest.xml().into_bytes();
    let bad_uuid = guest.xml().replace(&guest.uuid, "none");
    let no_uuid = guest.xml().replace(&format!("<uuid>{}</uuid>", guest.uuid), "");
    let entity = guest
        .xml()
        .replace("<domain", "<!DOCTYPE domain [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>\n<domain");
    let mut not_utf8 = good.clone();
    not_utf8[60] = 0xff;
    for (name, document) in [
        ("empty", b"".to_vec()),
        ("cut off", good[..good.len() / 2].to_vec()),
        ("not XML", b"\x7fELF\0\0".to_vec()),
        ("not a domain", b"<network><name>x</name></network>".to_vec()),
        ("no UUID", no_uuid.into_bytes()),
        ("a UUID that is none", bad_uuid.into_bytes()),
        ("a DOCTYPE", entity.into_bytes()),
        ("not UTF-8", not_utf8),
        ("deep", "<domain>".repeat(5000).into_bytes()),
        ("a megabyte of nothing", vec![b' '; 1 << 20]),
    ] {
        for operation in ["prepare", "migrate", "restore"] {
            let called = ground.hook_with(&guest, operation, &document);
            println!("{name}: {}", called.stderr);
            called.fails_with(&["virt-quobyte: domain web1: its XML: line "]);
        }
        for operation in ["release", "reconnect", "started", "stopped", "what-comes-next"] {
            ground.hook_with(&guest, operation, &document).succeeds();
        }
    }
    ground.assert_nothing_left();
}

#[test]
fn a_document_full_of_mistakes_is_refused_in_time_and_in_one_paragraph() {
    let ground = ground!();
    let base = ground.text("base");
    let images = |count| (0..count).map(|n| format!("{base}/nobody/{n}")).collect::<Vec<_>>();
    let up_and_down = format!("{base}{}{}", "/a".repeat(200_000), "/..".repeat(200_010));
    let guest = Guest::new("web1", &[]);
    let xml = guest.xml();
    let disks = |images: &[String]| {
        let disk = |image| format!("<disk><source file='{image}'/></disk>\n");
        let disks: String = images.iter().map(disk).collect();
        xml.replace("</devices>", &format!("{disks}</devices>"))
    };
    let requests = "<vq:share export='reg1/x'/>".repeat(300);
    let requests =
        format!("<vq:shares xmlns:vq='urn:virt-quobyte:domain:1'>{requests}</vq:shares>");
    for (document, says) in [
        (disks(&images(50_000)), "; and 49990 more like these"),
        (disks(&[up_and_down]), "goes through '..' at a share or the mount base"),
        (xml.replace("</metadata>", &format!("{requests}</metadata>")), "more than 256 shares"),
    ] {
        for operation in ["prepare", "migrate"] {
            let called = ground.hook_with(&guest, operation, document.as_bytes());
            assert!(called.took < Duration::from_secs(10), "{says}: {:?}", called.took);
            assert!(called.stderr.len() < 100_000, "{says}: {} bytes", called.stderr.len());
            called.fails_with(&[says]);
        }
        ground.hook_with(&guest, "reconnect", document.as_bytes()).succeeds();
    }
    ground.assert_nothing_left();
}

#[test]
fn a_domains_name_cannot_steer_a_terminal_or_forge_a_line() {
    let ground = ground!();
    let mut guest = Guest::new("x", &[ground.text("base/nowhere/vm.img")]);
    guest.name = "web\n\u{1b}[2Jok\u{202e}".to_owned();
    let document = guest.xml().replace(&guest.name, "plain");
    let called = ground.hook_with(&guest, "prepare", document.as_bytes());
    called.fails_with(&["domain web\\n\\u{1b}[2Jok\\u{202e}: "]);
}

#[test]
fn anything_but_libvirts_four_arguments_is_explained() {
    for arguments in
        [&[][..], &["--help"], &["web1", "prepare", "begin"], &["a", "b", "c", "d", "e"]]
    {
        let mut command = Command::new(HOOK);
        command.args(arguments);
        feed(command, b"")
            .fails_with(&["libvirt calls it with DOMAIN OPERATION SUB-OPERATION EXTRA"]);
    }
}

#[test]
fn a_broken_configuration_stops_starts_that_name_a_file_and_no_end() {
    let ground = ground!();
    let guest = ground.guest("web1", &["gold"]);
    ground.change_config("mount_base", "mount_bass");
    ground.hook(&guest, "prepare").fails_with(&["config.toml:1:1", "mount_bass", "mount_base"]);
    ground.hook(&guest, "release").succeeds();
    ground.hook(&guest, "reconnect").succeeds();
    ground.hook(&Guest::new("diskless", &[]), "migrate").fails_with(&["config.toml"]);
}
