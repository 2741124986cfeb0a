use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::domain;
use crate::image::Backing;

const WAITED: Duration = Duration::from_secs(2);

fn share(name: &str) -> Share {
    let export = format!("reg1/{name}").parse().expect("an export");
    let mount_point = format!("/srv/{name}").parse().expect("a path");
    Share::of_record(name.parse().expect("a name"), export, mount_point)
}

fn settings() -> Settings {
    Settings {
        shares: ["gold", "silver", "bronze"].map(share).into(),
        mount_base: "/base".parse().expect("a path"),
        ..Settings::default()
    }
}

/// What is on the shares: nothing but this.
type Files = BTreeMap<String, Sight>;

fn backed(name: &str, format: Option<&str>) -> Sight {
    let backing = Backing { name: name.to_owned(), format: format.map(str::to_owned) };
    Sight::Header(Header { backing: Some(backing), data_file: None })
}

fn files(list: &[(&str, Sight)]) -> Files {
    list.iter().map(|(path, sight)| ((*path).to_owned(), sight.clone())).collect()
}

#[derive(Debug, PartialEq)]
struct Found {
    shares: Vec<String>,
    looks: Vec<String>,
    faults: Vec<String>,
}

/// Follows the chains of disks, each written as XML, through these files.
fn follow(disks: &str, files: &Files) -> Found {
    let xml = format!(
        "<domain><name>n</name><uuid>11111111222233334444555555555500</uuid>\
         <devices>{disks}</devices></domain>"
    );
    let domain = domain::read(xml.as_bytes()).expect("it is read");
    let settings = settings();
    let needs = crate::needs::of(&domain, &settings);
    let mut images = Images::of(&domain, &needs.shares, &settings);
    let mut looks = Vec::new();
    while images.any_unseen() {
        for ToLookAt { share, images: asked } in images.to_look_at() {
            for (id, ask, path) in asked {
                assert!(share.mount_point.is_above(&lexical::end(&path)), "{path} is not there");
                let there = files.get(lexical::end(&path).as_ref());
                let sight = match (there, ask) {
                    (None, _) => Sight::Errno(ENOENT),
                    (Some(Sight::Header(_)), Ask::Presence) => Sight::File,
                    (Some(sight), _) => sight.clone(),
                };
                looks.push(format!("{} {path}", ask.as_str()));
                images.learn(id, &sight);
            }
        }
        // What is missing is missing in every round: here it is asked for once a round.
        assert!(looks.len() < 10_000, "no end of it");
    }
    let faults = images.faults().iter().cloned().chain(images.missing(WAITED));
    Found {
        shares: images.shares().iter().map(|share| share.name.to_string()).collect(),
        looks,
        faults: faults.map(|fault| fault.to_string()).collect(),
    }
}

fn disk(path: &str) -> String {
    format!("<disk><driver type='qcow2'/><source file='{path}'/></disk>")
}

#[test]
fn a_chain_is_followed_from_share_to_share_with_its_names_taken_where_they_stand() {
    let files = files(&[
        ("/srv/gold/vms/a", backed("../b", Some("qcow2"))),
        ("/srv/gold/b", backed("file:/srv/silver/dir//c", Some("qcow2"))),
        ("/srv/silver/dir/c", backed("d", Some("raw"))),
        ("/srv/silver/dir/d", backed("/srv/bronze/forged", Some("qcow2"))),
    ]);
    let found = follow(&disk("/srv/gold/vms/a"), &files);
    let looks = [
        "header /srv/gold/vms/a",
        "header /srv/gold/vms/../b",
        "header /srv/silver/dir//c",
        "presence /srv/silver/dir//d",
    ];
    assert_eq!(found.looks, looks);
    assert_eq!(found.shares, ["gold", "silver"]);
    assert!(found.faults.is_empty(), "{found:?}");
}

#[test]
fn a_data_file_is_needed_and_is_an_end() {
    let data = Header { backing: None, data_file: Some("/srv/silver/d".to_owned()) };
    let files = files(&[
        ("/srv/gold/a", Sight::Header(data)),
        ("/srv/silver/d", backed("/srv/bronze/x", Some("qcow2"))),
    ]);
    let found = follow(&disk("/srv/gold/a"), &files);
    assert_eq!(found.shares, ["gold", "silver"]);
    assert_eq!(found.looks, ["header /srv/gold/a", "presence /srv/silver/d"]);
}

