//! What is published about the configuration: the sample file that is installed, and the schema for editors.

use serde_json::Value;

use super::super::duration::{self, LONGEST, Written};
use super::super::keys;
use super::super::settings::{Deadlines, Settings};
use super::{Isolation, parse_all};

const SAMPLE: &str = include_str!("../../../hooks/etc/virt-quobyte/config.toml");
const SCHEMA: &str = include_str!("../../../schemas/config.schema.json");

/// The sample as its own instructions say how to use it: a line with a '#' and no blank behind it is a setting.
fn uncommented() -> String {
    let setting = |line: &'static str| match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '[') => rest,
        _ => line,
    };
    SAMPLE.lines().map(setting).collect::<Vec<_>>().join("\n")
}

fn schema() -> Value {
    serde_json::from_str(SCHEMA).expect("it is JSON")
}

/// A table of the schema, by its name: the file itself for none, and the entries for a list.
fn properties<'s>(schema: &'s Value, table: &str) -> &'s Value {
    match table {
        "" => schema,
        "share" => &schema["properties"]["share"]["items"],
        _ => &schema["properties"][table],
    }
}

#[test]
fn the_sample_as_installed_configures_nothing() {
    assert_eq!(parse_all(&[SAMPLE]).expect("it is right"), Settings::default());
}

#[test]
fn the_sample_uncommented_has_the_defaults_and_one_share() {
    let settings = parse_all(&[&uncommented()]).expect("it is right");
    let default = Settings::default();
    assert_eq!(settings.mount_base, default.mount_base);
    assert_eq!(settings.state_dir, default.state_dir);
    assert_eq!(settings.client.isolation, default.client.isolation);
    assert_eq!(settings.deadlines, default.deadlines);
    assert_eq!(settings.shares.len(), 1);
    assert!(!settings.policy.allows(&settings.shares[0].export), "it is not needed for a share");
}

#[test]
fn the_sample_shows_every_key() {
    let sample: toml::Table = uncommented().parse().expect("it is TOML");
    for (table, known) in keys::tables() {
        let shown = match table {
            "" => &sample,
            "share" => sample["share"][0].as_table().expect("a table"),
            _ => sample[table].as_table().expect("a table"),
        };
        for key in known {
            assert!(shown.contains_key(*key), "[{table}] {key}");
        }
    }
}

#[test]
fn the_schema_has_exactly_the_keys_that_are_read() {
    let schema = schema();
    for (table, known) in keys::tables() {
        let object = properties(&schema, table);
        assert_eq!(object["additionalProperties"], false, "[{table}]");
        let mut described: Vec<&str> =
            object["properties"].as_object().expect("keys").keys().map(String::as_str).collect();
        let mut known = known.to_vec();
        described.sort_unstable();
        known.sort_unstable();
        assert_eq!(described, known, "[{table}]");
    }
}

#[test]
fn the_schema_tells_the_defaults_that_hold() {
    let Settings { mount_base, state_dir, deadlines, .. } = Settings::default();
    let Deadlines { mount, probe, unmount, hook } = deadlines;
    let schema = schema();
    for (table, key, default) in [
        ("", "mount_base", mount_base.to_string()),
        ("", "state_dir", state_dir.to_string()),
        ("client", "isolation", Isolation::default().as_str().to_owned()),
        ("share", "mode", "managed".to_owned()),
    ] {
        assert_eq!(properties(&schema, table)["properties"][key]["default"], default, "{key}");
    }
    for (key, default) in [("mount", mount), ("probe", probe), ("unmount", unmount), ("hook", hook)]
    {
        let told = &properties(&schema, "deadlines")["properties"][key]["default"];
        let told = duration::parse(told.as_str().expect("a text"), LONGEST);
        assert_eq!(told, Ok(default), "{key}: {}", Written(default));
    }
}

#[test]
fn the_schema_allows_exactly_the_words_that_are_taken() {
    let schema = schema();
    for (table, key, file) in [
        ("client", "isolation", "client.isolation = 'WORD'"),
        ("share", "mode", "share = [{ name = 'a', export = 'r/a', mode = 'WORD' }]"),
    ] {
        let words =
            properties(&schema, table)["properties"][key]["enum"].as_array().expect("words");
        for word in words {
            let word = word.as_str().expect("a text");
            assert!(parse_all(&[&file.replace("WORD", word)]).is_ok(), "{key} {word}");
        }
        // The message that refuses any other has all of them, and no more.
        let refused =
            parse_all(&[&file.replace("WORD", "?")]).expect_err("no such word").to_string();
        let offered = refused.split_once("; write ").expect("an offer").1.matches('"').count() / 2;
        assert_eq!(offered, words.len(), "{refused}");
    }
}
