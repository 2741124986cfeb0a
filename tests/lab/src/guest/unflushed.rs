//! What a guest that says apart what it has written and what is flushed must still have after its storage client has died under it,
//! and what it may have lost. Held against what its image holds, when all is over.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use super::blocks::{block, is_empty};

/// The blocks of one disk, each with its checksum.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// Reported as flushed.
    flushed: BTreeMap<u64, String>,
    /// Reported as written, and not as flushed, when the client died; or what the guest was at then.
    at_risk: BTreeMap<u64, String>,
}

/// What an image holds of that.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// Flushed, and there.
    pub(crate) flushed: usize,
    /// Not flushed, and there all the same.
    pub(crate) kept: usize,
    /// Not flushed, and not there.
    pub(crate) lost: usize,
}

impl Said {
    /// Reads a guest's console, which was so long each time when the client had died and the guest had come to a stop.
    ///
    /// What a guest says first after that is what it was at: it may have been told that a block is written, and not yet have said
    /// so. A flush that it was at is done again, and succeeds, without what had been lost before it. So what was not reported as
    /// flushed by then is never taken for flushed later.
    pub(super) fn on(console: &str, disk: &str, deaths: &[usize]) -> Self {
        let mut said = Self::default();
        let mut not_flushed = BTreeMap::new();
        let (mut end, mut deaths) = (0, deaths.iter().copied().peekable());
        let mut was_at_it = false;
        for line in console.split_inclusive('\n') {
            end += line.len();
            // A line that was cut off then is said after it.
            while deaths.next_if(|death| *death < end).is_some() {
                said.at_risk.append(&mut not_flushed);
                was_at_it = true;
            }
            let words: Vec<_> = line.split_whitespace().collect();
            match words[..] {
                ["guest:", of, "block", number, "written", sum] if sum.len() == 32 => {
                    let was_at_it = std::mem::take(&mut was_at_it);
                    let Ok(number) = number.parse() else { continue };
                    if of == disk && was_at_it {
                        said.at_risk.insert(number, sum.to_owned());
                    } else if of == disk {
                        not_flushed.insert(number, sum.to_owned());
                    }
                }
                ["guest:", of, "flushed", number] => {
                    was_at_it = false;
                    let Ok(number) = number.parse::<u64>() else { continue };
                    if of == disk {
                        let rest = not_flushed.split_off(&(number + 1));
                        said.flushed.append(&mut std::mem::replace(&mut not_flushed, rest));
                    }
                }
                _ => {}
            }
        }
        if deaths.peek().is_some() {
            said.at_risk.append(&mut not_flushed);
        }
        said
    }

    /// Looks all of them up in the raw image. Nothing that was flushed may be missing, and nothing may be there in part.
    pub(super) fn find(&self, disk: &str, image: &Path) -> Result<Found> {
        ensure!(!self.flushed.is_empty(), "the guest has flushed nothing of {disk}");
        let file = File::open(image).with_context(|| image.display().to_string())?;
        let mut found = Found::default();
        let mut wrong = Vec::new();
        for (number, sum) in &self.flushed {
            match block(&file, disk, *number, sum) {
                Ok(()) => found.flushed += 1,
                Err(error) => wrong.push(format!("block {number}: {error:#}")),
            }
        }
        for (number, sum) in &self.at_risk {
            match block(&file, disk, *number, sum) {
                Ok(()) => found.kept += 1,
                Err(_) if is_empty(&file, *number)? => found.lost += 1,
                Err(error) => wrong.push(format!("block {number}, not flushed: {error:#}")),
            }
        }
        ensure!(
            wrong.is_empty(),
            "of {} flushed blocks of {disk} and {} others these are not in {}: {}",
            self.flushed.len(),
            self.at_risk.len(),
            image.display(),
            wrong.join("; ")
        );
        Ok(found)
    }
}

/// How many blocks of a disk a console reports as written.
pub(super) fn written(console: &str, disk: &str) -> usize {
    reports(console, disk, |words| matches!(words, ["block", _, "written", _]))
}

/// How often a console reports that a disk has flushed.
pub(super) fn flushes(console: &str, disk: &str) -> usize {
    reports(console, disk, |words| matches!(words, ["flushed", _]))
}

