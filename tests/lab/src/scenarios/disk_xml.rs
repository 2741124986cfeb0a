//! The disks that `virt-quobyte disk-xml` prints, put before the QEMU driver of a real libvirtd: it turns a domain into QEMU's
//! command line, after every check that it has for a guest that is to start.

use anyhow::{Context as _, Result, ensure};

use super::scenarios;
use crate::host::Host;
use crate::runner::Verdict;
use crate::share::{self, Share};

scenarios!("disk-xml", WithProduct:
    the_qemu_driver_takes_every_disk_that_is_printed,
);

/// How many domains, each with all of [`PLACES`].
const DOMAINS: usize = 9;

/// Buses, and as many targets on each as a machine of type pc has room for.
const PLACES: [(&str, &str, &str); 5] = [
    ("virtio", "vd", "abcdefgh"),
    ("scsi", "sd", "abcdef"),
    ("sata", "sd", "ghijkl"),
    ("usb", "sd", "mnop"),
    ("ide", "hd", "abcd"),
];

const DOMAIN: &str = "\
<domain type='qemu'>
  <name>disk-xml</name>
  <memory unit='MiB'>128</memory>
  <vcpu>2</vcpu>
  <iothreads>4</iothreads>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices>
    <controller type='usb' index='0' model='qemu-xhci' ports='15'/>
    <controller type='scsi' index='0' model='virtio-scsi'/>
  </devices>
</domain>
";

/// The passphrase of those images that are encrypted.
const SECRET: &str = "5f9e7c4e-5d0f-4d25-9c2b-0d3a6e1b7a11";

fn the_qemu_driver_takes_every_disk_that_is_printed(host: &Host) -> Result<Verdict> {
    let share = Share::new(host, "printed")?;
    let by_policy = Share::new(host, "by-policy")?;
    let policy = format!("[policy]\nexports = [{:?}]\n", by_policy.export());
    share::configure(host, &policy, &[&share])?;
    define_secret(host)?;
    let mut disks = 0;
    for domain in 0..DOMAINS {
        let mut document = DOMAIN.to_owned();
        let mut paths = Vec::new();
        for (bus, prefix, letters) in PLACES {
            for (place, letter) in letters.chars().enumerate() {
                let number = disks + paths.len();
                let image = format!("disk-{number}");
                let (option, name, share) = match number % 3 {
                    0 => ("--share", share.name().to_owned(), &share),
                    1 => ("--export", share.export(), &share),
                    _ => ("--export", by_policy.export(), &by_policy),
                };
                paths.push(share.path(&image));
                let mut words = options(number, bus);
                words.extend(places(number, bus, place, paths.len()));
                words.extend(["--image".into(), image]);
                words.extend(["--target".into(), format!("{prefix}{letter}")]);
                let printed = host
                    .command("virt-quobyte")
                    .args(["disk-xml", option, &name, "--into", "-"])
                    .args(&words)
                    .stdin(document.as_bytes())
                    .succeeds()?;
                document = printed.stdout_text();
            }
        }
        let file = format!("/var/tmp/disk-xml-{domain}.xml");
        host.write(&file, &document)?;
        let native = host
            .command("virsh")
            .args(["domxml-to-native", "qemu-argv", &file])
            .succeeds()
            .with_context(|| document.clone())?
            .stdout_text();
        for path in &paths {
            ensure!(native.contains(&format!("{path}\"")), "QEMU would not open {path}: {native}");
        }
        disks += paths.len();
    }
    Ok(Verdict::Measured(format!("{disks} disks in {DOMAINS} domains")))
}

/// A guest's command line has the passphrase in it, so libvirt asks for it.
fn define_secret(host: &Host) -> Result<()> {
    let file = "/var/tmp/disk-xml-secret.xml";
    let secret = format!(
        "<secret ephemeral='no' private='yes'><uuid>{SECRET}</uuid>\
         <usage type='volume'><volume>disk-xml</volume></usage></secret>\n"
    );
    host.write(file, &secret)?;
    host.command("virsh").args(["secret-define", file]).succeeds()?.done()?;
    let passphrase = "b3BlbiBzZXNhbWU=";
    host.command("virsh").args(["secret-set-value", SECRET, passphrase]).succeeds()?.done()
}

