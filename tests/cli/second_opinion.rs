//! `lint --schema` and `lint --libvirt`: what others say stands among the findings.

use std::fs;

use crate::Desk;

const GOOD: &str = include_str!("../lint/libvirt-refuses/good.xml");
/// Refused by whichever of libvirt's drivers is here to be asked.
const REFUSED: &str = "<domain type='qemu'>\n  <name>web1</name>\n  <memory>1024</memory>\n  <os><type>hvm</type></os>\n  <devices>\n    \
    <disk type='file'>\n      <source file='/a.img'/>\n      <target dev='xyz'/>\n    </disk>\n  </devices>\n</domain>\n";

/// A grammar that knows a domain with a name, and nothing else.
const GRAMMAR: &str = "<grammar xmlns='http://relaxng.org/ns/structure/1.0'><start><element name='domain'>\
    <attribute name='type'/><element name='name'><text/></element></element></start></grammar>";

fn desk(files: &[(&str, &str)]) -> Desk {
    let desk = Desk::new("");
    for (name, text) in files {
        fs::write(desk.path(name), text).expect("written");
    }
    desk
}

#[test]
fn what_a_grammar_does_not_know_is_found_at_its_place_also_within_a_status_file() {
    let domain = "<domain type='qemu'>\n  <nmae>web1</nmae>\n</domain>\n";
    let status = format!("<domstatus>\n{domain}</domstatus>\n");
    let desk = desk(&[("g.rng", GRAMMAR), ("web1.xml", domain), ("status.xml", &status)]);
    let said = desk.run(&["lint", "--select", "VQ101", "--schema=g.rng", "web1.xml"], "");
    assert_eq!(said.status, 1, "{}", said.as_text());
    for part in ["VQ905", "web1.xml:2:4", "<name>"] {
        assert!(said.stdout.contains(part), "no {part:?} in {}", said.as_text());
    }
    assert!(said.stderr.contains("asked: the grammar g.rng"), "{}", said.as_text());
    let said = desk.run(&["lint", "--schema=g.rng", "--format=github", "status.xml"], "");
    assert!(said.stdout.contains("line=3,col=4"), "{}", said.as_text());
}

#[test]
fn what_a_grammar_says_can_be_suppressed_and_is_not_missed_when_nobody_asks() {
    let domain = "<!-- virt-quobyte: allow VQ905 a patched libvirt knows it -->\n<domain type='qemu'><nmae/></domain>\n";
    let desk = desk(&[("g.rng", GRAMMAR), ("web1.xml", domain)]);
    let said = desk.run(&["lint", "--schema=g.rng", "web1.xml"], "");
    assert_eq!(said.status, 0, "{}", said.as_text());
    assert!(said.stderr.contains("2 suppressed"), "{}", said.as_text());
    assert_eq!(
        desk.run(&["lint", "web1.xml"], "").status,
        0,
        "the suppression is said to be unused"
    );
}

#[test]
fn a_grammar_that_is_not_there_or_none_is_said_before_anything_is_linted() {
    let desk = desk(&[("web1.xml", GOOD), ("g.rng", "<grammar")]);
    let said = desk.run(&["lint", "--schema=missing.rng", "web1.xml"], "");
    assert_eq!((said.status, said.stdout.as_str()), (3, ""), "{}", said.as_text());
    assert!(said.stderr.contains("missing.rng"), "{}", said.as_text());
    let said = desk.run(&["lint", "--schema=g.rng", "web1.xml"], "");
    assert_eq!((said.status, said.stdout.as_str()), (3, ""), "{}", said.as_text());
}

#[test]
fn libvirt_itself_is_asked_and_named() {
    let desk = desk(&[("good.xml", GOOD), ("bad.xml", REFUSED)]);
    let said = desk.run(&["lint", "--select", "VQ101", "--libvirt", "good.xml", "bad.xml"], "");
    assert_eq!(said.status, 1, "{}", said.as_text());
    for part in ["VQ906", "bad.xml:1:2", "refuses it: ", "xyz"] {
        assert!(said.stdout.contains(part), "no {part:?} in {}", said.as_text());
    }
    assert!(!said.stdout.contains("good.xml"), "{}", said.as_text());
    assert!(said.stderr.contains("asked: libvirt's "), "{}", said.as_text());
}
