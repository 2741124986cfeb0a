//! Text of programs under test, for a terminal: what it would do to the terminal is shown, not
//! done.

/// The line with its control characters as escapes.
pub(crate) fn line(text: &str) -> String {
    let shown =
        |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_control_characters_change() {
        assert_eq!(super::line("it's \u{1b}[1m\u{9b}ä\t"), "it's \\u{1b}[1m\\u{9b}ä\\t");
    }
}
