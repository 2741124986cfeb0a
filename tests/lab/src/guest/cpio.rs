//! Writes a cpio archive in the `newc` format, the one that the kernel unpacks
//! (Documentation/driver-api/early-userspace/ buffer-format.rst). Regular files and directories,
//! all of them root's.

/// An archive that grows in memory.
#[derive(Debug, Default)]
pub(super) struct Archive {
    bytes: Vec<u8>,
    entries: u32,
}

const FILE: u32 = 0o100_000;
const DIRECTORY: u32 = 0o040_000;

impl Archive {
    pub(super) fn directory(&mut self, name: &str) {
        self.entry(name, DIRECTORY | 0o755, &[]);
    }

    pub(super) fn file(&mut self, name: &str, permissions: u32, content: &[u8]) {
        self.entry(name, FILE | permissions, content);
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.entry("TRAILER!!!", 0, &[]);
        self.bytes
    }

    fn entry(&mut self, name: &str, mode: u32, content: &[u8]) {
        self.entries += 1;
        let size = u32::try_from(content.len()).expect("a guest's file is smaller than 4 GiB");
        let name_size = u32::try_from(name.len() + 1).expect("a name is smaller than 4 GiB");
        // ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize
        // check
        let fields = [self.entries, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, name_size, 0];
        self.bytes.extend_from_slice(b"070701");
        for field in fields {
            self.bytes.extend_from_slice(format!("{field:08x}").as_bytes());
        }
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend_from_slice(content);
        self.pad();
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use super::Archive;

    #[test]
    fn every_header_and_content_begins_at_a_multiple_of_four() {
        for length in 0..9 {
            let mut archive = Archive::default();
            archive.file("odd", 0o644, &b"contents!"[..length]);
            let bytes = archive.finish();
            assert_eq!(bytes.len() % 4, 0);
            let trailer = bytes.windows(6).rposition(|window| window == b"070701");
            assert_eq!(trailer.map(|at| at % 4), Some(0), "content of {length} bytes");
        }
    }

    #[test]
    fn cpio_lists_what_was_put_in() {
        let mut archive = Archive::default();
        archive.directory("bin");
        archive.file("bin/a", 0o755, b"12345");
        let mut cpio = match Command::new("cpio")
            .arg("-tv")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
        {
            Ok(cpio) => cpio,
            Err(error) => {
                println!("skipped: no cpio on this machine: {error}");
                return;
            }
        };
        cpio.stdin.take().expect("piped").write_all(&archive.finish()).expect("cpio reads");
        let listed =
            String::from_utf8(cpio.wait_with_output().expect("cpio ends").stdout).expect("UTF-8");
        let lines: Vec<_> = listed.lines().collect();
        assert!(lines[0].starts_with("drwxr-xr-x") && lines[0].ends_with(" bin"), "{listed}");
        assert!(lines[1].starts_with("-rwxr-xr-x") && lines[1].ends_with(" bin/a"), "{listed}");
        assert_eq!(lines.len(), 2);
    }
}
