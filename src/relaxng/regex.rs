//! The `pattern` of a datatype: a regular expression of XML Schema, put into the words of `regex-lite`.
//!
//! XML Schema's expressions always speak of the whole text, know no anchors (`^` and `$` are themselves), and escape other characters.
//! Every character is therefore written by its number, so that nothing means something else on the other side. The classes of
//! Unicode (`\d`, `\w`, `\i`, `\c`, `\p{..}`) and the subtraction of classes are refused: no grammar that is read here has them.

use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::Chars;

use regex_lite::Regex;

/// Why an expression is not usable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegexError {
    /// It ends in the middle.
    #[error("ends within a class or an escape")]
    Unfinished,
    /// An escape that is unknown or not supported.
    #[error("has the escape \\{0}, which is not supported")]
    Escape(char),
    /// A character that must be escaped.
    #[error("has {0} where it has no meaning")]
    Stray(char),
    /// What the other side says.
    #[error("is not usable: {0}")]
    Refused(String),
}

/// The expression, ready to be asked about whole texts.
pub(super) fn compile(expression: &str) -> Result<Regex, RegexError> {
    let refused = |error: regex_lite::Error| RegexError::Refused(error.to_string());
    Regex::new(&translate(expression)?).map_err(refused)
}

fn translate(expression: &str) -> Result<String, RegexError> {
    let mut to = String::from(r"\A(?:");
    let mut from = expression.chars().peekable();
    // What may be repeated: an atom, but nothing that is repeated already.
    let mut atom = false;
    while let Some(character) = from.next() {
        let was_atom = std::mem::replace(&mut atom, true);
        match character {
            '(' => {
                to.push_str("(?:");
                atom = false;
            }
            ')' => to.push(')'),
            '|' => {
                to.push('|');
                atom = false;
            }
            '?' | '*' | '+' | '{' => {
                if !was_atom {
                    return Err(RegexError::Stray(character));
                }
                to.push(character);
                if character == '{' {
                    quantity(&mut from, &mut to)?;
                }
                atom = false;
            }
            '.' => to.push_str(r"[^\n\r]"),
            '[' => class(&mut from, &mut to)?,
            '\\' => match escape(&mut from)? {
                Escape::One(character) => literal(&mut to, character),
                Escape::Space => to.push_str(r"[\t\n\r ]"),
                Escape::NoSpace => to.push_str(r"[^\t\n\r ]"),
            },
            ']' | '}' => return Err(RegexError::Stray(character)),
            _ => literal(&mut to, character),
        }
    }
    to.push_str(r")\z");
    Ok(to)
}

/// The rest of `{n}`, `{n,}` or `{n,m}`.
fn quantity(from: &mut Peekable<Chars<'_>>, to: &mut String) -> Result<(), RegexError> {
    loop {
        match from.next().ok_or(RegexError::Unfinished)? {
            character @ ('0'..='9' | ',') => to.push(character),
            '}' => break,
            other => return Err(RegexError::Stray(other)),
        }
    }
    to.push('}');
    Ok(())
}

/// The rest of a class.
fn class(from: &mut Peekable<Chars<'_>>, to: &mut String) -> Result<(), RegexError> {
    to.push('[');
    if from.next_if_eq(&'^').is_some() {
        to.push('^');
    }
    loop {
        let first = match from.next().ok_or(RegexError::Unfinished)? {
            ']' => break,
            '[' => return Err(RegexError::Stray('[')),
            '\\' => match escape(from)? {
                Escape::One(character) => character,
                Escape::Space => {
                    to.push_str(r"\t\n\r ");
                    continue;
                }
                Escape::NoSpace => return Err(RegexError::Escape('S')),
            },
            character => character,
        };
        literal(to, first);
        // A hyphen stands for itself at the end of a class, and for a range between two characters.
        let mut ahead = from.clone();
        if ahead.next() == Some('-') && ahead.next().is_some_and(|next| next != ']') {
            from.next();
            let last = match from.next().ok_or(RegexError::Unfinished)? {
                '\\' => match escape(from)? {
                    Escape::One(character) => character,
                    Escape::Space | Escape::NoSpace => return Err(RegexError::Stray('-')),
                },
                '[' => return Err(RegexError::Stray('[')),
                character => character,
            };
            to.push('-');
            literal(to, last);
        }
    }
    to.push(']');
    Ok(())
}

enum Escape {
    One(char),
    Space,
    NoSpace,
}

/// What follows a backslash.
fn escape(from: &mut Peekable<Chars<'_>>) -> Result<Escape, RegexError> {
    Ok(match from.next().ok_or(RegexError::Unfinished)? {
        'n' => Escape::One('\n'),
        'r' => Escape::One('\r'),
        't' => Escape::One('\t'),
        's' => Escape::Space,
        'S' => Escape::NoSpace,
        character if character.is_ascii_punctuation() => Escape::One(character),
        other => return Err(RegexError::Escape(other)),
    })
}

fn literal(to: &mut String, character: char) {
    write!(to, r"\x{{{:x}}}", u32::from(character)).expect("a string takes all");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_speaks_of_the_whole_text_and_its_characters_mean_themselves() {
        let rows: [(&str, &[&str], &[&str]); 14] = [
            ("", &[""], &[" ", "a"]),
            ("a|bc", &["a", "bc"], &["abc", "ac", ""]),
            (".+", &["a", "ä b"], &["", "a\nb", "\r"]),
            ("$^", &["$^"], &["", "$"]),
            (r"[a-c\-_]+", &["a-_c"], &["d", "\\"]),
            ("[a-z-]+", &["a-z"], &["_"]),
            ("[-+]?[0-9]{1,2}", &["-1", "+12", "3"], &["123", "--1", ""]),
            (r"[^,]{2}", &["äö", "  "], &["a,", "abc"]),
            (r"[^\n]+", &["a\r"], &["a\nb"]),
            (r"\[[^\]]+\] .+", &["[ab] c"], &["[] c", "[a]c"]),
            ("[0-9A-F -_,]+", &["?@A", " !,"], &["a", "~"]),
            (r"[a.\s]+", &["a .\t"], &["b"]),
            (r"(a(b|c)){2,}", &["abac", "ababab"], &["ab", "aba"]),
            ("#&~/-<>\"'é", &["#&~/-<>\"'é"], &["#&~/-<>\"'e"]),
        ];
        for (expression, matching, others) in rows {
            let regex = compile(expression).expect(expression);
            for text in matching {
                assert!(regex.is_match(text), "{expression} matches {text:?}");
            }
            for text in others {
                assert!(!regex.is_match(text), "{expression} does not match {text:?}");
            }
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let rows = [
            (r"\d+", RegexError::Escape('d')),
            (r"[\w]", RegexError::Escape('w')),
            (r"\p{Lu}", RegexError::Escape('p')),
            ("[a-z-[aeiou]]", RegexError::Stray('[')),
            ("a**", RegexError::Stray('*')),
            ("a{1,b}", RegexError::Stray('b')),
            ("*", RegexError::Stray('*')),
            ("a]", RegexError::Stray(']')),
            ("[a", RegexError::Unfinished),
            ("a\\", RegexError::Unfinished),
        ];
        for (expression, error) in rows {
            assert_eq!(compile(expression).map(|_| ()), Err(error), "{expression}");
        }
        assert!(matches!(compile("(a"), Err(RegexError::Refused(_))));
    }
}
