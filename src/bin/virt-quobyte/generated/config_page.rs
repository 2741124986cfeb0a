//! The manual page of the configuration, from the comments of the sample: what is said of a key is said in one place.
//!
//! The sample is comments, each above what it is about: a `[table]`, a `#[[table]]` or a `#key = value`.

use clap_mangen::roff::{Roff, bold, roman};

use super::man;

pub(super) const PATH: &str = "man/man5/virt-quobyte.toml.5";

pub(super) fn page(sample: &str) -> String {
    let mut roff = man::title("virt-quobyte.toml", "5");
    roff.control("SH", ["NAME"]);
    roff.text([roman(
        "virt-quobyte.toml - which Quobyte volumes a host mounts for its guests, and how",
    )]);
    roff.control("SH", ["SYNOPSIS"]);
    roff.text([bold("/etc/virt-quobyte/config.toml")]);
    roff.control("br", []);
    roff.text([bold("/etc/virt-quobyte/config.d/*.toml")]);
    roff.control("SH", ["DESCRIPTION"]);
    let mut comment = Vec::new();
    let mut section = Some("SETTINGS");
    for line in sample.lines() {
        let setting =
            line.strip_prefix('#').filter(|rest| !rest.is_empty() && !rest.starts_with(' '));
        if line.is_empty() {
            // Only the head of the file is about no setting.
            comment_into(&mut roff, &std::mem::take(&mut comment));
        } else if let Some(table) = setting.or(Some(line)).filter(|text| text.starts_with('[')) {
            if let Some(title) = section.take() {
                roff.control("SH", [title]);
            }
            roff.control("SS", [table]);
            comment_into(&mut roff, &std::mem::take(&mut comment));
        } else if let Some(setting) = setting {
            if let Some(title) = section.take() {
                roff.control("SH", [title]);
            }
            let (key, value) = setting.split_once(" = ").expect("a setting has a value");
            roff.control("TP", []);
            roff.text([bold(key), roman(format!(" = {value}"))]);
            comment_into(&mut roff, &std::mem::take(&mut comment));
        } else {
            comment.push(line.strip_prefix("# ").or(line.strip_prefix('#')).expect("a comment"));
        }
    }
    roff.control("SH", ["EXAMPLES"]);
    roff.control("nf", []);
    for line in EXAMPLE.lines() {
        roff.text([roman(line)]);
    }
    roff.control("fi", []);
    roff.control("SH", ["SEE ALSO"]);
    roff.text([
        bold("virt-quobyte-config-check"),
        roman("(1), "),
        bold("virt-quobyte"),
        roman("(1), "),
        bold("virt-quobyte-hook"),
        roman("(8)"),
    ]);
    roff.render()
}

const EXAMPLE: &str = r#"[client]
config = "/etc/quobyte/client.cfg"

[[share]]
name = "gold"
export = "quobyte://reg1.example.org,reg2.example.org/gold"
mount_point = "/srv/quobyte/gold""#;

/// Lines that are indented are a list: a word, two spaces or more, and what it means.
fn comment_into(roff: &mut Roff, lines: &[&str]) {
    let mut in_list = false;
    for line in lines {
        let item = line.strip_prefix("  ").and_then(|item| item.split_once("  "));
        if item.is_some() != in_list {
            in_list = !in_list;
            roff.control(if in_list { "RS" } else { "RE" }, []);
        }
        match item {
            Some((word, meaning)) => {
                roff.control("TP", []);
                roff.text([bold(word)]);
                roff.text([roman(meaning.trim_start())]);
            }
            None if line.is_empty() => {
                roff.control("PP", []);
            }
            None => {
                roff.text([roman(*line)]);
            }
        }
    }
    if in_list {
        roff.control("RE", []);
    }
}

#[test]
fn every_key_of_the_sample_is_in_the_page() {
    let sample = include_str!("../../../../hooks/etc/virt-quobyte/config.toml");
    let page = page(sample);
    let keys = sample.lines().filter_map(|line| line.strip_prefix('#')?.split_once(" = "));
    let keys: Vec<_> = keys.map(|(key, _)| key).filter(|key| !key.contains(' ')).collect();
    assert!(keys.len() >= 15, "{keys:?}");
    for key in keys {
        assert!(page.contains(&format!("\\fB{key}\\fR = ")), "{key}");
    }
}
