//! A file without its `[[share]]` tables, and those tables, where each line by itself tells what it is: a host may have five
//! hundred shares, and each start of a guest reads them all.
//!
//! What is read here is what the parser of TOML would have read. Any other spelling is left to it, and so is whatever is wrong: it
//! knows how to tell where.

use toml::Spanned;

use super::fragment::ShareTable;

/// A file in two.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Split<'t> {
    /// All but the tables of the shares.
    pub(super) rest: String,
    /// The lines of each of these tables, without its head.
    pub(super) shares: Vec<&'t str>,
}

/// Splits a file; `None` where lines alone do not tell what belongs to a `[[share]]` table.
///
/// Without strings over several lines a table begins where a line begins with `[`, and nowhere else: in a list over several lines
/// that would be a list in a list, which no key takes. So if what is left can be used and knows nothing of shares, all is as it seems.
pub(super) fn split(text: &str) -> Option<Split<'_>> {
    if has_long_string(text.as_bytes()) || has_odd_character(text.as_bytes()) {
        return None;
    }
    let mut split = Split { rest: String::new(), shares: Vec::new() };
    // Where the lines of the share begin that is being read.
    let mut share = None;
    let mut at = 0;
    for line in lines(text) {
        let begins = at;
        at += line.len();
        if line.trim_start_matches(BLANKS).starts_with('[') {
            split.shares.extend(share.take().map(|from| &text[from..begins]));
            share = is_share(line).then_some(at);
        } else if share.is_some() {
            continue;
        }
        if share.is_none() {
            split.rest.push_str(line);
        }
    }
    split.shares.extend(share.map(|from| &text[from..]));
    Some(split)
}

/// Whether three quotes stand side by side. Of any three bytes that do, one is looked at.
fn has_long_string(text: &[u8]) -> bool {
    let is_amid_others = |at: usize| {
        let around = &text[at.saturating_sub(2)..text.len().min(at + 3)];
        around.windows(3).any(|three| three == [text[at]; 3])
    };
    (2..text.len()).step_by(3).any(|at| matches!(text[at], b'"' | b'\'') && is_amid_others(at))
}

/// Whether there is a character that TOML does not allow everywhere. All are counted, so that many are looked at at once.
fn has_odd_character(text: &[u8]) -> bool {
    let is_odd = |byte: u8| byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r') || byte == 0x7f;
    let odd = text.iter().filter(|&&byte| is_odd(byte)).count();
    let pairs = text.iter().zip(text.get(1..).unwrap_or_default());
    let lone = pairs.filter(|&(&byte, &next)| byte == b'\r' && next != b'\n').count();
    odd > 0 || lone > 0 || text.last() == Some(&b'\r')
}

/// The lines of a text, each with its end. They are short: what looks for a byte in long texts takes longer to begin.
fn lines(mut text: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        let end = text.bytes().position(|byte| byte == b'\n').map_or(text.len(), |at| at + 1);
        let (line, rest) = text.split_at(end);
        text = rest;
        (!line.is_empty()).then_some(line)
    })
}

const BLANKS: [char; 2] = [' ', '\t'];

/// Whether a line is `[[share]]`, and nothing else but a comment.
fn is_share(line: &str) -> bool {
    let name = |line: &mut Line<'_>| {
        line.blanks();
        line.take("[[")?;
        line.blanks();
        line.take("share")?;
        line.blanks();
        line.take("]]")
    };
    let mut line = Line::of(line);
    name(&mut line).is_some() && line.is_over()
}

/// Reads the lines of a `[[share]]` table out of a split; `None` if one of them is anything else than `key = "text"`, a list of
/// texts on one line where such is wanted, or nothing.
pub(super) fn share(table: &str) -> Option<Spanned<ShareTable>> {
    let mut share = ShareTable::default();
    for line in lines(table) {
        let mut line = Line::of(line);
        if line.is_over() {
            continue;
        }
        let equals = line.0.bytes().position(|byte| byte == b'=')?;
        let (key, mut value) = (&line.0[..equals], Line(&line.0[equals + 1..]));
        value.blanks();
        let slot = match key.trim_end_matches(BLANKS) {
            "name" => &mut share.name,
            "export" => &mut share.export,
            "mode" => &mut share.mode,
            "mount_point" => &mut share.mount_point,
            "options" if share.options.is_none() => {
                share.options = Some(nowhere(value.list()?));
                value.is_over().then_some(())?;
                continue;
            }
            _ => return None,
        };
        if slot.is_some() {
            return None;
        }
        *slot = Some(nowhere(value.text()?.to_owned()));
        value.is_over().then_some(())?;
    }
    Some(nowhere(share))
}

/// Nobody asks for the place of what is right.
fn nowhere<T>(value: T) -> Spanned<T> {
    Spanned::new(0..0, value)
}

/// What is left of a line.
struct Line<'t>(&'t str);

impl<'t> Line<'t> {
    /// A line without its end.
    fn of(line: &'t str) -> Self {
        let line = line.strip_suffix('\n').unwrap_or(line);
        Self(line.strip_suffix('\r').unwrap_or(line))
    }

    fn blanks(&mut self) {
        self.0 = self.0.trim_start_matches(BLANKS);
    }

