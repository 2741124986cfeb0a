//! Which of the known words a misspelt one was meant to be.

use std::cmp::Reverse;

/// The known word that is fewest slips away, if any is close enough to be worth asking about.
pub(super) fn nearest(word: &str, known: &[&'static str]) -> Option<&'static str> {
    let near = known.iter().copied().filter(|known| alike(word, known));
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

/// How many characters must be added, dropped or replaced to make one of the other (Levenshtein), ASCII case and the
/// choice between `-` and `_` aside.
fn slips(word: &str, known: &str) -> usize {
    let same = |a: char, b: char| a.eq_ignore_ascii_case(&b) || (a == '-' && b == '_');
    let mut row: Vec<usize> = (0..=known.chars().count()).collect();
    for (i, a) in word.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in known.chars().enumerate() {
            let replaced = diagonal + usize::from(!same(a, b));
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[row.len() - 1]
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
            ("linger", None),
            ("x", None),
            ("", None),
            ("ä", None),
        ] {
            assert_eq!(nearest(word, &known), meant, "{word:?}");
        }
        assert_eq!(nearest("umount", &["mount", "unmount"]), Some("unmount"));
        assert_eq!(nearest("x", &[]), None);
        assert_eq!(nearest(&"x".repeat(1 << 20), &known), None);
    }
}
