//! The blocks that a guest reported as flushed, held against what its image holds. The judge of
//! every scenario about data.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};

use crate::checksum::md5;

/// A block's size, and its checksummed whole.
const SIZE: usize = 4096;

/// What one disk must hold: block number and the checksum that the guest reported last for it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Reported(BTreeMap<u64, String>);

impl Reported {
    /// Reads a guest's console.
    pub(crate) fn on(console: &str, disk: &str) -> Self {
        let mut blocks = BTreeMap::new();
        // The block that a run comes to next. At its end that one may be written and not yet reported, over what an earlier run
        // had reported of it.
        let mut next = 0;
        for line in console.lines() {
            let words: Vec<_> = line.split_whitespace().collect();
            match words[..] {
                // A line that the guest's end cut off says nothing: the checksum must be whole.
                ["guest:", of, "block", number, "ok", sum] if of == disk && sum.len() == 32 => {
                    let Ok(number) = number.parse() else { continue };
                    blocks.insert(number, sum.to_owned());
                    next = number + 1;
                }
                ["guest:", "up,", ..] => {
                    blocks.remove(&next);
                    next = 0;
                }
                _ => {}
            }
        }
        blocks.remove(&next);
        Self(blocks)
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// Looks every reported block up in the raw image; says how many there were.
    pub(crate) fn verify(&self, disk: &str, image: &Path) -> Result<usize> {
        ensure!(!self.0.is_empty(), "the guest reported no block of {disk}");
        let file = File::open(image).with_context(|| image.display().to_string())?;
        let mut wrong = Vec::new();
        for (number, expected) in &self.0 {
            if let Err(error) = block(&file, disk, *number, expected) {
                wrong.push(format!("block {number}: {error:#}"));
            }
        }
        if !wrong.is_empty() {
            let (bad, all) = (wrong.len(), self.0.len());
            bail!(
                "{bad} of {all} flushed blocks of {disk} are not in {}: {}",
                image.display(),
                wrong.join("; ")
            );
        }
        Ok(self.0.len())
    }
}

pub(super) fn block(file: &File, disk: &str, number: u64, expected: &str) -> Result<()> {
    let mut bytes = [0; SIZE];
    match file.read_exact_at(&mut bytes, number * SIZE as u64) {
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => bail!("the image ends before it"),
        result => result?,
    }
    let header = String::from_utf8_lossy(&bytes[..32]).into_owned();
    ensure!(header.starts_with(&format!("vq-block {disk} {number} ")), "it begins with {header:?}");
    let sum = md5(bytes);
    ensure!(sum == expected, "its checksum is {sum}, the guest reported {expected}");
    Ok(())
}

/// Whether nothing was ever written there.
pub(super) fn is_empty(file: &File, number: u64) -> Result<bool> {
    let mut bytes = [0; SIZE];
    match file.read_exact_at(&mut bytes, number * SIZE as u64) {
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Ok(true),
        result => Ok(result.map(|()| bytes.iter().all(|byte| *byte == 0))?),
    }
}

#[cfg(test)]
mod tests {
    use super::Reported;

    const SUM: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn only_whole_reports_of_the_disk_count() {
        let console = format!(
            "guest: up, disks: vda\r\nguest: vda block 0 ok {SUM}\r\nguest: vdb block 1 ok {SUM}\r\n\
             guest: vda block 2 failed: I/O error\r\nguest: vda block 3 ok 0123"
        );
        assert_eq!(Reported::on(&console, "vda").0.into_keys().collect::<Vec<_>>(), [0]);
    }

    #[test]
    fn a_block_that_a_later_run_was_about_to_report_is_nobodys() {
        let other = "f".repeat(32);
        let first =
            ["0", "1", "2", "3"].map(|n| format!("guest: vda block {n} ok {SUM}\n")).concat();
        let up = "guest: up, disks: vda\n";
        let second = format!("guest: vda block 0 ok {other}\nguest: vda block 1 o");
        let reported = Reported::on(&format!("{up}{first}{up}{second}"), "vda").0;
        let expected = [(0, other), (2, SUM.to_owned()), (3, SUM.to_owned())];
        assert_eq!(reported.into_iter().collect::<Vec<_>>(), expected);
        // Nor is the first one of a run that was cut off before it.
        let reported = Reported::on(&format!("{up}{first}{up}"), "vda").0;
        assert_eq!(reported.into_keys().collect::<Vec<_>>(), [1, 2, 3]);
    }

    #[test]
    fn a_block_that_is_not_in_the_image_is_found() {
        let dir = std::env::temp_dir().join(format!("lab-blocks-{}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("a temporary directory");
        let image = dir.join("image");
        let mut block = format!("{:<127}\n", "vq-block vda 0 boot").into_bytes();
        block.resize(4096, b'x');
        std::fs::write(&image, &block).expect("an image");
        let sum = "6434d9a4864e8de9558e5261a3715086";
        let of = |number: u64, sum: &str| {
            Reported::on(&format!("guest: vda block {number} ok {sum}"), "vda")
        };

        assert_eq!(of(0, sum).verify("vda", &image).expect("the block is there"), 1);
        let rows =
            [("of another content", 0, SUM, "checksum"), ("beyond the end", 1, sum, "ends before")];
        for (name, number, sum, complaint) in rows {
            let error = of(number, sum).verify("vda", &image).expect_err(name).to_string();
            assert!(error.contains(complaint), "{name}: {error}");
        }
        let missing = Reported::default().verify("vda", &image).expect_err("no report").to_string();
        assert!(missing.contains("no block"), "{missing}");
        std::fs::remove_dir_all(&dir).expect("the temporary directory goes");
    }
}
