//! Reads from the beginning of a qcow2 image which other files it names.
//!
//! The layout is that of QEMU's `docs/interop/qcow2.rst`; where that leaves a choice, this takes what QEMU's `block/qcow2.c`
//! takes and refuses what it refuses. Nothing else of an image is of interest here: not its size, not its snapshots, not
//! features that QEMU may not know.

use serde::{Deserialize, Serialize};

/// How much of an image is read at first: names stand right behind the header, in all but the oddest images.
pub const FIRST_READ: usize = 64 << 10;

/// How much is read at most: a name stands in the first cluster, and a cluster of 2 MiB that is filled with extensions so
/// far that this is not enough is nobody's image.
pub const MOST_READ: usize = 1 << 20;

/// What an image names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The image that it is backed by.
    pub backing: Option<Backing>,
    /// The file that holds its data, if that is not itself. The name is as it stands there.
    pub data_file: Option<String>,
}

/// The image that an image is backed by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backing {
    /// Its name as it stands there, a path or something else: see [`super::backing_file`].
    pub name: String,
    /// Its format, if the header says: `qcow2`, `raw`, ...
    pub format: Option<String>,
}

/// Why bytes are not the beginning of a qcow2 image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// The first bytes are others.
    #[error("it does not begin as a qcow2 image does")]
    NotQcow2,
    /// A version that is neither 2 nor 3.
    #[error("it has version {version} of qcow2; 2 and 3 are known")]
    Version {
        /// That version.
        version: u32,
    },
    /// More bytes are needed.
    #[error("it ends within its header")]
    CutOff {
        /// So many, counted from its beginning.
        needs: usize,
    },
    /// A cluster size out of bounds.
    #[error("its clusters would be of 2^{bits} bytes; 2^9 to 2^21 is possible")]
    ClusterSize {
        /// The power of two.
        bits: u32,
    },
    /// A header that is too short for its fields or too long for a cluster.
    #[error("its header would be {length} bytes long")]
    Length {
        /// So it says.
        length: u32,
    },
    /// An extension that does not fit.
    #[error("its header extension {kind:#010x} is too long")]
    Extension {
        /// The extension's type.
        kind: u32,
    },
    /// The name of a backing file that is not in the first cluster, or too long.
    #[error("the name of its backing file would be {size} bytes at offset {offset}")]
    NamePlace {
        /// Where it would be.
        offset: u64,
        /// How long.
        size: u32,
    },
    /// A name that is no text.
    #[error("a name in its header is not UTF-8, has control characters, or is too long")]
    Name,
}

const MAGIC: &[u8] = b"QFI\xfb";
const HEADER_LENGTH_OF_VERSION_2: u32 = 72;
/// The least that a header of version 3 has: up to and with its length.
const HEADER_LENGTH_OF_VERSION_3: u32 = 104;
const INCOMPATIBLE_DATA_FILE: u64 = 1 << 2;
const EXTENSIONS_END: u32 = 0;
const EXTENSION_BACKING_FORMAT: u32 = 0xe279_2aca;
const EXTENSION_DATA_FILE: u32 = 0x4441_5441;
/// The longest name of a backing file. A data file's name has no bound of its own in QEMU; it has this one here.
const LONGEST_NAME: usize = 1023;
/// QEMU keeps a format's name in 16 bytes with its end.
const LONGEST_FORMAT: usize = 15;

/// Reads a header. `prefix` is the beginning of the image; [`HeaderError::CutOff`] says how much more is needed.
pub fn header(prefix: &[u8]) -> Result<Header, HeaderError> {
    let bytes = Prefix(prefix);
    if !prefix.starts_with(MAGIC) {
        return Err(HeaderError::NotQcow2);
    }
    let version = bytes.u32(4)?;
    let cluster = match bytes.u32(20)? {
        bits @ 9..=21 => 1_u32 << bits,
        bits => return Err(HeaderError::ClusterSize { bits }),
    };
    let (length, incompatible) = match version {
        2 => (HEADER_LENGTH_OF_VERSION_2, 0),
        3 => (bytes.u32(100)?, bytes.u64(72)?),
        _ => return Err(HeaderError::Version { version }),
    };
    if version == 3 && !(HEADER_LENGTH_OF_VERSION_3..=cluster).contains(&length) {
        return Err(HeaderError::Length { length });
    }
    let name = backing_name(&bytes, cluster)?;
    // The extensions end where the name begins, also if that name is of no length.
    let end = match bytes.u64(8)? {
        0 => cluster as usize,
        offset => usize::try_from(offset).unwrap_or(cluster as usize),
    };
    let extensions = extensions(&bytes, length as usize, end)?;
    Ok(Header {
        backing: name.map(|name| Backing { name, format: extensions.backing_format }),
        data_file: extensions.data_file.filter(|_| incompatible & INCOMPATIBLE_DATA_FILE != 0),
    })
}

