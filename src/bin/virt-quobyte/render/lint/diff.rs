//! What fixes would do, as `patch` takes it.

use std::fmt::Write as _;

use similar::{Algorithm, TextDiff};

use super::Style;
use super::snippet::clean;
use crate::cli::Change;

/// The unified diff of each document. For a terminal, what does not print is replaced; anything else gets the very bytes.
pub(in super::super) fn diff(changes: &[Change<'_>], style: Style, terminal: bool) -> String {
    let mut text = String::new();
    for Change { name, before, after, .. } in changes {
        // Linear in what is the same, which is nearly all.
        let diff =
            TextDiff::configure().algorithm(Algorithm::Myers).diff_lines(*before, after.as_str());
        let unified = diff.unified_diff().context_radius(3).header(name, name).to_string();
        for line in unified.split_inclusive('\n') {
            let line = if terminal { clean(line) } else { line.into() };
            let color = match line.as_bytes().first() {
                _ if !style.colored || line.starts_with("---") || line.starts_with("+++") => "",
                Some(b'+') => "\u{1b}[32m",
                Some(b'-') => "\u{1b}[31m",
                Some(b'@') => "\u{1b}[36m",
                _ => "",
            };
            match (color, line.strip_suffix('\n')) {
                ("", _) | (_, None) => text.push_str(&line),
                (color, Some(line)) => {
                    writeln!(text, "{color}{line}\u{1b}[0m").expect("a String takes everything");
                }
            }
        }
    }
    text
}
