//! Which of the known words a misspelt one was meant to be.
#![deny(clippy::disallowed_methods)]

use std::cmp::Reverse;

/// The known word that is fewest slips away, if any is close enough to be worth asking about.
pub(crate) fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let near = known.into_iter().filter(|known| alike(word, known));
    let slips = near.map(|known| (slips(word, known), known));
    // Letters get lost more often than they are added: "umount" was to be "unmount", not "mount".
    let (slips, nearest) = slips.min_by_key(|&(slips, known)| (slips, Reverse(known.len())))?;
    // A third of the word may be wrong: "nam" is "name", but "x" is nothing.
    (slips * 3 <= nearest.len()).then_some(nearest)
}

/// Spares long words the table below: a text of a megabyte is no misspelling of anything.
fn alike(word: &str, known: &str) -> bool {
    word.len().abs_diff(known.len()) * 3 <= known.len()
}

/// How many characters must be added, dropped or replaced, or neighbours swapped, to make one of the other (optimal string
/// alignment), ASCII case and the choice between `-` and `_` aside.
fn slips(word: &str, known: &str) -> usize {
    let same = |a: char, b: char| a.eq_ignore_ascii_case(&b) || (a == '-' && b == '_');
    let known: Vec<char> = known.chars().collect();
    let mut row: Vec<usize> = (0..=known.len()).collect();
    let mut above = row.clone();
    let mut last = None;
    for (i, a) in word.chars().enumerate() {
        let mut next = vec![i + 1; known.len() + 1];
        for (j, &b) in known.iter().enumerate() {
            let replaced = row[j] + usize::from(!same(a, b));
            next[j + 1] = replaced.min(row[j + 1] + 1).min(next[j] + 1);
            if j > 0 && same(a, known[j - 1]) && last.is_some_and(|last| same(last, b)) {
                next[j + 1] = next[j + 1].min(above[j - 1] + 1);
            }
        }
        above = std::mem::replace(&mut row, next);
        last = Some(a);
    }
    row[known.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_understood_and_another_word_is_not() {
        let known = ["name", "export", "mode", "mount_point", "options"];
        for (word, meant) in [
            ("exports", Some("export")),
            ("mountpoint", Some("mount_point")),
            ("mount-point", Some("mount_point")),
            ("Mode", Some("mode")),
            ("opitons", Some("options")),
            ("nam", Some("name")),
            ("naem", Some("name")),
            ("mdoe", Some("mode")),
            ("linger", None),
            ("x", None),
            ("", None),
            ("ä", None),
        ] {
            assert_eq!(nearest(word, known), meant, "{word:?}");
        }
        assert_eq!(nearest("umount", ["mount", "unmount"]), Some("unmount"));
        assert_eq!(nearest("x", []), None);
        assert_eq!(nearest(&"x".repeat(1 << 20), known), None);
    }
}