fn backing_name(bytes: &Prefix<'_>, cluster: u32) -> Result<Option<String>, HeaderError> {
    let (offset, size) = (bytes.u64(8)?, bytes.u32(16)?);
    if offset == 0 {
        return Ok(None);
    }
    let room = u64::from(cluster).checked_sub(offset);
    match (room, usize::try_from(offset)) {
        (Some(room), Ok(start)) if u64::from(size) <= room && size as usize <= LONGEST_NAME => {
            text(bytes.slice(start, size as usize)?)
        }
        _ => Err(HeaderError::NamePlace { offset, size }),
    }
}

#[derive(Debug, Default)]
struct Extensions {
    backing_format: Option<String>,
    data_file: Option<String>,
}

fn extensions(bytes: &Prefix<'_>, start: usize, end: usize) -> Result<Extensions, HeaderError> {
    let mut found = Extensions::default();
    let mut at = start;
    while at < end {
        let (kind, length) = (bytes.u32(at)?, bytes.u32(at + 4)? as usize);
        if kind == EXTENSIONS_END {
            break;
        }
        at += 8;
        let fits = end.checked_sub(at).is_some_and(|room| length <= room);
        let longest = match kind {
            EXTENSION_BACKING_FORMAT => LONGEST_FORMAT,
            EXTENSION_DATA_FILE => LONGEST_NAME,
            _ => length,
        };
        if !fits || length > longest {
            return Err(HeaderError::Extension { kind });
        }
        match kind {
            EXTENSION_BACKING_FORMAT => found.backing_format = text(bytes.slice(at, length)?)?,
            EXTENSION_DATA_FILE => found.data_file = text(bytes.slice(at, length)?)?,
            _ => {}
        }
        at += length.next_multiple_of(8);
    }
    Ok(found)
}