fn reports(console: &str, disk: &str, is_one: impl Fn(&[&str]) -> bool) -> usize {
    let is_it = |line: &str| match line.split_whitespace().collect::<Vec<_>>()[..] {
        ["guest:", of, ref words @ ..] => of == disk && is_one(words),
        _ => false,
    };
    console.lines().filter(|line| is_it(line)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(disk: &str, number: u64) -> String {
        format!("guest: {disk} block {number} written {number:032}\r\n")
    }

    fn said(console: &str, deaths: &[usize]) -> [Vec<u64>; 2] {
        let Said { flushed, at_risk } = Said::on(console, "vda", deaths);
        [flushed, at_risk].map(|blocks| blocks.into_keys().collect())
    }

    #[test]
    fn what_was_flushed_by_the_death_is_safe_and_what_was_not_never_is() {
        let before = [block("vda", 0), block("vda", 16), "guest: vda flushed 16\r\n".to_owned()];
        let before = before.concat() + &block("vda", 32);
        let after = block("vda", 48) + &block("vda", 64) + "guest: vda flushed 64\r\n";
        let console = before.clone() + &after + &block("vda", 80);
        assert_eq!(said(&console, &[before.len()]), [vec![0, 16, 64], vec![32, 48]]);
        assert_eq!(said(&console, &[]), [vec![0, 16, 32, 48, 64], vec![]]);
        // Both deaths, and nothing in between.
        let deaths = [before.len(), before.len()];
        assert_eq!(said(&console, &deaths), [vec![0, 16, 64], vec![32, 48]]);
    }

    #[test]
    fn a_line_that_the_death_cuts_off_is_said_after_it() {
        let console = block("vda", 0) + "guest: vda flushed 0\r\n" + &block("vda", 16);
        assert_eq!(said(&console, &[console.len() - 4]), [vec![0], vec![16]]);
        let at_the_flush = block("vda", 0).len() + 8;
        assert_eq!(said(&console, &[at_the_flush]), [vec![], vec![0]]);
    }

    #[test]
    fn one_disk_at_a_time_is_written() {
        let before = block("vda", 0) + &block("vdb", 0);
        let console = before.clone()
            + "guest: vda flushed 0\r\nguest: vdb flushed 0\r\n"
            + &block("vda", 16)
            + "guest: vda flushed 16\r\n";
        // It was at the flush of the first one, so what comes after that is after the death.
        assert_eq!(said(&console, &[before.len()]), [vec![16], vec![0]]);
        assert_eq!((written(&console, "vda"), flushes(&console, "vdb")), (2, 1));
    }

    #[test]
    fn what_is_lost_as_a_whole_is_told_from_what_is_there_in_part() {
        let dir = std::env::temp_dir().join(format!("lab-unflushed-{}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("a temporary directory");
        let image = dir.join("image");
        let mut first = format!("{:<127}\n", "vq-block vda 0 boot").into_bytes();
        first.resize(4096, b'x');
        let mut bytes = first.clone();
        bytes.resize(3 * 4096, 0);
        std::fs::write(&image, &bytes).expect("an image");
        let sum = "6434d9a4864e8de9558e5261a3715086".to_owned();
        let flushed = BTreeMap::from([(0, sum.clone())]);
        let lost = Said { flushed, at_risk: BTreeMap::from([(2, sum.clone()), (7, sum.clone())]) };
        let expected = Found { flushed: 1, kept: 0, lost: 2 };
        assert_eq!(lost.find("vda", &image).expect("nothing is wrong"), expected);

        bytes[4096..4096 + 4].copy_from_slice(b"torn");
        std::fs::write(&image, &bytes).expect("an image");
        let torn = Said { at_risk: BTreeMap::from([(1, sum.clone())]), ..lost };
        let error = torn.find("vda", &image).expect_err("it is torn").to_string();
        assert!(error.contains("block 1, not flushed"), "{error}");
        let missing =
            Said { flushed: BTreeMap::from([(0, sum.clone()), (2, sum)]), ..Said::default() };
        let error = missing.find("vda", &image).expect_err("it is lost").to_string();
        assert!(error.contains("block 2: "), "{error}");
        std::fs::remove_dir_all(&dir).expect("the temporary directory goes");
    }
}
