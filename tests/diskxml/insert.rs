//! A disk that is put into a domain is in it, and everything else is as it was.

use std::ops::Range;

use proptest::prelude::*;
use virt_quobyte::diskxml::{self, Disk, DiskSpec, ImagePath, InsertError, Request, WrittenDisk};
use virt_quobyte::domain::NAMESPACE;
use virt_quobyte::share::MountPoint;
use virt_quobyte::xml::{ElementRef, Tree};

use crate::specs::spec;

fn disk(change: impl FnOnce(&mut DiskSpec)) -> Disk {
    let share: MountPoint = "/srv/quobyte/gold".parse().expect("a good path");
    let image = ImagePath::on(&share, &"new".parse().expect("a good name"));
    let target = "vdn".parse().expect("a target");
    let mut spec = DiskSpec::new(image, target, virt_quobyte::diskxml::Bus::Virtio);
    change(&mut spec);
    spec.check().expect("a good disk")
}

fn gold() -> Request {
    Request::Name("gold".parse().expect("a name"))
}

fn insert(source: &str, disk: Disk, request: &Request) -> Result<String, InsertError> {
    diskxml::insert(source.as_bytes(), &WrittenDisk::Libvirt(disk), request)
}

#[test]
fn it_is_indented_like_its_neighbours() {
    let rows = [
        (
            "two blanks",
            "<domain>\n  <name>a</name>\n  <devices>\n    <disk/>\n    <rng/>\n  </devices>\n</domain>\n",
        ),
        (
            "tabs and CR LF",
            "<domain>\r\n\t<name>a</name>\r\n\t<devices>\r\n\t\t<disk/>\r\n\t</devices>\r\n</domain>\r\n",
        ),
        ("one line", "<domain><name>a</name><devices><disk/></devices></domain>"),
        (
            "no disk",
            "<domain>\n <name>a</name>\n <devices>\n  <emulator>x</emulator>\n </devices>\n</domain>",
        ),
        ("no device", "<domain>\n  <metadata/>\n  <devices/>\n</domain>"),
        (
            "nothing between",
            "<domain>\n  <metadata></metadata>\n  <devices>\n  </devices>\n</domain>",
        ),
        (
            "a comment behind",
            "<domain>\n  <name>a</name>\n  <devices>\n    <disk/> <!-- the root --> <!-- disk -->\n  </devices>\n</domain>",
        ),
        (
            "a request there",
            "<domain>\n  <metadata>\n    <q:shares xmlns:q='urn:virt-quobyte:domain:1'>\n      <q:share name='silver'/>\n    </q:shares>\n  </metadata>\n  <devices>\n  </devices>\n</domain>",
        ),
        (
            "the request there",
            "<domain>\n  <metadata>\n    <shares xmlns='urn:virt-quobyte:domain:1'><share name='gold'/></shares>\n  </metadata>\n  <devices>\n  </devices>\n</domain>",
        ),
    ];
    let mut text = String::new();
    for (case, source) in rows {
        let inserted = insert(source, disk(|_| {}), &gold()).expect(case);
        Tree::read(inserted.as_bytes()).expect(case);
        let inserted = inserted.replace('\r', "\\r").replace('\t', "\\t");
        text += &["==== ", case, "\n", &inserted, "\n"].concat();
    }
    snapbox::assert_data_eq!(text, snapbox::file!["insert.txt"].raw());
}

type Change = fn(&mut DiskSpec);

