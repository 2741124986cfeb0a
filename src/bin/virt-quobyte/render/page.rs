//! Text that fits a terminal: columns and lines.

use std::fmt::Write;

pub(super) const FITS: &str = "a String takes everything";

/// As wide as a page gets, but for what is to be typed, which stays in one piece.
pub(super) const WIDTH: usize = 80;

/// Columns as wide as their widest cell, but for the last one, which ends where its text does.
pub(super) fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for row in rows {
        for (column, (width, cell)) in widths.iter().zip(row).enumerate() {
            if column + 1 == N {
                text.push_str(cell);
            } else {
                write!(text, "{cell:width$}  ").expect(FITS);
            }
        }
        text.push('\n');
    }
    text
}

/// The text in lines of so many characters, broken at blanks. A word that is longer has a line of its own.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is one from the beginning");
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// The first so many characters, and a sign where that is not all.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(3)).chain("...".chars()).collect()
}

/// As many of the names as fit, and how many more there are; never none of both.
pub(super) fn some_of(names: &[String], width: usize) -> String {
    let mut kept = names.len();
    loop {
        let more = names.len() - kept;
        let mut all = names[..kept].to_vec();
        if more > 0 {
            all.push(if kept == 0 { more.to_string() } else { format!("{more} more") });
        }
        let text = all.join(", ");
        if kept == 0 || text.chars().count() <= width {
            return text;
        }
        kept -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_names_as_many_are_told_as_fit_and_the_rest_is_counted() {
        let names = ["web1", "web2", "database"].map(str::to_owned);
        for (width, text) in [
            (20, "web1, web2, database"),
            (19, "web1, web2, 1 more"),
            (18, "web1, web2, 1 more"),
            (17, "web1, 2 more"),
            (11, "3"),
            (0, "3"),
        ] {
            assert_eq!(some_of(&names, width), text, "{width}");
        }
        assert_eq!(some_of(&[], 9), "");
        assert_eq!((cut("database", 8), cut("database", 7)), ("database".into(), "data...".into()));
    }
}