#[test]
fn a_header_is_believed_only_where_somebody_else_declared_the_format() {
    let forged = files(&[("/srv/gold/a", backed("/srv/silver/b", Some("qcow2")))]);
    let rows = [
        ("raw", "<disk><driver type='raw'/><source file='/srv/gold/a'/></disk>"),
        ("undeclared", "<disk><source file='/srv/gold/a'/></disk>"),
        (
            "said to stand alone",
            "<disk><driver type='qcow2'/><source file='/srv/gold/a'/><backingStore/></disk>",
        ),
        (
            "raw behind another",
            "<disk><driver type='qcow2'/><source file='/elsewhere'/><backingStore type='file'>\
             <format type='raw'/><source file='/srv/gold/a'/></backingStore></disk>",
        ),
    ];
    for (case, disk) in rows {
        let found = follow(disk, &forged);
        assert_eq!(found.looks, ["presence /srv/gold/a"], "{case}");
        assert_eq!(found.shares, ["gold"], "{case}");
    }
    let undeclared = files(&[
        ("/srv/gold/a", backed("/srv/gold/b", None)),
        ("/srv/gold/b", backed("/srv/silver/c", Some("qcow2"))),
    ]);
    let found = follow(&disk("/srv/gold/a"), &undeclared);
    assert_eq!(found.looks, ["header /srv/gold/a", "presence /srv/gold/b"]);
    assert_eq!(found.shares, ["gold"]);
}

#[test]
fn a_chain_in_the_document_is_followed_on_where_it_has_no_end() {
    let files = files(&[
        ("/srv/gold/a", backed("/srv/bronze/x", Some("qcow2"))),
        ("/srv/gold/b", backed("/srv/silver/c", Some("raw"))),
        ("/srv/silver/c", Sight::File),
    ]);
    let disk = "<disk><driver type='qcow2'/><source file='/srv/gold/a'/><backingStore type='file'>\
                <format type='qcow2'/><source file='/srv/gold/b'/></backingStore></disk>";
    let found = follow(disk, &files);
    let looks = ["presence /srv/gold/a", "header /srv/gold/b", "presence /srv/silver/c"];
    assert_eq!(found.looks, looks);
    assert_eq!(found.shares, ["gold", "silver"]);
}

#[test]
fn what_is_on_no_share_is_not_looked_at_and_what_nobody_can_provide_is_a_fault() {
    let found = follow(&disk("/var/lib/a"), &Files::new());
    assert_eq!(found, Found { shares: vec![], looks: vec![], faults: vec![] });
    let rows = [
        ("/var/lib/b", None),
        ("nbd://server/b", None),
        ("/base/0123/b", Some("the path '/base/0123/b' is below the mount base /base")),
        ("../silver/b", Some("the path '/srv/gold/../silver/b' goes through '..' at a share")),
        ("../../etc/b", Some("the path '/srv/gold/../../etc/b' goes through '..' at a share")),
    ];
    for (name, fault) in rows {
        let found =
            follow(&disk("/srv/gold/a"), &files(&[("/srv/gold/a", backed(name, Some("qcow2")))]));
        assert_eq!(found.looks, ["header /srv/gold/a"], "{name}");
        assert_eq!(found.faults.len(), usize::from(fault.is_some()), "{name}: {found:?}");
        for (found, expected) in found.faults.iter().zip(fault) {
            assert!(found.contains(expected), "{name}: {found}");
            assert!(found.starts_with("the image '/srv/gold/a' is backed by '"), "{found}");
        }
    }
}

#[test]
fn what_is_missing_is_told_by_its_name_and_by_who_names_it() {
    let chain = files(&[
        ("/srv/gold/a", backed("/srv/silver/b", Some("qcow2"))),
        ("/srv/silver/b", backed("sub/c", Some("raw"))),
    ]);
    let rows = [
        (
            "/srv/gold/sub/x.qcow2",
            "share gold has no image 'sub/x.qcow2' (looked for 2.0 s as /srv/gold/sub/x.qcow2); \
             create it there, or correct the path",
        ),
        (
            "/srv/gold/a",
            "share silver has no image 'sub/c' (looked for 2.0 s as /srv/silver/sub/c); the image \
             '/srv/gold/a' is backed by '/srv/silver/b', which is backed by '/srv/silver/sub/c': \
             bring it back, or rebase the image that names it",
        ),
    ];
    for (path, expected) in rows {
        assert_eq!(follow(&disk(path), &chain).faults, [expected]);
    }
}

