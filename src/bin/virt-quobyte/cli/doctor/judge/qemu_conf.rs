//! The text of libvirt's `qemu.conf`: what a key is set to.
//!
//! A line is a comment, or `key = value`, where a value is a number, a text in single, double or three double quotes without any
//! escape, or a list of texts in brackets, which may go on over lines. The first of a key's settings holds. Source: libvirt's
//! `src/util/virconf.c`.

/// What a key is set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Value<'a> {
    Number(&'a str),
    Text(&'a str),
    List(&'a str),
}

/// The value of a key, if the text sets it. Reading ends where the text makes no sense: libvirt does not start with such a file.
pub(in super::super) fn value<'a>(text: &'a str, key: &str) -> Option<Value<'a>> {
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        if let Some(comment) = rest.strip_prefix('#') {
            rest = comment.split_once('\n')?.1;
            continue;
        }
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || "_.-+".contains(c)))
            .filter(|&end| end > 0)?;
        let (name, after) = rest.split_at(end);
        let (value, after) = read(after.trim_start().strip_prefix('=')?.trim_start())?;
        if name == key {
            return Some(value);
        }
        rest = after;
    }
}

/// The value at the start of a text, and what follows it.
fn read(text: &str) -> Option<(Value<'_>, &str)> {
    for quote in ["\"\"\"", "\"", "'"] {
        if let Some(inner) = text.strip_prefix(quote) {
            let (inner, after) = inner.split_once(quote)?;
            return Some((Value::Text(inner), after));
        }
    }
    if let Some(inner) = text.strip_prefix('[') {
        let mut after = inner;
        loop {
            after = after.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
            if let Some(comment) = after.strip_prefix('#') {
                after = comment.split_once('\n')?.1;
            } else if let Some(end) = after.strip_prefix(']') {
                let length = inner.len() - after.len();
                return Some((Value::List(&inner[..length]), end));
            } else {
                after = read(after)?.1;
            }
        }
    }
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '-')).unwrap_or(text.len());
    (end > 0).then(|| (Value::Number(&text[..end]), &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::Value::{List, Number, Text};
    use super::*;

    #[test]
    fn a_key_has_the_first_value_that_is_no_comment() {
        let text = "\
# lock_manager = \"comment\"
#dynamic_ownership = 0

user = \"+0\" # lock_manager = \"sanlock\"
group='kvm'
cgroup_device_acl = [
    \"/dev/null\", # lock_manager = \"list\" ]
    '/dev/]',
]
note = \"\"\"
lock_manager = \"long\"
\"\"\"
empty = []
lock_manager=\"lockd\"
lock_manager = \"nop\"
dynamic_ownership =  1";
        for (key, expected) in [
            ("lock_manager", Some(Text("lockd"))),
            ("dynamic_ownership", Some(Number("1"))),
            ("user", Some(Text("+0"))),
            ("group", Some(Text("kvm"))),
            ("empty", Some(List(""))),
            ("ownership", None),
            ("comment", None),
        ] {
            assert_eq!(value(text, key), expected, "{key}");
        }
    }

    #[test]
    fn a_text_that_makes_no_sense_has_no_further_keys() {
        for text in
            ["", "#", "a", "a =", "a = \"", "a = [", "a = [\"x\"", "= 1\nb = 2", "a = b\nb = 2"]
        {
            assert_eq!(value(text, "b"), None, "{text}");
        }
        assert_eq!(value("a = 1\nb = 2\nc", "b"), Some(Number("2")));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_to_an_end(text in "[ab=\"'\\[\\], #\n0-9]{0,60}") {
            let _whatever_it_is = value(&text, "b");
        }
    }
}
