//! The mount table: what is found is in the table and where it was looked for, in a table of whatever shape.

use virt_quobyte::mounts::{MountEntry, MountId, MountTable};
use virt_quobyte::share::{Export, MountPoint};

/// As many of the table's own places are asked for; each question is a walk over the whole table.
const QUESTIONS: usize = 8;

/// Reads bytes as a mount table, and asks it.
pub fn check(bytes: &[u8]) {
    let table = match MountTable::parse(bytes) {
        Ok(table) => table,
        Err(error) => return names_the_first_bad_line(bytes, error.line),
    };
    for place in places(bytes) {
        ask(&table, &place, bytes);
    }
}

/// A line is named that is bad by itself, and those before it are good.
fn names_the_first_bad_line(bytes: &[u8], line: usize) {
    let lines: Vec<&[u8]> = bytes.split(|&b| b == b'\n').collect();
    assert!((1..=lines.len()).contains(&line), "line {line} of {}", lines.len());
    let before = lines[..line - 1].join(&b'\n');
    assert!(MountTable::parse(&before).is_ok(), "a line before {line} is bad as well");
    let with = [lines[..line].join(&b'\n'), vec![b'\n']].concat();
    // A lone empty line is a table without mounts.
    assert!(with == b"\n" || MountTable::parse(&with).is_err(), "line {line} is good by itself");
}

/// Places that the table speaks of, and some that any table may.
fn places(bytes: &[u8]) -> impl Iterator<Item = MountPoint> {
    let lines = bytes.split(|&b| b == b'\n');
    let named = lines.filter_map(|line| {
        let place = line.split(|&b| b == b' ').nth(4)?;
        std::str::from_utf8(place).ok()?.replace("\\040", " ").parse().ok()
    });
    let usual = ["/srv/gold", "/srv/gold/deeper", "/proc", "/x"].map(str::parse);
    named.take(QUESTIONS).chain(usual.into_iter().flatten())
}

fn ask(table: &MountTable<'_>, place: &MountPoint, bytes: &[u8]) {
    let path = place.as_str().as_bytes();
    let at = table.at(place);
    for entry in &at {
        assert_eq!(*entry.mount_point, *path, "a mount of another place");
        is_of(entry, bytes);
    }
    if let Some(under) = table.under(place) {
        assert_ne!(*under.mount_point, *path, "a place does not lie on what is mounted on it");
        assert!(is_at_or_below(&under.mount_point, path), "it is not on the way");
        is_of(under, bytes);
    }
    for mount in &at {
        let of_device: Vec<_> = table.of_device(mount.device).collect();
        assert!(of_device.iter().all(|entry| entry.device == mount.device), "of another device");
        assert!(of_device.iter().any(|entry| entry.id == mount.id), "it is not of its own device");
    }
    let ids =
        |entries: &[&MountEntry<'_>]| entries.iter().map(|entry| entry.id).collect::<Vec<_>>();
    assert_eq!(ids(&table.at(place)), ids(&at), "another look finds otherwise");
}

/// An entry says what one of the lines says, and answers whatever it is asked.
fn is_of(entry: &MountEntry<'_>, bytes: &[u8]) {
    let number = |field: &[u8]| std::str::from_utf8(field).ok()?.parse::<u32>().ok();
    let says = |line: &[u8]| {
        let mut fields = line.split(|&b| b == b' ');
        fields.next().and_then(number) == Some(entry.id)
            && fields.next().and_then(number) == Some(entry.parent)
    };
    assert!(bytes.split(|&b| b == b'\n').any(says), "{entry:?} is not in the table");
    assert!(MountId::of(entry, None).is(entry));
    assert_eq!(entry.device.to_string().parse(), Ok(entry.device));
    let gold: Export = "reg1/gold".parse().expect("a good export");
    let _answers = (entry.contradicts(&gold), entry.allows_other_users(), entry.is_quobyte());
    if entry.is_quobyte() {
        assert!(entry.is_remote(), "a mount of Quobyte's can block");
    }
}

fn is_at_or_below(above: &[u8], path: &[u8]) -> bool {
    above == b"/" || path == above || path.starts_with(&[above, b"/"].concat())
}
