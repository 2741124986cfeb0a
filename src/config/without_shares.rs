//! A file without its `[[share]]` tables, for whoever needs none of the shares: the end of every guest of the host, which must
//! not pay for five hundred of them.

/// The text without the lines of its `[[share]]` tables; `None` where lines alone do not tell which those are.
///
/// Without strings over several lines a table begins where a line begins with `[`, and nowhere else: in a list over several lines
/// that would be a list in a list, which no key of a share takes. If what is left is nothing that can be used, that says nothing,
/// and the whole has to be read.
pub(super) fn without_shares(text: &str) -> Option<String> {
    if text.contains("\"\"\"") || text.contains("'''") {
        return None;
    }
    let mut rest = String::new();
    let mut in_share = false;
    for line in text.split_inclusive('\n') {
        let start = line.trim_start();
        if start.starts_with('[') {
            in_share = is_share(start);
        }
        if !in_share {
            rest.push_str(line);
        }
    }
    Some(rest)
}

/// Whether a line is `[[share]]`, and nothing else but a comment.
fn is_share(line: &str) -> bool {
    let name = line.strip_prefix("[[").and_then(|line| line.trim_start().strip_prefix("share"));
    let end = name.and_then(|line| line.trim_start().strip_prefix("]]")).map(str::trim_start);
    end.is_some_and(|end| end.is_empty() || end.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_of_shares_go_and_nothing_else() {
        for (text, rest) in [
            ("a = 1\n[[share]]\nname = 'x'\n", Some("a = 1\n")),
            (
                "[[share]]\nb = 1\n[client]\nc = 1\n[[ share ]] # one\nd = 1",
                Some("[client]\nc = 1\n"),
            ),
            ("[[share]]\noptions = [\n  'a',\n]\n\n  [policy]\nc = 1", Some("  [policy]\nc = 1")),
            ("[[share]]\r\nb = 1\r\n[policy]\r\n", Some("[policy]\r\n")),
            (
                "[[shares]]\nb = 1\n[[share.x]]\n[share]\n",
                Some("[[shares]]\nb = 1\n[[share.x]]\n[share]\n"),
            ),
            ("[[share]] x\nb = 1\n", Some("[[share]] x\nb = 1\n")),
            ("[[share]]\nname = '''\n[client]\n'''\n", None),
            ("[[share]]\nname = \"\"\"\n[client]\n\"\"\"\n", None),
        ] {
            assert_eq!(without_shares(text).as_deref(), rest, "{text}");
        }
    }
}
