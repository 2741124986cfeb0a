//! `disk-xml`

use std::fs;

use snapbox::file;

use crate::Desk;

const CONFIG: &str = "\
[policy]
exports = [\"reg1/vm-*\"]
[[share]]
name = \"gold\"
export = \"quobyte://reg1,reg2/gold\"
mount_point = \"/srv/quobyte/gold\"
";

const WEB1: &str = include_str!("../fixtures/domains/web1.xml");
const ATTACHMENT: &str = include_str!("../diskxml/nova/luks.json");

fn disk_xml(arguments: &str, stdin: &str) -> crate::Said {
    let desk = Desk::new(CONFIG);
    let words: Vec<_> = ["disk-xml"].into_iter().chain(arguments.split_whitespace()).collect();
    desk.run(&words, stdin)
}

#[test]
fn a_disk_is_what_its_options_say_and_else_what_is_right_for_quobyte() {
    disk_xml("--share gold --image web1.qcow2 --format qcow2 --target vda", "")
        .is(file!["snapshots/disk-xml.txt"]);
    let everything = "--export quobyte://reg1,reg2/gold --image data --target sdb --bus scsi --serial data-1 --shareable --boot 2 \
        --unit 3 --logical-block-size 512 --physical-block-size 4096 --format raw --cache directsync --io threads --discard \
        --detect-zeroes unmap --error-policy report --rerror-policy report --limit total_iops_sec=500 \
        --limit total_iops_sec_max=900 --secret C7A5FDBD-edaf-9455-926a-d65c16db1809 --readonly";
    disk_xml(everything, "").is(file!["snapshots/disk-xml-everything.txt"]);
    let virtio = "--share gold --image data --target vdb --queues 4 --iothread 1 --discard=ignore";
    disk_xml(virtio, "").is(file!["snapshots/disk-xml-virtio.txt"]);
    disk_xml("--share gold --image tools.iso --device cdrom --target sda", "")
        .is(file!["snapshots/disk-xml-cdrom.txt"]);
}

#[test]
fn the_bus_is_the_usual_one_of_the_target_unless_it_is_said() {
    for (target, device, bus) in [
        ("vda", "disk", "virtio"),
        ("sda", "disk", "scsi"),
        ("sda", "cdrom", "sata"),
        ("hda", "cdrom", "ide"),
    ] {
        let said =
            disk_xml(&format!("--share gold --image a --target {target} --device {device}"), "");
        assert!(said.stdout.contains(&format!("bus='{bus}'")), "{}", said.as_text());
    }
}

#[test]
fn what_cannot_be_is_refused_with_every_reason() {
    let refused = "--share gold --image a --target vda --bus sata --readonly --shareable --cache writeback --format qcow2 \
        --queues 0 --iothread 1 --serial 123456789012345678901 --boot 0 --unit 6 --logical-block-size 513 \
        --detect-zeroes unmap --limit total_iops_sec=1 --limit read_iops_sec=1";
    disk_xml(refused, "").is(file!["snapshots/disk-xml-refused.txt"]);
    for (arguments, status, words) in [
        ("--share gold --image ../a --target vda", 2, "'/'"),
        ("--share gold --image .. --target vda", 2, "directory"),
        ("--share gold --image a --target xvda", 2, "'vd'"),
        ("--share gold --image a --target vda1", 2, "letters"),
        ("--share gold --image a --target vda --serial a/b", 2, "'/'"),
        ("--share gold --image a --target vda --limit total_iops_sec=0", 2, "from 1"),
        ("--share gold --image a --target vda --limit bogus=1", 2, "no such limit"),
        ("--share gold --image a --target vda --cache unsafe", 2, "directsync"),
        ("--share gold --image a --target vda --discard bogus", 2, "bogus"),
        ("--share gold --export reg1/vm-1 --image a --target vda", 2, "cannot be used"),
        ("--nova x --target vda", 2, "cannot be used"),
        ("--share gold --target vda", 2, "--image"),
        ("--image a --target vda", 2, "--export"),
        ("--share gold --image a.qcow2 --target vda", 3, "--format qcow2"),
        ("--share silver --image a --target vda", 3, "no share 'silver'"),
        ("--export reg1/other --image a --target vda", 3, "neither a configured share"),
        (
            "--share gold --image a --target vda --limit total_iops_sec=1 --limit total_iops_sec=2",
            3,
            "twice",
        ),
        ("--share gold --image a --target hde", 1, "hda to hdd"),
        ("--share gold --image a --target vda --device cdrom", 1, "CD drive"),
        (
            "--share gold --image a --target sda --bus sata --logical-block-size 4096 --physical-block-size 4096",
            1,
            "512",
        ),
    ] {
        let said = disk_xml(arguments, "");
        assert_eq!(said.status, status, "{arguments}: {}", said.as_text());
        assert!(said.stderr.contains(words) && said.stdout.is_empty(), "{}", said.as_text());
    }
}

#[test]
fn a_policys_export_is_where_the_hook_would_mount_it() {
    let said = disk_xml("--export reg1/vm-7 --image a --target vda", "");
    let (_, rest) = said.stdout.split_once("file='[DIR]/base/").expect("below the mount base");
    let (key, _) = rest.split_once("/a'").expect("the image");
    let export: virt_quobyte::share::Export = "reg1/vm-7".parse().expect("a good export");
    assert_eq!(key, export.key().as_str());
}

#[test]
fn the_metadata_is_what_virsh_takes_and_the_hook_reads() {
    disk_xml("--metadata --share gold", "").is(file!["snapshots/disk-xml-metadata.txt"]);
    disk_xml("--metadata --export reg1/vm-7", "")
        .is(file!["snapshots/disk-xml-metadata-export.txt"]);
    let metadata = disk_xml("--metadata --share gold", "").stdout;
    let domain = include_str!("../fixtures/domains/minimal.xml").replace("@METADATA@", &metadata);
    let domain = domain.replace("@UUID@", "c7a5fdbd-edaf-9455-926a-d65c16db1809");
    let needs = Desk::new(CONFIG).run(&["needs", "-"], &domain);
    assert!(needs.stdout.contains("needs gold"), "{}", needs.as_text());
}

#[test]
fn into_a_domain_goes_the_disk_and_nothing_else_changes() {
    disk_xml("--share gold --image data --target vdc --into -", WEB1)
        .is(file!["snapshots/disk-xml-into.txt"]);
    let desk = Desk::new(CONFIG);
    fs::write(desk.path("web1.xml"), WEB1).expect("written");
    let words =
        ["disk-xml", "--share", "gold", "--image", "data", "--target", "vda", "--into", "web1.xml"];
    desk.run(&words, "").is(file!["snapshots/disk-xml-into-refused.txt"]);
    assert_eq!(fs::read_to_string(desk.path("web1.xml")).expect("readable"), WEB1);
    // What was inserted is what the hook looks for.
    let inserted = disk_xml("--share gold --image data --target vdc --into -", WEB1).stdout;
    let needs = desk.run(&["needs", "-"], &inserted);
    assert!(needs.stdout.contains("/srv/quobyte/gold/data"), "{}", needs.as_text());
}

#[test]
fn an_attachment_of_novas_becomes_novas_disk() {
    disk_xml("--nova -", ATTACHMENT).is(file!["snapshots/disk-xml-nova.txt"]);
    disk_xml("--nova - --recommended --mount-base /mnt/nova", ATTACHMENT)
        .is(file!["snapshots/disk-xml-nova-recommended.txt"]);
    disk_xml(
        "--nova -",
        &ATTACHMENT.replace("\"encrypted\"", "\"access_mode\": \"rx\", \"encrypted\""),
    )
    .is(file!["snapshots/disk-xml-nova-refused.txt"]);
    let said = disk_xml("--nova -", "[]");
    assert_eq!(said.status, 3, "{}", said.as_text());
}
