//! A format string beside a line of a document: the fixed words must be the same, a hole may hold anything that is explained.

use std::collections::HashMap;

/// A format string, cut at its holes: there is one between each two parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    parts: Vec<String>,
}

impl Pattern {
    /// Of the first line of a format string.
    pub(crate) fn of(format: &str) -> Self {
        let line = format.lines().next().unwrap_or_default();
        let mut parts = vec![String::new()];
        let mut chars = line.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '{' | '}' if chars.next_if_eq(&c).is_some() => push(&mut parts, c),
                '{' => {
                    while chars.next_if(|&c| c != '}').is_some() {}
                    chars.next();
                    parts.push(String::new());
                }
                c => push(&mut parts, c),
            }
        }
        Self { parts }
    }

    /// How many words are fixed.
    pub(crate) fn words(&self) -> usize {
        let words = self.parts.iter().flat_map(|part| part.split(|c: char| !c.is_alphabetic()));
        words.filter(|word| word.len() > 1).count()
    }

    fn written(&self) -> &str {
        self.parts.get(1).map_or("", String::as_str)
    }

    /// Whether the fixed parts stand in a line, in their order.
    pub(crate) fn is_in(&self, line: &str) -> bool {
        let mut rest = line;
        self.parts.iter().all(|part| match rest.split_once(part.as_str()) {
            Some((_, after)) => {
                rest = after;
                true
            }
            None => false,
        })
    }
}

fn push(parts: &mut [String], c: char) {
    parts.last_mut().expect("there is one from the beginning").push(c);
}

/// What stands between two messages.
const JOINTS: [&str; 2] = [": ", "; "];

/// Everything that the program can say.
#[derive(Debug)]
pub(crate) struct Vocabulary {
    patterns: Vec<Pattern>,
}

impl Vocabulary {
    pub(crate) fn new(formats: impl Iterator<Item = String>) -> Self {
        let mut patterns: Vec<Pattern> = formats.map(|format| Pattern::of(&format)).collect();
        // What has no word of its own is how words are joined.
        patterns.retain(|pattern| pattern.words() > 0 || JOINTS.contains(&pattern.written()));
        patterns.sort_by(|a, b| a.parts.cmp(&b.parts));
        patterns.dedup();
        Self { patterns }
    }

    /// Whether a text is made of nothing but what the program says and words in capitals.
    pub(crate) fn explains(&self, text: &str) -> bool {
        self.explained(text, &mut HashMap::new())
    }

    fn explained<'t>(&self, text: &'t str, known: &mut HashMap<&'t str, bool>) -> bool {
        if is_placeholder(text) {
            return true;
        }
        if let Some(&answer) = known.get(text) {
            return answer;
        }
        // Until it is known better: a pattern does not explain a text by that text.
        known.insert(text, false);
        let mut possible = self.patterns.iter().filter(|pattern| pattern.is_in(text));
        let answer = possible.any(|pattern| match pattern.parts.split_first() {
            Some((first, others)) => text
                .strip_prefix(first.as_str())
                .is_some_and(|rest| self.filled(others, rest, known)),
            None => false,
        });
        known.insert(text, answer);
        answer
    }

    /// Whether a text is a hole, the next part, and so on to the end.
    fn filled<'t>(
        &self,
        parts: &[String],
        text: &'t str,
        known: &mut HashMap<&'t str, bool>,
    ) -> bool {
        let Some((next, others)) = parts.split_first() else { return text.is_empty() };
        let ends: Vec<usize> = if others.is_empty() {
            // The last part stands at the end, or nowhere.
            text.strip_suffix(next.as_str()).map(str::len).into_iter().collect()
        } else if next.is_empty() {
            text.char_indices().map(|(at, _)| at).chain([text.len()]).collect()
        } else {
            text.match_indices(next.as_str()).map(|(at, _)| at).collect()
        };
        ends.into_iter().any(|end| {
            let (hole, rest) = text.split_at(end);
            self.explained(hole, known) && self.filled(others, &rest[next.len()..], known)
        })
    }
}

/// No word in it is in small letters.
fn is_placeholder(text: &str) -> bool {
    let words = text.split(|c: char| !c.is_alphabetic());
    !words.filter(|word| word.len() > 1).any(|word| word.chars().any(char::is_lowercase))
}

#[test]
fn a_line_is_explained_by_patterns_within_patterns_and_by_nothing_else() {
    let formats =
        ["share {share}: its mount point {at} {health}; {}", "is {}", "dead", "try {x} again"];
    let vocabulary = Vocabulary::new(formats.iter().map(|&format| format.to_owned()));
    for (line, expected) in [
        ("share SHARE: its mount point PATH is dead; try N again", true),
        ("share SHARE: its mount point PATH REASON; REASON", true),
        ("share SHARE: its mount point PATH is alive; try N again", false),
        ("share gold: its mount point PATH is dead; REASON", false),
        ("the mount point PATH is dead; REASON", false),
        ("dead dead", false),
        ("REASON", true),
    ] {
        assert_eq!(vocabulary.explains(line), expected, "{line}");
    }
    let pattern = Pattern::of("a {{brace}} and {a:?} hole\nnot this");
    assert_eq!(pattern.parts, ["a {brace} and ", " hole"]);
    assert_eq!(pattern.words(), 3);
    assert!(pattern.is_in("that is a {brace} and X hole!") && !pattern.is_in("a {brace} and a"));
}