    /// Whether nothing is left but a comment.
    fn is_over(&mut self) -> bool {
        self.blanks();
        self.0.is_empty() || self.0.starts_with('#')
    }

    fn take(&mut self, word: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(word)?;
        Some(())
    }

    /// A text in quotes, without a backslash: in some it means something.
    fn text(&mut self) -> Option<&'t str> {
        let quote = self.0.bytes().next().filter(|quote| matches!(quote, b'"' | b'\''))?;
        let inner = &self.0[1..];
        let end = inner.bytes().position(|byte| byte == quote || byte == b'\\')?;
        if inner.as_bytes()[end] != quote {
            return None;
        }
        self.0 = &inner[end + 1..];
        Some(&inner[..end])
    }

    /// A list of such.
    fn list(&mut self) -> Option<Vec<String>> {
        self.take("[")?;
        let mut list = Vec::new();
        loop {
            self.blanks();
            if self.take("]").is_some() {
                return Some(list);
            }
            list.push(self.text()?.to_owned());
            self.blanks();
            if self.take(",").is_none() {
                self.take("]")?;
                return Some(list);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_of_shares_are_told_from_the_rest() {
        for (text, expected) in [
            ("a = 1\n[[share]]\nname = 'x'\n", Some(("a = 1\n", &["name = 'x'\n"][..]))),
            (
                "[[share]]\nb = 1\n[client]\nc = 1\n[[ share ]] # one\nd = 1",
                Some(("[client]\nc = 1\n", &["b = 1\n", "d = 1"])),
            ),
            ("[[share]]\n[[share]]", Some(("", &["", ""]))),
            (
                "[[share]]\noptions = [\n  'a',\n]\n\n  [policy]\nc = 1",
                Some(("  [policy]\nc = 1", &["options = [\n  'a',\n]\n\n"])),
            ),
            ("[[share]]\r\nb = 1\r\n[policy]\r\n", Some(("[policy]\r\n", &["b = 1\r\n"]))),
            (
                "[[shares]]\nb = 1\n[[share.x]]\n[share]\n",
                Some(("[[shares]]\nb = 1\n[[share.x]]\n[share]\n", &[])),
            ),
            ("[[share]] x\nb = 1\n", Some(("[[share]] x\nb = 1\n", &[]))),
            ("\u{a0}[[share]]\nb = 1\n", Some(("\u{a0}[[share]]\nb = 1\n", &[]))),
            ("[[share]]\nname = 'x'\r", None),
            ("[[share]]\nname = \"\u{7}\"", None),
            ("\u{7f}", None),
            ("a\rb\n", None),
            ("[[share]]\nname = '''\n[client]\n'''\n", None),
            ("[[share]]\nname = \"\"\"\n[client]\n\"\"\"\n", None),
        ] {
            let split = split(text);
            let split = split.as_ref().map(|split| (split.rest.as_str(), split.shares.as_slice()));
            assert_eq!(split, expected, "{text:?}");
        }
    }

    #[test]
    fn three_quotes_are_found_wherever_they_are() {
        for before in 0..7 {
            for after in 0..4 {
                let text = |quotes| format!("{:before$}{quotes}{:after$}", "", "");
                for long in ["\"\"\"", "'''"] {
                    assert!(has_long_string(text(long).as_bytes()), "{before} {after}");
                }
                for short in ["\"\"", "\"\"'\"\"", "''\"'", "\" \"\""] {
                    assert!(!has_long_string(text(short).as_bytes()), "{before} {after}");
                }
            }
        }
    }

    #[test]
    fn a_share_that_is_written_plainly_is_read() {
        let lines = "# one\nname=\"gold\"\n\n\texport\t= 'reg/gold' # two\r\nmode = \"verified\"\n\
            mount_point = \"/srv/ü\"\noptions = [ \"-d\", 'INFO', ] # three";
        let table = share(lines).expect("it is plain").into_inner();
        let value = |text: Option<Spanned<String>>| text.map(Spanned::into_inner);
        assert_eq!(value(table.name).as_deref(), Some("gold"));
        assert_eq!(value(table.export).as_deref(), Some("reg/gold"));
        assert_eq!(value(table.mode).as_deref(), Some("verified"));
        assert_eq!(value(table.mount_point).as_deref(), Some("/srv/ü"));
        let options = table.options.map(Spanned::into_inner);
        assert_eq!(options.as_deref(), Some(&["-d".to_owned(), "INFO".to_owned()][..]));
    }

    #[test]
    fn what_is_not_plain_is_left_to_the_parser() {
        for lines in [
            "name",
            "name = ",
            "name = gold",
            "name = \"gold",
            "name = \"gold' ",
            "name = \"gold\" x",
            "name = \"go\\u006cd\"",
            "name = \"gold\"\nname = \"gold\"",
            "options = []\noptions = []",
            "\"name\" = \"gold\"",
            "other = \"gold\"",
            "name.x = \"gold\"",
            "name = 1",
            "name = [\"gold\"]",
            "options = \"-d\"",
            "options = [\"-d\"",
            "options = [\n\"-d\"]",
            "options = [\"-d\",,]",
            "options = [,]",
            "options = [1]",
            "name = \"gold\" \u{a0}",
        ] {
            assert!(share(lines).is_none(), "{lines:?}");
        }
    }
}
