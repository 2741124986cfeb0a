//! Which characters XML 1.0 (fifth edition) allows: in a document, in a name, as white space.

/// Production 2, `Char`.
pub(super) fn is_char(character: char) -> bool {
    matches!(
        character,
        '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..
    )
}

/// As many bytes at a time as are looked at without a branch.
const BLOCK: usize = 64;

/// The first character in the text that is no [`is_char`], with its offset.
pub(super) fn illegal(text: &str) -> Option<(usize, char)> {
    // Only C0 controls and U+FFFE, U+FFFF can fail, so bytes decide; a document is mostly ASCII.
    let suspect = |byte: u8| byte == 0xef || (byte < b' ' && !is_space(byte));
    // Whole blocks without a branch between their bytes, for which the compiler has wide instructions.
    let blocks = text.as_bytes().chunks_exact(BLOCK);
    let clean = blocks.take_while(|block| !block.iter().fold(false, |any, &it| any | suspect(it)));
    let mut from = clean.count() * BLOCK;
    while let Some(found) = text.as_bytes()[from..].iter().position(|&byte| suspect(byte)) {
        let at = from + found;
        let character = text[at..].chars().next()?;
        if !is_char(character) {
            return Some((at, character));
        }
        from = at + character.len_utf8();
    }
    None
}

/// Production 3, `S`.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Whether a text consists of white space only.
pub(crate) fn is_blank(text: &str) -> bool {
    text.bytes().all(is_space)
}

/// Production 5, `Name`.
pub(super) fn is_name(text: &str) -> bool {
    let is_ascii =
        |byte: &u8| matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'_' | b'-' | b'0'..=b'9');
    if let [b'A'..=b'Z' | b'a'..=b'z', rest @ ..] = text.as_bytes()
        && rest.iter().all(is_ascii)
    {
        return true;
    }
    let mut characters = text.chars();
    characters.next().is_some_and(is_name_start) && characters.all(is_name_char)
}

fn is_name_start(character: char) -> bool {
    matches!(
        character,
        ':' | 'A'..='Z' | '_' | 'a'..='z'
        | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}' | '\u{370}'..='\u{37d}'
        | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}'
        | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}'
        | '\u{fdf0}'..='\u{fffd}' | '\u{10000}'..='\u{effff}'
    )
}

fn is_name_char(character: char) -> bool {
    is_name_start(character)
        || matches!(
            character,
            '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_illegal_character_is_found_where_it_stands() {
        let rows = [
            ("plain", "<a>\t\r\n</a>", None),
            ("NUL", "ab\0", Some((2, '\0'))),
            ("escape", "ä\u{1b}", Some((2, '\u{1b}'))),
            ("delete is legal", "\u{7f}", None),
            ("C1 is legal", "\u{85}", None),
            ("its neighbours of the last plane", "\u{fffd}\u{ff21}\u{10ffff}", None),
            ("not a character", "\u{fffd}\u{fffe}", Some((3, '\u{fffe}'))),
            ("nor this", "x\u{ffff}", Some((1, '\u{ffff}'))),
        ];
        for (case, text, expected) in rows {
            assert_eq!(illegal(text), expected, "{case}");
        }
    }

    #[test]
    fn it_is_found_in_whichever_block_it_stands_and_wherever_a_block_ends() {
        for before in 0..3 * BLOCK {
            for filler in ["a", "ä", "東", "\u{fffd}"] {
                let text = [&filler.repeat(before), "\u{1b}", &filler.repeat(BLOCK)].concat();
                let at = before * filler.len();
                assert_eq!(illegal(&text), Some((at, '\u{1b}')), "{before} times {filler}");
                assert_eq!(illegal(&text.replace('\u{1b}', "")), None, "{before} times {filler}");
            }
        }
    }

    #[test]
    fn a_name_begins_with_a_letter_and_goes_on_without_a_space() {
        for name in ["a", "_a", ":", "qemu:arg", "a-1.b", "é", "東", "a\u{b7}"] {
            assert!(is_name(name), "{name}");
        }
        for name in
            ["", "1a", "-a", ".a", "a b", "a/", "a=", " a", "a\u{a0}", "\u{d7}", "a\u{200b}"]
        {
            assert!(!is_name(name), "{name}");
        }
    }
}
