//! The page about all rules, `src/lint/README.md`: made of what the rules say of themselves.

use std::fmt::Write as _;

use super::registry::RULES;
use super::rule::{Group, Rule};

const FITS: &str = "a String takes everything";

const FRONT: &str = "\
# The rules of `virt-quobyte lint`

Made of what the rules say of themselves: `UPDATE=1 cargo test --test lint` writes this page, and the same test holds it against
them. `virt-quobyte explain CODE` prints a part of it.

A rule is selected, ignored and suppressed by its code, by its name, or by the word of its group. A fix is *safe* when the guest
sees the same disks with the same contents and nothing that it could do is refused; others need somebody to look.

## What no rule can see

Lint reads documents and the host's configuration. It opens no image, looks at no mount and asks no daemon, so that it can judge a
document on any machine. What shows only there, others say:

| what | who says it, and when |
| --- | --- |
| no lock manager, so that nothing is known to keep two hosts from one image | `virt-quobyte doctor`: image locks |
| a share that is mounted by a client of 1.x, with the type `fuse`: its guests are not migrated | `virt-quobyte status`: plain-fuse |
| a share that is mounted without `allow_other`: QEMU cannot open an image on it | `virt-quobyte status`: foreign; the hook refuses the start |
| an image that is not there, or whose header names a file on no share | the hook refuses the start |
| an image that is a symlink, or that every user may write to | the hook, in the journal, when a guest starts |
| a directory on a share that QEMU's user may not pass through | libvirt refuses the start: Cannot access storage file |
| a hook that is not installed, SELinux's virt_use_fusefs, AppArmor | `virt-quobyte doctor` |
";

/// The page, in Markdown.
pub fn reference() -> String {
    let mut page = FRONT.to_owned();
    for group in Group::ALL {
        let rules: Vec<&Rule> = RULES.iter().copied().filter(|rule| rule.group == group).collect();
        if rules.is_empty() {
            continue;
        }
        let (digit, title, word) = (group.digit(), group.title(), group.word());
        writeln!(page, "\n## VQ{digit}xx: {title} (`{word}`)").expect(FITS);
        page.push_str("\n| code | name | severity | the fault |\n| --- | --- | --- | --- |\n");
        for rule in &rules {
            let (code, name, severity) = (rule.code, rule.name, rule.severity.word());
            let summary = rule.summary.replace('|', "\\|");
            let summary = quoted(&summary);
            writeln!(page, "| [{code}](#{code}) | {name} | {severity} | {summary} |").expect(FITS);
        }
        for rule in rules {
            let Rule { code, name, .. } = rule;
            let (summary, why) = (sentence(&quoted(rule.summary)), quoted(rule.why));
            writeln!(page, "\n### <a id=\"{code}\"></a>{code} {name}").expect(FITS);
            writeln!(page, "\n{summary}\n\n{why}\n\nSource: {}", quoted(rule.source)).expect(FITS);
            for example in rule.examples {
                writeln!(page, "\nHas it:\n\n```xml\n{}```", example.bad).expect(FITS);
                writeln!(page, "\nDoes not have it:\n\n```xml\n{}```", example.good).expect(FITS);
            }
        }
    }
    page
}

/// A summary as a sentence.
fn sentence(summary: &str) -> String {
    let mut characters = summary.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string());
    // An attribute at the beginning stays as it is written.
    let word = summary.split(' ').next().unwrap_or_default();
    if word.contains(['=', '<', '`']) {
        return format!("{summary}.");
    }
    format!("{}{}.", first.unwrap_or_default(), characters.as_str())
}

/// Markdown takes elements for HTML; as code they are what they say.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        let Some(length) = rest[start..].find('>') else { break };
        let mut end = start + length + 1;
        // Elements in a row are one piece.
        while rest[end..].starts_with('<') {
            let Some(length) = rest[end..].find('>') else { break };
            end += length + 1;
        }
        quoted += &[&rest[..start], "`", &rest[start..end], "`"].concat();
        rest = &rest[end..];
    }
    quoted + rest
}
