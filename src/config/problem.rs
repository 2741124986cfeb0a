//! What is wrong with a configuration, where, and how that is told: one line for each problem.

use std::fmt::{self, Write};
use std::path::PathBuf;

use super::fault::Fault;

/// A configuration that cannot be used, with all that is wrong with it.
///
/// `Display` has a line for each problem and no final newline.
#[derive(Debug)]
pub struct ConfigError {
    /// In the order of the files and of the places in them.
    pub problems: Vec<Problem>,
}

/// One thing that is wrong.
#[derive(Debug)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// With what.
    pub subject: Subject,
    /// What is wrong, and what would be right.
    pub fault: Fault,
}

/// Where a problem is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A file, or a directory on the way to one.
    File {
        /// Its path.
        path: PathBuf,
        /// The place in it, where the problem is in its text.
        at: Option<Position>,
    },
    /// An environment variable.
    Variable(&'static str),
}

/// A place in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

/// What a problem is about, as far as that is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subject {
    /// The name of the share, right or wrong.
    pub share: Option<String>,
    /// The key, with its table's name before it where that is not the share's.
    pub key: Option<&'static str>,
    /// What was written there.
    pub value: Option<String>,
}

impl Position {
    /// The position of a byte of a text.
    pub(super) fn of(text: &str, byte: usize) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: 1 + before.bytes().filter(|&b| b == b'\n').count(),
            column: 1 + before[line_start..].chars().count(),
        }
    }
}

impl From<Problem> for ConfigError {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().enumerate() {
            if i > 0 {
                f.write_char('\n')?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Printable(f), "{}: {}{}", self.place, self.subject, self.fault)
    }
}

impl Problem {
    /// The same without its place.
    pub fn message(&self) -> String {
        let mut message = String::new();
        for c in format!("{}{}", self.subject, self.fault).chars() {
            escape(c, &mut message).expect("a String takes everything");
        }
        message
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, at: None } => write!(f, "{}", path.display()),
            Self::File { path, at: Some(Position { line, column }) } => {
                write!(f, "{}:{line}:{column}", path.display())
            }
            Self::Variable(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(share) = &self.share {
            write!(f, "share {}: ", Quoted(share))?;
        }
        match (self.key, &self.value) {
            (Some(key), Some(value)) => write!(f, "{key} {}: ", Quoted(value)),
            (Some(key), None) => write!(f, "{key}: "),
            (None, _) => Ok(()),
        }
    }
}

/// A value of a file as a message has it: in quotes that it cannot leave, and not without end.
pub(super) struct Quoted<'t>(pub(super) &'t str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 120;
        match self.0.char_indices().nth(LONGEST) {
            None => write!(f, "{:?}", self.0),
            Some((end, _)) => write!(f, "{:?}...", &self.0[..end]),
        }
    }
}

/// Lets through what can be seen and escapes the rest.
///
/// This is the one place through which every problem goes, so that neither a parser's message nor a file's name can put a
/// newline or a terminal's escape sequence into libvirt's log.
struct Printable<'a, 'f>(&'a mut fmt::Formatter<'f>);

impl Write for Printable<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|c| escape(c, self.0))
    }
}

fn escape(c: char, to: &mut impl Write) -> fmt::Result {
    match c {
        '"' | '\'' | '\\' => to.write_char(c),
        _ => write!(to, "{}", c.escape_debug()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_counts_lines_and_characters_from_one() {
        for (text, byte, line, column) in [
            ("", 0, 1, 1),
            ("abc", 2, 1, 3),
            ("a\nb", 2, 2, 1),
            ("a\n", 2, 2, 1),
            ("ä = x", 5, 1, 5),
            ("ä", 1, 1, 2),
            ("a", 9, 1, 2),
        ] {
            assert_eq!(Position::of(text, byte), Position { line, column }, "{text:?} {byte}");
        }
    }

    #[test]
    fn nothing_that_cannot_be_seen_reaches_a_message() {
        let problem = Problem {
            place: Place::File { path: "/x/\u{1b}[31m\n.toml".into(), at: None },
            subject: Subject {
                value: Some("a\"\u{202e}\n".to_owned()),
                key: Some("k"),
                share: None,
            },
            fault: Fault::Type("one\ntwo\u{7}".to_owned()),
        };
        assert_eq!(
            problem.to_string(),
            r#"/x/\u{1b}[31m\n.toml: k "a\"\u{202e}\n": one\ntwo\u{7}"#
        );
        assert_eq!(problem.message(), r#"k "a\"\u{202e}\n": one\ntwo\u{7}"#);
    }

    #[test]
    fn a_long_value_is_cut() {
        let quoted = Quoted(&"ä".repeat(500)).to_string();
        assert_eq!(quoted, format!("\"{}\"...", "ä".repeat(120)));
    }
}
