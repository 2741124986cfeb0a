//! The string literals of a Rust file, with what stands before each.

/// A literal of the code, without those of its tests.
#[derive(Debug)]
pub(crate) struct Literal {
    pub(crate) text: String,
    /// Whether it is the text of an error, of an event for the journal, or of a `Display`.
    pub(crate) is_said: bool,
}

pub(crate) fn of(source: &str) -> Vec<Literal> {
    let source = source.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let mut found = Vec::new();
    // The code since the last literal or the last end of a statement.
    let mut before = String::new();
    let mut chars = source.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '/' if chars.peek() == Some(&'/') => while chars.next_if(|&c| c != '\n').is_some() {},
            '\'' => skip_character(&mut chars),
            '"' => {
                let text = literal(&mut chars);
                if !is_beside_the_program(&before) {
                    found.push(Literal { text, is_said: is_said(&before) });
                }
                before.clear();
            }
            ';' => before.clear(),
            c => before.push(c),
        }
    }
    found
}

/// What follows a quotation mark until the next, with its escapes read.
fn literal(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> String {
    let mut text = String::new();
    while let Some(c) = chars.next() {
        match c {
            '"' => return text,
            '\\' => match chars.next() {
                Some('\n') => while chars.next_if(|c| c.is_whitespace()).is_some() {},
                Some('n') => text.push('\n'),
                Some(c) => text.push(c),
                None => {}
            },
            c => text.push(c),
        }
    }
    panic!("a literal is not closed: {text}");
}

/// A character literal may be a quotation mark; a lifetime is none.
fn skip_character(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    let mut ahead = chars.clone();
    match (ahead.next(), ahead.next()) {
        (Some('\\'), Some(_)) => {
            chars.nth(1);
            while chars.next_if(|&c| c != '\'').is_some() {}
            chars.next();
        }
        (Some(_), Some('\'')) => {
            chars.nth(1);
        }
        _ => {}
    }
}

/// The reason for an allowance of clippy's, and the end of a command's help.
fn is_beside_the_program(before: &str) -> bool {
    ["reason =", "after_help ="].iter().any(|&key| before.trim_end().ends_with(key))
}

fn is_said(before: &str) -> bool {
    let before = before.trim_end();
    let event = before.rsplit_once("tracing::").map(|(_, event)| event);
    before.ends_with("#[error(")
        || before.ends_with("write!(f,")
        || before.ends_with("write_str(")
        || event.is_some_and(|event| {
            ["error!(", "warn!(", "info!("].iter().any(|&name| event.starts_with(name))
        })
}

#[test]
fn literals_are_found_with_what_they_are_for() {
    let found = of(r#"
        // "no"
        #[error("it is \"{0}\" \
            and more")]
        fn f<'a>(c: char) { if c == '"' || c == '\'' { tracing::warn!(share, "well {x}"); g("not said") } }
        #![allow(clippy::exit, reason = "no")]
        write!(f, "shown")
        #[cfg(test)]
        mod tests { "neither" }
    "#.replace("        #[cfg", "#[cfg").replace("        mod", "mod").as_str());
    let found: Vec<(&str, bool)> =
        found.iter().map(|literal| (literal.text.as_str(), literal.is_said)).collect();
    assert_eq!(
        found,
        [
            ("it is \"{0}\" and more", true),
            ("well {x}", true),
            ("not said", false),
            ("shown", true)
        ]
    );
}
