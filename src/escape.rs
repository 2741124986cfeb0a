//! How text that came from outside is shown: on one line, with nothing in it that a terminal, a
//! log reader or an eye could take for something else.
//!
//! Decides only how it looks. Whether a text may be shown at all (a password may not) is the
//! caller's business.

use std::fmt::{self, Display, Formatter};

/// Shows a text with everything that does not print escaped as Rust writes it: `\n`, `\u{1b}`.
///
/// Control characters, line and paragraph separators, bidirectional overrides, zero-width and
/// combining characters, private use and unassigned code points are all escaped, and so is the
/// backslash, so that what is shown has one reading only. Quotation marks are left as they are.
#[derive(Debug, Clone, Copy)]
pub struct Escaped<'a>(pub &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while !rest.is_empty() {
            // What nearly every text is made of, and needs no look one by one.
            let plain = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'\\';
            let (run, after) = rest.split_at(rest.bytes().take_while(|&byte| plain(byte)).count());
            f.write_str(run)?;
            let mut characters = after.chars();
            if let Some(character) = characters.next() {
                write!(f, "{}", character.escape_debug())?;
            }
            rest = characters.as_str();
        }
        Ok(())
    }
}

/// Shows bytes that should have been text: as [`Escaped`] where they are UTF-8, as `\xff` where
/// they are not.
#[derive(Debug, Clone, Copy)]
pub struct EscapedBytes<'a>(pub &'a [u8]);

impl Display for EscapedBytes<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            Escaped(chunk.valid()).fmt(f)?;
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_does_not_print_is_escaped_and_what_does_is_left() {
        let rows = [
            ("plain", "web-01 (blue)", "web-01 (blue)"),
            ("letters of other scripts", "gäste Ωμ 東京", "gäste Ωμ 東京"),
            ("quotation marks", r#"it's "it""#, r#"it's "it""#),
            ("line ends", "a\nb\r\tc", r"a\nb\r\tc"),
            ("terminal escape", "\u{1b}[31mred", r"\u{1b}[31mred"),
            ("delete and C1", "\u{7f}\u{9b}", r"\u{7f}\u{9b}"),
            ("bidirectional override", "a\u{202e}b\u{2066}c\u{61c}", r"a\u{202e}b\u{2066}c\u{61c}"),
            ("zero width", "a\u{200b}\u{200d}\u{feff}b", r"a\u{200b}\u{200d}\u{feff}b"),
            ("separators", "a\u{2028}b\u{2029}c\u{a0}d", r"a\u{2028}b\u{2029}c\u{a0}d"),
            ("tag characters", "a\u{e0041}", r"a\u{e0041}"),
            ("a text that looks escaped", r"a\nb", r"a\\nb"),
            ("nothing", "", ""),
        ];
        for (case, text, shown) in rows {
            assert_eq!(Escaped(text).to_string(), shown, "{case}");
            assert_eq!(EscapedBytes(text.as_bytes()).to_string(), shown, "{case}, as bytes");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_shown_in_hexadecimal() {
        assert_eq!(EscapedBytes(b"a\xff\xfe\x1b\xc3").to_string(), r"a\xff\xfe\u{1b}\xc3");
    }

    proptest! {
        #[test]
        fn nothing_unprintable_gets_through(text in any::<String>()) {
            let shown = Escaped(&text).to_string();
            prop_assert!(!shown.chars().any(char::is_control), "{shown:?}");
            prop_assert_eq!(shown.lines().count(), usize::from(!text.is_empty()));
        }

        #[test]
        fn two_texts_never_look_the_same(
            one in "[\\\\nu{}0a\n\r]{0,6}",
            other in "[\\\\nu{}0a\n\r]{0,6}",
        ) {
            prop_assert_eq!(one == other, Escaped(&one).to_string() == Escaped(&other).to_string());
        }
    }
}