#[test]
fn what_the_domain_does_not_take_is_refused_at_its_place() {
    let domain = |inner: &str| format!("<domain>\n<name>a</name>\n{inner}</domain>");
    let devices = |inner: &str| domain(&format!("<devices>\n{inner}\n</devices>"));
    let boots = |spec: &mut DiskSpec| spec.boot = Some(1);
    let unit = |spec: &mut DiskSpec| {
        (spec.bus, spec.unit) = (virt_quobyte::diskxml::Bus::Scsi, Some(3));
        spec.target = "sdn".parse().expect("a target");
    };
    let thread = |spec: &mut DiskSpec| spec.iothread = Some(2);
    let plain = |_: &mut DiskSpec| {};
    let rows: [(String, Change, &str); 11] = [
        (
            devices("<disk><target dev='vdn'/></disk>"),
            plain,
            "line 4, column 1: the domain has a disk with the target vdn",
        ),
        (
            devices("<disk><source file='/srv/quobyte/gold/new'/></disk>"),
            plain,
            "line 4, column 1: the domain has this image",
        ),
        (
            devices("<interface><boot order='1'/></interface>"),
            boots,
            "line 4, column 12: the domain has a device with the boot order 1",
        ),
        (
            domain("<os><boot dev='hd'/></os><devices/>"),
            boots,
            "line 3, column 5: the domain boots by <os>",
        ),
        (
            devices("<disk><target dev='sda' bus='scsi'/><address type='drive' unit='3'/></disk>"),
            unit,
            "address unit 3",
        ),
        (devices(""), thread, "no I/O thread 2"),
        (
            domain("<iothreads>1</iothreads><devices/>"),
            thread,
            "line 3, column 1: the domain has no I/O thread 2",
        ),
        (domain(""), plain, "no <devices>"),
        ("<network/>".to_owned(), plain, "<network>, not a <domain>"),
        ("<domain><devices>".to_owned(), plain, "line 1, column 18"),
        (String::new(), plain, "no document"),
    ];
    for (source, change, words) in rows {
        let refused = insert(&source, disk(change), &gold()).expect_err(words).to_string();
        assert!(refused.contains(words), "{refused}");
    }
    let threads = domain("<iothreads>2</iothreads><devices/>");
    assert!(insert(&threads, disk(thread), &gold()).is_ok());
    let threads = domain("<iothreadids><iothread id='2'/></iothreadids><devices/>");
    assert!(insert(&threads, disk(thread), &gold()).is_ok());
}

