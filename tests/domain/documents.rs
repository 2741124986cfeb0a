//! Documents that are read, each with what is read from it.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use virt_quobyte::domain::{self, Domain, Wanted};
use virt_quobyte::xml::Span;

/// A document of `documents/`, with the facts that stand beside it.
pub(crate) struct Fixture {
    pub(crate) name: String,
    pub(crate) source: Vec<u8>,
    facts: String,
}

pub(crate) fn fixtures() -> &'static [Fixture] {
    static FIXTURES: LazyLock<Vec<Fixture>> = LazyLock::new(load);
    &FIXTURES
}

fn load() -> Vec<Fixture> {
    let folder = [env!("CARGO_MANIFEST_DIR"), "tests", "domain", "documents"];
    let folder: PathBuf = folder.iter().collect();
    let mut fixtures: Vec<Fixture> = fs::read_dir(&folder)
        .expect("the folder of documents")
        .map(|entry| entry.expect("an entry of it").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "xml"))
        .map(|path| Fixture {
            name: path.file_name().expect("a name").to_string_lossy().into_owned(),
            source: fs::read(&path).expect("a document"),
            facts: fs::read_to_string(path.with_extension("facts")).unwrap_or_default(),
        })
        .collect();
    fixtures.sort_by(|one, other| one.name.cmp(&other.name));
    assert!(!fixtures.is_empty(), "no documents in {}", folder.display());
    fixtures
}

fn facts(domain: &Domain, source: &[u8]) -> String {
    let at = |span: Span| {
        let position = span.line_column(source);
        format!("{}:{}", position.line, position.column)
    };
    let mut facts = String::new();
    let mut line = |place: String, what: String| {
        writeln!(facts, "{place:>7} {what}").expect("a string takes all");
    };
    if let Some(kind) = &domain.kind {
        line(at(kind.span), format!("type {}", kind.value));
    }
    line(at(domain.name.span), format!("name {}", domain.name.value));
    if let Some(uuid) = &domain.uuid {
        line(at(uuid.span), format!("uuid {}", uuid.value));
    }
    for share in &domain.shares {
        line(at(share.span), format!("share {:?}", share.wanted));
    }
    for path in &domain.paths {
        line(at(path.span), format!("path {} {:?}", path.place, path.path));
    }
    for disk in &domain.disks {
        let format = disk.format.as_deref().unwrap_or("undeclared");
        let what = format!(
            "disk {:?} {format} {:?}, chain in {:?}",
            disk.path, disk.presence, disk.backing
        );
        line(at(disk.span), what.to_lowercase());
    }
    facts
}

#[test]
fn every_document_says_what_stands_beside_it() {
    for Fixture { name, source, facts: expected } in fixtures() {
        let domain = domain::read(source).unwrap_or_else(|error| panic!("{name}: {error}"));
        let found = facts(&domain, source);
        assert!(found == *expected, "{name} says\n{found}\nwhere its facts are\n{expected}");
    }
}

