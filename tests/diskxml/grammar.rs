//! Everything that is written is what this project's grammars and libvirt's own say that it is, by xmllint.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use virt_quobyte::diskxml::{Request, WrittenDisk};

use crate::specs::disks;

const LIBVIRT: &str = "/usr/share/libvirt/schemas/domain.rng";

fn own(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas").join(name)
}

/// Which of these documents the grammar does not take, with what xmllint says; `None` without xmllint.
fn refused(grammar: &Path, documents: &[String]) -> Option<Vec<String>> {
    if Command::new("xmllint").arg("--version").output().is_err() {
        println!("skipped: there is no xmllint on this machine");
        return None;
    }
    let folder = TempDir::new().expect("a tempdir");
    let paths: Vec<_> =
        (0..documents.len()).map(|n| folder.path().join(format!("{n}.xml"))).collect();
    for (path, document) in paths.iter().zip(documents) {
        fs::write(path, document).expect("written");
    }
    let mut said = String::new();
    for batch in paths.chunks(500) {
        let output = Command::new("xmllint")
            .args(["--noout", "--relaxng"])
            .arg(grammar)
            .args(batch)
            .output()
            .expect("it starts");
        said += &String::from_utf8_lossy(&output.stderr);
    }
    let verdict = |path: &PathBuf, word: &str| {
        said.lines().any(|line| line == format!("{} {word}", path.display()))
    };
    let judged = paths
        .iter()
        .filter(|path| verdict(path, "validates") || verdict(path, "fails to validate"));
    assert_eq!(judged.count(), documents.len(), "not all were judged: {said}");
    let failing = paths.iter().zip(documents).filter(|(path, _)| !verdict(path, "validates"));
    Some(
        failing
            .map(|(path, document)| {
                let of_it: Vec<_> = said
                    .lines()
                    .filter(|line| line.contains(&*path.display().to_string()))
                    .collect();
                format!("{document}{}", of_it.join("\n"))
            })
            .collect(),
    )
}

/// Which of these documents the grammar does not take, by the other validator that our grammars say they are for; `None` without
/// it, or without its Java.
fn refused_by_jing(grammar: &Path, documents: &[String]) -> Option<Vec<String>> {
    let usage = Command::new("jing").output().ok()?;
    let usage = [usage.stdout, usage.stderr].concat();
    if !String::from_utf8_lossy(&usage).contains("RELAX NG") {
        return None;
    }
    let folder = TempDir::new().expect("a tempdir");
    let path = |n: usize| folder.path().join(format!("{n}.xml"));
    for (n, document) in documents.iter().enumerate() {
        fs::write(path(n), document).expect("written");
    }
    let paths = (0..documents.len()).map(path);
    let output = Command::new("jing").arg(grammar).args(paths).output().expect("it starts");
    // It says what is wrong, and nothing of what is not.
    let said = String::from_utf8_lossy(&output.stdout);
    let is_refused = |n: &usize| said.contains(&format!("{}:", path(*n).display()));
    let refused: Vec<_> =
        (0..documents.len()).filter(is_refused).map(|n| documents[n].clone()).collect();
    let status = output.status.code();
    assert_eq!(status, Some(i32::from(!refused.is_empty())), "{said}");
    Some(refused)
}

fn all_taken(grammar: &Path, documents: &[String]) {
    if let Some(refused) = refused(grammar, documents) {
        assert!(
            refused.is_empty(),
            "{} of {} are refused, for instance: {}",
            refused.len(),
            documents.len(),
            refused[0]
        );
        println!("{} taken by {}", documents.len(), grammar.display());
    }
}

fn written() -> Vec<String> {
    disks(2000).into_iter().map(|disk| WrittenDisk::Libvirt(disk).to_xml()).collect()
}

fn novas() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diskxml/nova");
    let paths =
        fs::read_dir(folder).expect("readable").map(|entry| entry.expect("readable").path());
    let xml = paths.filter(|path| path.extension().is_some_and(|extension| extension == "xml"));
    xml.map(|path| fs::read_to_string(path).expect("readable")).collect()
}

fn in_domain(disk: &String) -> String {
    format!(
        "<domain type='kvm'><name>a</name><memory>1</memory><os><type>hvm</type></os><devices>{disk}</devices></domain>"
    )
}

#[test]
fn every_disk_is_what_our_grammar_describes() {
    all_taken(&own("disk.rng"), &written());
    all_taken(&own("disk.rng"), &novas());
}

#[test]
fn every_disk_is_what_libvirts_grammar_describes() {
    if !Path::new(LIBVIRT).exists() {
        println!("skipped: no libvirt schemas on this machine");
        return;
    }
    let documents: Vec<_> = written().iter().chain(&novas()).map(in_domain).collect();
    all_taken(Path::new(LIBVIRT), &documents);
}

