//! One thing that was looked at, and what is to be said of it.

use std::fmt::Display;

/// What a look came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is as it should be.
    Good,
    /// Guests run, and somebody should know this all the same.
    WorthKnowing,
    /// Guests do not start, or not safely.
    Bad,
    /// It could not be looked at.
    CannotTell,
}

impl Verdict {
    /// As programs get it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::WorthKnowing => "worth-knowing",
            Self::Bad => "bad",
            Self::CannotTell => "cannot-tell",
        }
    }
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Check {
    /// What was looked at. The same words every time: programs look for them.
    pub(crate) subject: &'static str,
    pub(crate) verdict: Verdict,
    /// What was seen, or why nothing was: one line, fit to be printed.
    pub(crate) seen: String,
    /// What to type, or where that depends, what to do.
    pub(crate) remedy: Option<String>,
}

impl Check {
    pub(super) fn good(subject: &'static str, seen: impl Display) -> Self {
        Self::new(subject, Verdict::Good, seen)
    }

    pub(super) fn worth_knowing(subject: &'static str, seen: impl Display) -> Self {
        Self::new(subject, Verdict::WorthKnowing, seen)
    }

    pub(super) fn cannot_tell(subject: &'static str, why: impl Display) -> Self {
        Self::new(subject, Verdict::CannotTell, why)
    }

    /// What is bad always has a remedy.
    pub(super) fn bad(subject: &'static str, seen: impl Display, remedy: impl Display) -> Self {
        Self::new(subject, Verdict::Bad, seen).with(remedy)
    }

    pub(super) fn with(mut self, remedy: impl Display) -> Self {
        self.remedy = Some(remedy.to_string());
        self
    }

    fn new(subject: &'static str, verdict: Verdict, seen: impl Display) -> Self {
        Self { subject, verdict, seen: seen.to_string(), remedy: None }
    }
}

/// Who looks. What another may not see is not bad for that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    Root,
    Another,
}

/// A word of a command, so that a shell takes it for one.
pub(super) fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+:@%,=".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_a_command_stays_one_word() {
        for (text, expected) in [
            ("/srv/quobyte/gold", "/srv/quobyte/gold"),
            ("/srv/my share", "'/srv/my share'"),
            ("/srv/$(reboot)", "'/srv/$(reboot)'"),
            ("it's", r"'it'\''s'"),
            ("", "''"),
        ] {
            assert_eq!(word(text), expected);
        }
    }
}