#[test]
fn line_ends_of_another_system_and_a_byte_order_mark_change_no_fact() {
    let values = |domain: Domain| {
        let paths: Vec<_> = domain.paths.into_iter().map(|path| (path.place, path.path)).collect();
        let shares: Vec<_> = domain.shares.into_iter().map(|share| share.wanted).collect();
        (domain.name.value, domain.uuid.map(|uuid| uuid.value), paths, shares)
    };
    for Fixture { name, source, .. } in fixtures() {
        let text = str::from_utf8(source).expect("UTF-8");
        let expected = values(domain::read(text.as_bytes()).expect("it is read"));
        let changed = format!("\u{feff}{}", text.replace('\n', "\r\n"));
        let found =
            domain::read(changed.as_bytes()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(values(found), expected, "{name}");
    }
}

#[test]
fn spans_are_exact_where_nothing_is_decoded() {
    let mut checked = 0;
    for Fixture { name, source, .. } in fixtures() {
        if name == "spelling.xml" {
            continue;
        }
        let domain = domain::read(source).expect("it is read");
        for path in &domain.paths {
            assert_eq!(&source[path.span.range()], path.path.as_bytes(), "{name}: {}", path.place);
            checked += 1;
        }
        assert_eq!(&source[domain.name.span.range()], domain.name.value.as_str().as_bytes());
    }
    assert!(checked > 75, "{checked} paths");
}

#[test]
fn what_is_not_a_path_of_the_host_is_not_kept_in_any_form() {
    let full =
        fixtures().iter().find(|fixture| fixture.name == "kvm-full.xml").expect("it is there");
    let kept = format!("{:?}", domain::read(&full.source).expect("it is read"));
    for secret in ["/do/not/keep/this", "notes.txt", "/inside/the/guest", "extra.raw", "hw:0"] {
        assert!(
            String::from_utf8_lossy(&full.source).contains(secret),
            "{secret} is in the document"
        );
        assert!(!kept.contains(secret), "{secret}");
    }
}

#[test]
fn a_request_is_by_name_or_by_export() {
    let source = "<domain><name>n</name><uuid>11111111222233334444555555555500</uuid><metadata>\
                  <s:shares xmlns:s='urn:virt-quobyte:domain:1'><s:share name='&quot;a b&quot;'/>\
                  <s:share export='reg/v'/></s:shares></metadata></domain>";
    let domain = domain::read(source.as_bytes()).expect("it is read");
    let found: Vec<_> =
        domain.shares.iter().map(|it| (&it.wanted, &source[it.span.range()])).collect();
    let name = Wanted::Name("\"a b\"".to_owned());
    let export = Wanted::Export("reg/v".to_owned());
    assert_eq!(found, [(&name, "&quot;a b&quot;"), (&export, "reg/v")]);
}

#[test]
fn a_disks_images_are_described_as_libvirt_takes_them() {
    let rows = [
        ("nothing declared", "<source file='/a'/>", "/a - Mandatory Image"),
        (
            "a driver behind the source",
            "<source file='/a'/><driver name='qemu' type='qcow2'/>",
            "/a qcow2 Mandatory Image",
        ),
        (
            "a driver without a type",
            "<driver name='qemu'/><source file='/a'/>",
            "/a - Mandatory Image",
        ),
        (
            "an image that stands alone",
            "<driver type='qcow2'/><source file='/a'/><backingStore/>",
            "/a qcow2 Mandatory Document",
        ),
        (
            "a chain that goes on in its last image",
            "<driver type='qcow2'/><source file='/a'/><backingStore type='file'>\
             <format type='qcow2'/><source file='/b'/></backingStore>",
            "/a qcow2 Mandatory Document; /b qcow2 Mandatory Image",
        ),
        (
            "a chain with its policy, and an end, from the inside out",
            "<backingStore type='file'><backingStore type='file'><backingStore/><source file='/c'/>\
             </backingStore><source file='/b'/><format type='raw'/></backingStore>\
             <source startupPolicy='optional' file='/a'/>",
            "/a - Optional Document; /b raw Optional Document; /c - Optional Document",
        ),
        (
            "a medium that may be missing when the guest moves",
            "<source file='/a' startupPolicy='requisite'/>",
            "/a - Optional Image",
        ),
        (
            "no image, but backed by one",
            "<source dev='/dev/x'/><backingStore type='file'><source file='/b'/>\
          </backingStore>",
            "/b - Mandatory Image",
        ),
        ("an empty drive", "<source file='' startupPolicy='optional'/><target dev='sda'/>", ""),
        (
            "another file that nests",
            "<source file='/a'><dataStore type='file'><format type='raw'/><source file='/d'/></dataStore>\
             </source><mirror file='/m'><format type='qcow2'/><source file='/m'/><backingStore/></mirror>",
            "/a - Mandatory Image",
        ),
        (
            "somebody else's element",
            "<x:source xmlns:x='urn:x' file='/x'/><source file='/a'/>",
            "/a - Mandatory Image",
        ),
    ];
    for (case, disk, expected) in rows {
        let source = format!(
            "<domain><name>n</name><uuid>11111111222233334444555555555500</uuid><devices>\
             <filesystem><source file='/f'/></filesystem><disk>{disk}</disk></devices></domain>"
        );
        let domain = domain::read(source.as_bytes()).expect("it is read");
        let found = domain.disks.iter().map(|it| {
            assert_eq!(&source[it.span.range()], it.path, "{case}");
            let format = it.format.as_deref().unwrap_or("-");
            format!("{} {format} {:?} {:?}", it.path, it.presence, it.backing)
        });
        assert_eq!(found.collect::<Vec<_>>().join("; "), expected, "{case}");
    }
}
