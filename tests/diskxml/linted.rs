//! Nothing that is written has a fault that our own linter knows, but for what was wished for by name.

use virt_quobyte::config::{self, SourceFile};
use virt_quobyte::diskxml::{
    Bus, Device, DiskSpec, ErrorPolicy, Format, ImagePath, Io, Target, Word, WrittenDisk,
};
use virt_quobyte::lint;

use crate::specs::disks;

/// What this very disk was wished to be, by the codes that tell of it: the same disk without the wish has no such finding.
fn wished_for(spec: &DiskSpec) -> Vec<&'static str> {
    let stop = ErrorPolicy::Stop;
    let wishes = [
        ("VQ202", !spec.cache.is_direct()),
        ("VQ204", spec.error_policy != stop || spec.rerror_policy != stop),
        ("VQ501", spec.io == Io::Threads),
        // No wish, and no default would be right either: of two good things a qcow2 image can have one. See `DiskSpec` and what
        // the rule says.
        ("VQ502", spec.format == Format::Qcow2 && spec.discard.is_none()),
    ];
    wishes.into_iter().filter_map(|(code, is_so)| is_so.then_some(code)).collect()
}

/// A host that has the share of every image that is tried.
fn settings() -> config::Settings {
    let text =
        "[[share]]\nname = \"gold\"\nexport = \"a/gold\"\nmount_point = \"/srv/quobyte/gold\"\n";
    let file = SourceFile { path: "config.toml".into(), text: text.to_owned() };
    config::parse(&[file]).expect("a good configuration")
}

fn domain(disk: &str) -> String {
    // An I/O thread that no disk uses would be a finding of its own.
    let iothreads = if disk.contains("iothread=") { "<iothreads>8</iothreads>" } else { "" };
    format!(
        "<domain type='qemu'><name>a</name><memory>1</memory>{iothreads}<os><type machine='pc'>hvm</type></os><devices>{disk}</devices></domain>"
    )
}

fn findings(disk: &str, settings: &config::Settings) -> Vec<String> {
    let text = domain(disk);
    let examined = lint::examine(&[text.as_bytes()], Some(settings)).remove(0);
    let told = examined.findings.iter();
    told.map(|it| format!("{} {}: {}", it.rule.code, it.rule.group.word(), it.message)).collect()
}

#[test]
fn no_disk_that_is_written_is_one_that_libvirt_refuses_or_that_no_share_explains() {
    let settings = settings();
    let mut wrong = Vec::new();
    let disks = disks(2000);
    for disk in &disks {
        let xml = WrittenDisk::Libvirt(disk.clone()).to_xml();
        let mut findings = findings(&xml, &settings);
        let wished_for = wished_for(disk.spec());
        findings.retain(|it| !wished_for.iter().any(|code| it.starts_with(code)));
        if !findings.is_empty() {
            wrong.push(format!("{xml}\n  {}", findings.join("\n  ")));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), disks.len(), wrong[0]);
}

#[test]
fn a_disk_of_the_defaults_has_no_fault_at_all() {
    let settings = settings();
    let share = "/srv/quobyte/gold".parse().expect("a good path");
    let image = ImagePath::on(&share, &"web1.img".parse().expect("a good name"));
    let mut tried = 0;
    for (bus, device) in
        Bus::ALL.iter().flat_map(|bus| Device::ALL.iter().map(move |it| (*bus, *it)))
    {
        let target = format!("{}a", Target::prefix_of(bus)).parse().expect("a target");
        let spec = DiskSpec { device, ..DiskSpec::new(image.clone(), target, bus) };
        // A CD drive on virtio.
        let Ok(disk) = spec.check() else { continue };
        let xml = WrittenDisk::Libvirt(disk).to_xml();
        assert_eq!(findings(&xml, &settings), Vec::<String>::new(), "{xml}");
        tried += 1;
    }
    assert_eq!(tried, 9);
}