#[test]
fn an_image_may_be_missing_if_every_disk_that_needs_it_says_so() {
    let optional = "<disk><driver type='qcow2'/>\
                    <source file='/srv/gold/a' startupPolicy='optional'/></disk>";
    let whole = files(&[("/srv/gold/a", backed("b", Some("raw")))]);
    for (disks, files, faults) in [
        (optional.to_owned(), &Files::new(), 0),
        (optional.to_owned(), &whole, 0),
        (optional.to_owned() + &disk("/srv/gold/./a"), &Files::new(), 1),
        (optional.to_owned() + &disk("/srv/gold/./a"), &whole, 1),
        (optional.to_owned() + &disk("/srv/gold/b"), &whole, 1),
    ] {
        let found = follow(&disks, files);
        assert_eq!(found.faults.len(), faults, "{disks}: {found:?}");
    }
}

#[test]
fn an_answer_that_is_no_file_is_judged_by_what_libvirt_could_still_do() {
    for (sight, fault) in [
        (Sight::Errno(ENOTDIR), Some("has no image 'a'")),
        (Sight::Errno(5), Some("share gold: the image /srv/gold/a cannot be read: Input/output")),
        (Sight::Errno(107), Some("endpoint is not connected")),
        (Sight::Errno(EACCES), None),
        (Sight::Errno(EPERM), None),
        (Sight::Symlink, None),
        (Sight::NotAFile, None),
        (Sight::NoHeader { why: String::new() }, None),
    ] {
        let found = follow(&disk("/srv/gold/a"), &files(&[("/srv/gold/a", sight.clone())]));
        assert_eq!(found.faults.len(), usize::from(fault.is_some()), "{sight:?}: {found:?}");
        assert!(found.faults.iter().zip(fault).all(|(is, says)| is.contains(says)), "{found:?}");
    }
}

#[test]
fn a_loop_ends_and_a_chain_without_end_is_refused() {
    let looped = files(&[
        ("/srv/gold/a", backed("/srv/silver/b", Some("qcow2"))),
        ("/srv/silver/b", backed("/srv/gold/x/../a", Some("qcow2"))),
    ]);
    let found = follow(&disk("/srv/gold/a"), &looped);
    assert_eq!(found.looks, ["header /srv/gold/a", "header /srv/silver/b"]);
    assert!(found.faults.is_empty());

    let chain = |length: usize| {
        let image = |n| (format!("/srv/gold/{n}"), backed(&format!("{}", n + 1), Some("qcow2")));
        let mut files: Files = (1..length).map(image).collect();
        files.insert(format!("/srv/gold/{length}"), Sight::File);
        follow(&disk("/srv/gold/1"), &files)
    };
    let longest = chain(LONGEST_CHAIN);
    assert!(longest.faults.is_empty() && longest.looks.len() == LONGEST_CHAIN, "{longest:?}");
    let longer = chain(LONGEST_CHAIN + 1);
    assert_eq!(longer.faults.len(), 1);
    assert!(longer.faults[0].contains("'/srv/gold/1' has more than 64 images"), "{longer:?}");
}

fn any_name() -> impl Strategy<Value = String> {
    "(/srv/(gold|silver)/|\\.\\./|\\./|x/|/base/|)[ab]"
}

fn any_sight() -> impl Strategy<Value = Sight> {
    let format = prop::option::of(prop::sample::select(vec!["qcow2", "raw"]));
    let header = (prop::option::of((any_name(), format)), prop::option::of(any_name()));
    header.prop_map(|(backing, data_file)| {
        let backing =
            backing.map(|(name, format)| Backing { name, format: format.map(str::to_owned) });
        Sight::Header(Header { backing, data_file })
    })
}

proptest! {
    #[test]
    fn whatever_the_images_say_it_ends_and_looks_once_for_each_reason(
        disks in prop::collection::vec(("/srv/(gold|silver)/(x/)?[ab]", any::<bool>()), 1..4),
        files in prop::collection::btree_map("/srv/(gold|silver)/(x/)?[ab]", any_sight(), 0..8),
    ) {
        let xml: String = disks
            .iter()
            .map(|(path, optional)| {
                let policy = if *optional { "optional" } else { "mandatory" };
                disk(path).replace("/></disk>", &format!(" startupPolicy='{policy}'/></disk>"))
            })
            .collect();
        let found = follow(&xml, &files);
        // There are 2 shares with 4 files each, all of which may be asked for in 2 ways, and once more because somebody else
        // cannot do without; a missing one is asked for in every round.
        let there = found.looks.iter().filter(|look| {
            let path = look.split(' ').nth(1).expect("a path");
            files.contains_key(lexical::end(path).as_ref())
        });
        prop_assert!(there.count() <= 32, "{found:?}");
        let distinct: BTreeSet<_> = found.shares.iter().collect();
        prop_assert_eq!(distinct.len(), found.shares.len(), "{:?}", found);
    }
}
