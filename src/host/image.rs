//! Looks at images, from a child process: whether each is there, and what its header names.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Stdio;

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::{Mode, SFlag, fstat};

use super::deadline::Deadline;
use super::own_child;
use super::program::StartError;
use crate::image::{Ask, FIRST_READ, HeaderError, MOST_READ, Seen, Sight, header};

/// The option that makes this program look at images: `WHAT PATH` for each, and one line of JSON for each in the answer.
pub(super) const OPTION: &str = "--look-at-images";

/// How many images one child looks at. What is kept of a child's output has room for so many answers, whatever names are in
/// them.
const AT_ONCE: usize = 8;

/// Images that could not be looked at, which says nothing about them.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// The child could not be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The child died or said what it should not.
    #[error("the process that looked at images said {said:?}")]
    Answer {
        /// What it said.
        said: String,
    },
}

/// Has a child look at images, and returns what it saw in their order; `None` if it did not answer until the deadline.
pub fn look(images: &[(Ask, &str)], deadline: Deadline) -> Result<Option<Vec<Seen>>, LookError> {
    let mut seen = Vec::with_capacity(images.len());
    for images in images.chunks(AT_ONCE) {
        let asked = images.iter().flat_map(|(ask, path)| [ask.as_str(), *path]);
        let asked: Vec<&OsStr> = [OPTION].into_iter().chain(asked).map(OsStr::new).collect();
        let Some(said) = own_child::ask(&asked, Stdio::null(), deadline)? else { return Ok(None) };
        seen.extend(parse(&said, images.len()).ok_or(LookError::Answer { said })?);
    }
    Ok(Some(seen))
}

fn parse(said: &str, count: usize) -> Option<Vec<Seen>> {
    let seen: Vec<Seen> =
        said.lines().map(|line| serde_json::from_str(line).ok()).collect::<Option<_>>()?;
    (seen.len() == count).then_some(seen)
}

/// Looks, in the process that calls: only a child may. `None` if it was asked something else.
pub(super) fn answer(asked: &[OsString]) -> Option<String> {
    let (pairs, []) = asked.as_chunks::<2>() else { return None };
    let mut lines = Vec::with_capacity(pairs.len());
    for [what, path] in pairs {
        let ask = Ask::ALL.into_iter().find(|ask| what == ask.as_str())?;
        let seen = look_here(ask, Path::new(path)).unwrap_or_else(|error| Seen {
            sight: Sight::Errno(error.raw_os_error().unwrap_or(Errno::EIO as i32)),
            open_to_all: false,
        });
        lines.push(serde_json::to_string(&seen).ok()?);
    }
    Some(lines.join("\n"))
}

/// The file is found first and opened for reading then: a device or a fifo would notice an open, and might not return it.
fn look_here(ask: Ask, path: &Path) -> io::Result<Seen> {
    let found = open(path, OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC, Mode::empty())?;
    let mode = fstat(&found)?.st_mode;
    let kind = SFlag::from_bits_truncate(mode & SFlag::S_IFMT.bits());
    let sight = match (kind, ask) {
        (SFlag::S_IFREG, Ask::Presence) => Sight::File,
        (SFlag::S_IFREG, Ask::Header) => {
            read_header(&File::open(format!("/proc/self/fd/{}", found.as_raw_fd()))?)?
        }
        (SFlag::S_IFLNK, _) => Sight::Symlink,
        _ => Sight::NotAFile,
    };
    let open_to_all = kind == SFlag::S_IFREG && mode & Mode::S_IWOTH.bits() != 0;
    Ok(Seen { sight, open_to_all })
}

fn read_header(file: &File) -> io::Result<Sight> {
    let found = match header(&beginning(file, FIRST_READ)?) {
        Err(HeaderError::CutOff { needs }) if (FIRST_READ..=MOST_READ).contains(&needs) => {
            header(&beginning(file, MOST_READ)?)
        }
        found => found,
    };
    Ok(match found {
        Ok(header) => Sight::Header(header),
        Err(error) => Sight::NoHeader { why: error.to_string() },
    })
}