/// What a domain has once, or a controller at one place: `place` counts the disks of this bus, `order` those of this domain.
fn places(number: usize, bus: &str, place: usize, order: usize) -> Vec<String> {
    let mut words = Vec::new();
    if number.is_multiple_of(2) {
        words.push(format!("--boot={order}"));
    }
    // Targets such as these have their own places on the first controller of the bus, or on the second: between them is room.
    match bus {
        "scsi" if number % 4 < 2 => words.push(format!("--unit={}", 16_383 - place)),
        "sata" if number % 4 < 2 => words.push(format!("--unit={place}")),
        _ => {}
    }
    words
}

/// The options of the disk of this number: each list is gone through at a pace of its own, so that they meet in many ways.
fn options(number: usize, bus: &str) -> Vec<String> {
    let mut words = vec![format!("--bus={bus}")];
    let pick = |pace: usize, from: &[&str]| from[number / pace % from.len()].to_owned();
    let cdrom = bus != "virtio" && number.is_multiple_of(3);
    let raw = pick(1, &["raw", "qcow2"]) == "raw";
    let cache = pick(2, &["none", "directsync", "writeback", "writethrough"]);
    let direct = cache == "none" || cache == "directsync";
    if cdrom {
        words.push("--device=cdrom".into());
    }
    words.push(format!("--format={}", if raw { "raw" } else { "qcow2" }));
    words.push(format!("--cache={cache}"));
    let io = if direct {
        pick(3, &["native", "io_uring", "threads"])
    } else {
        pick(3, &["threads", "io_uring"])
    };
    words.push(format!("--io={io}"));
    words.push(format!("--error-policy={}", pick(1, &["stop", "report", "ignore"])));
    words.push(format!("--rerror-policy={}", pick(5, &["stop", "report", "ignore"])));
    let zeroes = pick(
        2,
        &[
            "",
            "--discard=unmap",
            "--discard=unmap --detect-zeroes=unmap",
            "--discard=ignore --detect-zeroes=on",
            "--detect-zeroes=off",
        ],
    );
    let limits = pick(
        3,
        &[
            "",
            "--limit=total_bytes_sec=1000 --limit=total_bytes_sec_max=2000 --limit=read_iops_sec=5",
            "",
            "--limit=read_bytes_sec=1 --limit=write_bytes_sec=1000000000000000 --limit=total_iops_sec=9 --limit=size_iops_sec=4096",
            "--limit=read_iops_sec=5 --limit=write_iops_sec=6 --limit=read_iops_sec_max=5 --limit=write_iops_sec_max=60",
        ],
    );
    let blocks = match (bus, cdrom) {
        (_, true) => String::new(),
        ("sata" | "ide", false) => pick(4, &["", "--physical-block-size=4096"]),
        (_, false) => pick(
            4,
            &[
                "",
                "--physical-block-size=4096",
                "--logical-block-size=4096 --physical-block-size=32768",
            ],
        ),
    };
    let virtio = if bus == "virtio" {
        pick(3, &["--queues=4", "--iothread=4", "--queues=1 --iothread=1"])
    } else {
        String::new()
    };
    let readonly = if matches!(bus, "virtio" | "scsi" | "usb") {
        pick(7, &["", "", "--readonly"])
    } else {
        String::new()
    };
    let shareable = if raw && direct { pick(3, &["", "", "--shareable"]) } else { String::new() };
    let serial = pick(2, &["", "--serial=a-B_9.+"]);
    let secret = pick(4, &["", "", "--secret="]);
    let secret = if secret.is_empty() { secret } else { secret + SECRET };
    for more in [zeroes, limits, blocks, virtio, readonly, shareable, serial, secret] {
        words.extend(more.split_whitespace().map(str::to_owned));
    }
    words
}