/// A text up to its first zero byte, as QEMU reads it; `None` for an empty one.
///
/// Nobody names an image with control characters, and without them an answer of bounded length holds every name.
fn text(bytes: &[u8]) -> Result<Option<String>, HeaderError> {
    let bytes = bytes.split(|&byte| byte == 0).next().unwrap_or_default();
    let text = std::str::from_utf8(bytes).map_err(|_| HeaderError::Name)?;
    if text.chars().any(char::is_control) {
        return Err(HeaderError::Name);
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// The beginning of an image; numbers in it are big-endian.
struct Prefix<'a>(&'a [u8]);

impl Prefix<'_> {
    fn slice(&self, at: usize, length: usize) -> Result<&[u8], HeaderError> {
        let needs = at.saturating_add(length);
        self.0.get(at..needs).ok_or(HeaderError::CutOff { needs })
    }

    fn array<const N: usize>(&self, at: usize) -> Result<[u8; N], HeaderError> {
        let mut array = [0; N];
        array.copy_from_slice(self.slice(at, N)?);
        Ok(array)
    }

    fn u32(&self, at: usize) -> Result<u32, HeaderError> {
        Ok(u32::from_be_bytes(self.array(at)?))
    }

    fn u64(&self, at: usize) -> Result<u64, HeaderError> {
        Ok(u64::from_be_bytes(self.array(at)?))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FORMAT: u32 = EXTENSION_BACKING_FORMAT;
    const DATA: u32 = EXTENSION_DATA_FILE;
    /// "feature name table": one that is passed over.
    const NAMES: u32 = 0x6803_f857;

    /// An image's beginning: version, incompatible features, extensions, and the backing file's name.
    fn image(version: u32, incompatible: u64, extensions: &[(u32, &[u8])], name: &[u8]) -> Vec<u8> {
        let mut bytes = b"QFI\xfb".to_vec();
        bytes.extend(version.to_be_bytes());
        bytes.extend([0; 12]);
        bytes.extend(16_u32.to_be_bytes());
        bytes.resize(72, 0);
        if version != 2 {
            bytes.extend(incompatible.to_be_bytes());
            bytes.extend([0; 20]);
            bytes.extend(112_u32.to_be_bytes());
            bytes.resize(112, 0);
        }
        for (kind, data) in extensions {
            bytes.extend(kind.to_be_bytes());
            bytes.extend(u32::try_from(data.len()).expect("short").to_be_bytes());
            bytes.extend(*data);
            bytes.resize(bytes.len().next_multiple_of(8), 0);
        }
        bytes.extend([0; 8]);
        if !name.is_empty() {
            let offset = bytes.len() as u64;
            bytes[8..16].copy_from_slice(&offset.to_be_bytes());
            let size = u32::try_from(name.len()).expect("short");
            bytes[16..20].copy_from_slice(&size.to_be_bytes());
            bytes.extend(name);
        }
        bytes
    }

    fn backing(name: &str, format: Option<&str>) -> Backing {
        Backing { name: name.to_owned(), format: format.map(str::to_owned) }
    }

    #[test]
    fn what_an_image_names_is_read() {
        let none = Header::default();
        let backed =
            |name, format| Header { backing: Some(backing(name, format)), data_file: None };
        let rows = [
            ("of itself", image(3, 0, &[], b""), none.clone()),
            ("of version 2", image(2, 0, &[(FORMAT, b"raw")], b"b"), backed("b", Some("raw"))),
            ("no format", image(3, 0, &[(NAMES, &[7; 99])], b"/b"), backed("/b", None)),
            (
                "a format behind another extension",
                image(3, 0, &[(NAMES, &[7; 9]), (FORMAT, b"qcow2")], b"../b"),
                backed("../b", Some("qcow2")),
            ),
            ("a name with an end", image(3, 0, &[], b"/b\0/c"), backed("/b", None)),
            ("a name of nothing", image(3, 0, &[], b"\0"), none.clone()),
            (
                "a data file",
                image(3, 4, &[(DATA, b"/d.raw")], b""),
                Header { backing: None, data_file: Some("/d.raw".to_owned()) },
            ),
            (
                "a data file that is not in use",
                image(3, 0, &[(DATA, b"/d.raw")], b""),
                none.clone(),
            ),
            ("a data file without a name", image(3, 4, &[], b""), none),
        ];
        for (case, mut bytes, expected) in rows {
            bytes.resize(4096, 0xee);
            assert_eq!(header(&bytes), Ok(expected), "{case}");
        }
    }

    #[test]
    fn what_qemu_would_not_open_is_not_read() {
        let with = |at: usize, value: &[u8]| {
            let mut bytes = image(3, 0, &[(FORMAT, b"qcow2")], b"/b");
            bytes[at..at + value.len()].copy_from_slice(value);
            bytes.resize(4096, 0);
            bytes
        };
        let offset = |offset: u64| HeaderError::NamePlace { offset, size: 2 };
        let rows = [
            ("no magic", with(0, b"RAW!"), HeaderError::NotQcow2),
            ("version 1", with(7, &[1]), HeaderError::Version { version: 1 }),
            ("version 4", with(7, &[4]), HeaderError::Version { version: 4 }),
            ("tiny clusters", with(23, &[8]), HeaderError::ClusterSize { bits: 8 }),
            ("huge clusters", with(23, &[22]), HeaderError::ClusterSize { bits: 22 }),
            ("a short header", with(103, &[103]), HeaderError::Length { length: 103 }),
            ("a long header", with(101, &[1, 0, 1]), HeaderError::Length { length: 65537 }),
            ("a far name", with(8, &65535_u64.to_be_bytes()), offset(65535)),
            ("a name beyond all", with(8, &[0xff; 8]), offset(u64::MAX)),
            (
                "a long name",
                with(16, &1024_u32.to_be_bytes()),
                HeaderError::NamePlace { offset: 136, size: 1024 },
            ),
            ("a long extension", with(116, &[0xff; 4]), HeaderError::Extension { kind: FORMAT }),
            ("a long format", with(119, &[16]), HeaderError::Extension { kind: FORMAT }),
            ("a format with a line end", with(120, b"\n"), HeaderError::Name),
            ("a name that is no text", with(136, b"\xff"), HeaderError::Name),
        ];
        for (case, bytes, expected) in rows {
            assert_eq!(header(&bytes), Err(expected), "{case}");
        }
        assert_eq!(header(b""), Err(HeaderError::NotQcow2));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let _any = header(&bytes);
        }

        #[test]
        fn no_damage_makes_it_panic(
            damage in prop::collection::vec((0_usize..200, any::<u8>()), 1..8),
        ) {
            let mut bytes = image(3, 4, &[(FORMAT, b"qcow2"), (DATA, b"/d")], b"/b");
            for (at, byte) in damage {
                if let Some(spoilt) = bytes.get_mut(at) {
                    *spoilt = byte;
                }
            }
            let _any = header(&bytes);
        }

        #[test]
        fn a_part_asks_for_more_and_with_more_it_says_the_same(
            name in "[a-z/.:]{1,40}",
            format in "[a-z0-9]{1,15}",
            cut in 4_usize..200,
        ) {
            let bytes = image(3, 4, &[(DATA, b"/d"), (FORMAT, format.as_bytes())], name.as_bytes());
            let whole = header(&bytes).expect("an image");
            prop_assert_eq!(&whole.backing, &Some(backing(&name, Some(&format))));
            let mut length = cut.min(bytes.len());
            let found = loop {
                match header(&bytes[..length]) {
                    Err(HeaderError::CutOff { needs }) => {
                        prop_assert!(needs > length && needs <= bytes.len());
                        length = needs;
                    }
                    found => break found,
                }
            };
            prop_assert_eq!(found, Ok(whole));
        }
    }
}