/// A domain in some author's hand.
fn domain() -> impl Strategy<Value = String> {
    let blank = prop::sample::select(vec![
        "",
        "\n",
        "\n  ",
        "\n\t",
        "\r\n    ",
        " ",
        "<!-- c -->",
        "\n<!-- <disk/> -->\n",
    ]);
    let blanks = prop::collection::vec(blank, 12);
    let metadata = prop::sample::select(vec![
        "",
        "<metadata/>",
        "<metadata></metadata>",
        "<metadata><x:y xmlns:x='urn:x'/></metadata>",
        "<metadata><vq:shares xmlns:vq='urn:virt-quobyte:domain:1'/></metadata>",
        "<metadata><s xmlns='urn:x'/><shares xmlns='urn:virt-quobyte:domain:1'><share name='gold'/></shares></metadata>",
        "<metadata><z:shares xmlns:z='urn:virt-quobyte:domain:1'> <z:share name='a'/> </z:shares></metadata>",
    ]);
    let devices = prop::sample::select(vec![
        "<devices/>",
        "<devices></devices>",
        "<devices>@<disk/>@</devices>",
        "<devices>@<emulator>x</emulator>@<disk><target dev='vdz'/></disk>@<disk/>@<rng/>@</devices>",
        "<devices>@<rng/><rng/>@</devices>",
    ]);
    let name = prop::sample::select(vec![
        "",
        "<name>a &amp; b</name>",
        "<name>ä</name>@<uuid/>@<description><![CDATA[<devices>]]></description>",
    ]);
    (name, metadata, devices, any::<bool>(), blanks).prop_map(
        |(name, metadata, devices, last, blanks)| {
            let rest = "<iothreads>9</iothreads>@<os/>@";
            let whole = if last {
                format!("<domain type='kvm'>@{name}@{metadata}@{rest}{devices}@</domain>")
            } else {
                format!("<domain type='kvm'>@{devices}@{metadata}@{rest}{name}@</domain>")
            };
            let mut blanks = blanks.into_iter().cycle();
            whole.split('@').fold(String::new(), |text, piece| {
                let blank = if text.is_empty() { "" } else { blanks.next().expect("endless") };
                text + blank + piece
            })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn every_other_byte_stays_and_the_disk_is_read_back(source in domain(), wish in spec()) {
        let Ok(disk) = wish.check() else { return Ok(()) };
        let inserted = insert(&source, disk.clone(), &gold()).expect("it fits");
        let tree = Tree::read(inserted.as_bytes()).expect("well-formed");

        // The disk, and the request, once.
        let image = disk.spec().image.as_str();
        let devices = tree.root().child("devices").expect("there");
        let ours: Vec<_> = devices.all("disk").filter(|it| it.child("source").and_then(|it| it.value("file")) == Some(image)).collect();
        prop_assert_eq!(ours.len(), 1);
        prop_assert_eq!(devices.all("disk").last(), Some(ours[0]));
        let alone = WrittenDisk::Libvirt(disk.clone()).to_xml();
        let bare = |text: &str| text.split(['\n', '\r']).map(str::trim).collect::<String>();
        prop_assert_eq!(bare(&inserted[ours[0].span().range()]), bare(&alone));
        let asked = tree.elements().filter(|it| it.local() == "share" && it.namespace().is(NAMESPACE) && it.value("name") == Some("gold"));
        prop_assert_eq!(asked.count(), 1);

        // What was there is there, byte for byte, when the disk and the request are cut out.
        let before = Tree::read(source.as_bytes()).expect("well-formed");
        let mut new = vec![ours[0].span().range()];
        new.extend(new_request(&before, &tree));
        new.sort_by_key(|range| range.start);
        prop_assert!(is_without(&source, &inserted, &new), "{}\n--\n{}", source, inserted);

        // And a second one of the same is refused.
        prop_assert!(insert(&inserted, disk, &gold()).is_err());
    }
}

/// The outermost element that only the request has brought; none if the domain asks for the share already.
fn new_request(before: &Tree<'_>, after: &Tree<'_>) -> Option<Range<usize>> {
    let is_ours =
        |it: &ElementRef<'_, '_>, name: &str| it.local() == name && it.namespace().is(NAMESPACE);
    let asks = |it: &ElementRef<'_, '_>| is_ours(it, "share") && it.value("name") == Some("gold");
    let metadata = after.root().child("metadata").expect("there");
    let shares = metadata.children().find(|it| is_ours(it, "shares")).expect("there");
    let share = shares.children().find(asks).expect("there");
    let Some(metadata_before) = before.root().child("metadata") else {
        return Some(metadata.span().range());
    };
    match metadata_before.children().find(|it| is_ours(it, "shares")) {
        None => Some(shares.span().range()),
        Some(shares_before) if shares_before.children().any(|it| asks(&it)) => None,
        Some(_) => Some(share.span().range()),
    }
}

/// Whether a document is another one with these elements cut out, the last one first: each with blanks around it, and a tag that
/// had to be opened for it closed again.
fn is_without(source: &str, document: &str, elements: &[Range<usize>]) -> bool {
    let Some((last, elements)) = elements.split_last() else { return source == document };
    let is_blank = |at: &usize, from: usize| {
        let between = &document.as_bytes()[from.min(*at)..from.max(*at)];
        between.iter().all(u8::is_ascii_whitespace)
    };
    let heads = (0..=last.start).rev().take_while(|at| is_blank(at, last.start));
    let tails = (last.end..=document.len()).take_while(|at| is_blank(at, last.end));
    let cuts: Vec<(usize, usize)> =
        heads.flat_map(|head| tails.clone().map(move |tail| (head, tail))).collect();
    cuts.into_iter().any(|(head, tail)| {
        let (head, tail) = (&document[..head], &document[tail..]);
        let closed =
            head.strip_suffix('>').zip(tail.strip_prefix("</").and_then(|it| it.split_once('>')));
        let closed = closed.map(|(head, (_, tail))| (format!("{head}/>"), tail));
        let plain = Some((head.to_owned(), tail));
        [plain, closed].into_iter().flatten().any(|(head, tail)| {
            source.ends_with(tail) && is_without(source, &(head + tail), elements)
        })
    })
}

#[test]
fn what_is_not_just_blanks_is_not_taken_for_what_was_inserted() {
    let element = |document: &str| {
        let start = document.find("<disk>").expect("there");
        start..start + "<disk></disk>".len()
    };
    for (source, document, is) in [
        ("<a>\n  <b/>\n</a>", "<a>\n  <b/>\n  <disk></disk>\n</a>", true),
        ("<a />", "<a ><disk></disk></a>", true),
        ("<a></a>", "<a> <disk></disk>\n</a>", true),
        ("<a/>", "<a x=''><disk></disk></a>", false),
        ("<a> <b/></a>", "<a> <b></b><disk></disk></a>", false),
        ("<a><b/>x</a>", "<a><b/><disk></disk>y</a>", false),
        ("<a><b/></a>", "<a ><b/><disk></disk></a>", false),
    ] {
        assert_eq!(is_without(source, document, &[element(document)]), is, "{document}");
    }
}