fn beginning(file: &File, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    let mut read = 0;
    while read < length {
        match file.read_at(&mut bytes[read..], read as u64) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(read);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::host::program::OUTPUT_ROOM;
    use crate::image::{Backing, Header};

    /// Asks as the child is asked, and reads the answer as the parent does.
    fn seen(ask: Ask, paths: &[&Path]) -> Vec<Seen> {
        let asked =
            paths.iter().flat_map(|path| [ask.as_str().into(), path.as_os_str().to_owned()]);
        let said = answer(&asked.collect::<Vec<_>>()).expect("an answer");
        parse(&said, paths.len()).expect("its own words")
    }

    /// An image of version 2 with clusters of 2 MiB, whose backing file's name stands here.
    fn overlay(name: &str, offset: usize) -> Vec<u8> {
        let mut bytes = vec![0; offset + name.len()];
        bytes[..8].copy_from_slice(b"QFI\xfb\0\0\0\x02");
        bytes[8..16].copy_from_slice(&(offset as u64).to_be_bytes());
        bytes[19] = u8::try_from(name.len()).expect("short");
        bytes[23] = 21;
        bytes[offset..].copy_from_slice(name.as_bytes());
        bytes
    }

    #[test]
    fn a_look_says_what_is_there() {
        let dir = tempfile::tempdir().expect("a tempdir");
        let at = |name: &str| dir.path().join(name);
        let near = "\"near\" it's \\ {}, \u{202e}";
        fs::write(at("near"), overlay(near, 80)).expect("written");
        fs::write(at("far"), overlay("far", 900_000)).expect("written");
        fs::write(at("too far"), overlay("too far", MOST_READ)).expect("written");
        fs::write(at("raw"), b"raw").expect("written");
        symlink("near", at("link")).expect("a link");
        nix::unistd::mkfifo(&at("fifo"), Mode::S_IRWXU).expect("a fifo");
        let backed = |name: &str| {
            let backing = Some(Backing { name: name.to_owned(), format: None });
            Sight::Header(Header { backing, data_file: None })
        };
        let none = |why: &str| Sight::NoHeader { why: why.to_owned() };
        let rows = [
            ("near", Sight::File, backed(near)),
            ("far", Sight::File, backed("far")),
            ("too far", Sight::File, none("it ends within its header")),
            ("raw", Sight::File, none("it does not begin as a qcow2 image does")),
            ("link", Sight::Symlink, Sight::Symlink),
            ("fifo", Sight::NotAFile, Sight::NotAFile),
            (".", Sight::NotAFile, Sight::NotAFile),
            ("none", Sight::Errno(2), Sight::Errno(2)),
            ("raw/none", Sight::Errno(20), Sight::Errno(20)),
        ];
        let paths: Vec<_> = rows.iter().map(|(name, ..)| at(name)).collect();
        let paths: Vec<&Path> = paths.iter().map(AsRef::as_ref).collect();
        let (present, headers) = (seen(Ask::Presence, &paths), seen(Ask::Header, &paths));
        for ((name, presence, header), found) in rows.iter().zip(present.iter().zip(&headers)) {
            let sights = (&found.0.sight, &found.1.sight);
            assert_eq!((presence, header), sights, "{name}");
            assert!(!found.0.open_to_all && !found.1.open_to_all, "{name}");
        }
    }

    #[test]
    fn an_image_that_every_user_may_write_to_is_told_from_others() {
        use std::os::unix::fs::PermissionsExt;

        let dir = tempfile::tempdir().expect("a tempdir");
        let image = dir.path().join("image");
        fs::write(&image, overlay("near", 80)).expect("written");
        symlink("image", dir.path().join("link")).expect("a link");
        for (mode, open_to_all) in [(0o600, false), (0o664, false), (0o666, true), (0o602, true)] {
            fs::set_permissions(&image, PermissionsExt::from_mode(mode)).expect("set");
            for ask in Ask::ALL {
                let found = seen(ask, &[&image, &dir.path().join("link"), dir.path()]);
                let found: Vec<bool> = found.into_iter().map(|it| it.open_to_all).collect();
                assert_eq!(found, [open_to_all, false, false], "{mode:o} {ask:?}");
            }
        }
    }

    #[test]
    fn as_many_answers_as_are_asked_for_at_once_always_fit() {
        let dir = tempfile::tempdir().expect("a tempdir");
        let image = dir.path().join("image");
        // A backing file and a data file with the longest of names, and the worst characters to write down.
        let name = [b'"'; 1023];
        let mut bytes = overlay("", 2300);
        bytes[7] = 3;
        bytes[79] = 4;
        bytes[103] = 104;
        bytes[104..112].copy_from_slice(&[0x44, 0x41, 0x54, 0x41, 0, 0, 3, 0xff]);
        bytes[112..1135].copy_from_slice(&name);
        bytes[8..20].copy_from_slice(&[0, 0, 0, 0, 0, 0, 4, 0x80, 0, 0, 3, 0xff]);
        bytes[1152..2175].copy_from_slice(&name);
        fs::write(&image, bytes).expect("written");
        let asked = [Ask::Header.as_str().into(), image.into_os_string()];
        let said = answer(&asked).expect("an answer");
        assert!(said.len() > 4 * 1023, "{said}");
        assert!((said.len() + 1) * AT_ONCE <= usize::try_from(OUTPUT_ROOM).expect("small"));
    }

    #[test]
    fn what_is_no_answer_is_not_taken_for_one() {
        let seen = Seen { sight: Sight::File, open_to_all: false };
        let file = serde_json::to_string(&seen).expect("JSON");
        assert_eq!(parse(&file, 1), Some(vec![seen]));
        assert_eq!(parse(&format!("{file}\n{file}"), 2).map(|seen| seen.len()), Some(2));
        for (said, count) in [("", 1), (file.as_str(), 2), ("cannot", 1), ("\"fil", 1)] {
            assert_eq!(parse(said, count), None, "{said}");
        }
        assert_eq!(answer(&["presence".into()]), None);
        assert_eq!(answer(&["all".into(), "/".into()]), None);
    }
}