/// A disk, and others that are it but for one thing that is never written.
fn a_good_disk_and_bad_ones() -> (String, Vec<String>) {
    let good = "<disk type='file' device='disk'><driver name='qemu' type='raw' cache='none' io='native'/>\
        <source file='/a'/><target dev='vda' bus='virtio'/></disk>";
    let changes = [
        ("type='raw' ", ""),
        ("cache='none' ", ""),
        ("cache='none'", "cache='writeback'"),
        ("cache='none'", "cache='none' detect_zeroes='unmap'"),
        ("type='raw'", "type='vmdk'"),
        ("bus='virtio'", "bus='sata'"),
        ("dev='vda'", "dev='vda1'"),
        ("file='/a'", "file='a'"),
        ("<source file='/a'/>", ""),
        ("device='disk'", "device='lun'"),
        ("</disk>", "<serial>a/b</serial></disk>"),
        ("</disk>", "<bogus/></disk>"),
        (
            "</disk>",
            "<iotune><total_bytes_sec>1</total_bytes_sec><read_bytes_sec>1</read_bytes_sec></iotune></disk>",
        ),
    ];
    let bad: Vec<_> = changes
        .iter()
        .map(|(from, to)| {
            assert!(good.contains(from), "{from}");
            good.replacen(from, to, 1)
        })
        .collect();
    (good.to_owned(), bad)
}

#[test]
fn our_grammar_refuses_what_is_not_written() {
    let (good, bad) = a_good_disk_and_bad_ones();
    let Some(none) = refused(&own("disk.rng"), &[good]) else { return };
    assert!(none.is_empty(), "{none:?}");
    let refused = refused(&own("disk.rng"), &bad).expect("xmllint is there");
    assert_eq!(refused.len(), bad.len(), "{refused:#?}");
}

/// What a domain's metadata may ask for, and what the hook refuses.
fn good_and_bad_requests() -> (Vec<String>, Vec<String>) {
    let requests = [
        Request::Name("gold".parse().expect("a name")),
        Request::Export("a.b:7861,c/vol ume".parse().expect("an export")),
    ];
    let mut good: Vec<_> = requests.iter().map(Request::to_xml).collect();
    let space = "xmlns:vq='urn:virt-quobyte:domain:1'";
    good.extend([
        format!("<vq:shares {space}/>"),
        format!("<vq:shares {space}><vq:share name='a'/><x:y xmlns:x='urn:x'>text</x:y><vq:share export='r/'/></vq:shares>"),
    ]);
    let bad: Vec<_> = [
        "<vq:share name=''/>",
        "<vq:share/>",
        "<vq:share name='a' export='r/v'/>",
        "<vq:share name='a' mount='/x'/>",
        "<vq:share export='rv'/>",
        "<vq:share export='-r/v'/>",
        "<share name='a'/>",
        "<vq:other/>",
        "text",
    ]
    .map(|inner| format!("<vq:shares {space}>{inner}</vq:shares>"))
    .into();
    (good, bad)
}

#[test]
fn the_grammar_of_the_metadata_takes_what_is_written_and_nothing_that_the_hook_refuses() {
    let (good, bad) = good_and_bad_requests();
    let Some(none) = refused(&own("domain-metadata.rng"), &good) else { return };
    assert!(none.is_empty(), "{none:?}");
    let refused = refused(&own("domain-metadata.rng"), &bad).expect("xmllint is there");
    assert_eq!(refused.len(), bad.len(), "{refused:#?}");
}

#[test]
fn jing_gives_the_same_verdicts_by_our_grammars() {
    let (good, bad_disks) = a_good_disk_and_bad_ones();
    let good_disks = [vec![good], written().split_off(1500), novas()].concat();
    let (good_requests, bad_requests) = good_and_bad_requests();
    for (grammar, good, bad) in
        [("disk.rng", good_disks, bad_disks), ("domain-metadata.rng", good_requests, bad_requests)]
    {
        let Some(none) = refused_by_jing(&own(grammar), &good) else {
            println!(
                "skipped: jing (Debian's package of that name, and Java) is not on this machine"
            );
            return;
        };
        assert!(none.is_empty(), "{} of {}, for instance {}", none.len(), good.len(), none[0]);
        let refused = refused_by_jing(&own(grammar), &bad).expect("jing is there");
        assert_eq!(refused.len(), bad.len(), "{refused:#?}");
        println!("{} taken and {} refused by jing and {grammar}", good.len(), bad.len());
    }
}
