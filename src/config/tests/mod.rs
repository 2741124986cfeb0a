//! How files add up to settings. What is wrong with a single file is told by the fixtures in `tests/config/`.

mod published;

use std::time::Duration;

use proptest::prelude::*;

use super::{ConfigError, Isolation, Settings, Shares, SourceFile, parse, parse_in_full, plainly};

fn parse_all(texts: &[&str]) -> Result<Settings, ConfigError> {
    parse(&files(texts))
}

fn files(texts: &[&str]) -> Vec<SourceFile> {
    let file = |(i, text): (usize, &&str)| SourceFile {
        path: format!("/etc/virt-quobyte/{i}.toml").into(),
        text: (*text).to_owned(),
    };
    texts.iter().enumerate().map(file).collect()
}

#[test]
fn without_a_word_the_defaults_hold() {
    for texts in [&[][..], &[""], &["[client]\n[deadlines]\n[policy]", "# nothing"]] {
        assert_eq!(parse_all(texts).expect("nothing is wrong"), Settings::default(), "{texts:?}");
    }
}

#[test]
fn the_defaults_may_be_written_out() {
    let written = r#"
        mount_base = "/var/lib/virt-quobyte/mnt"
        state_dir = "/run/virt-quobyte"
        client.isolation = "auto"
        deadlines = { mount = "60s", probe = "5s", unmount = "10s", hook = "90s" }
        policy.exports = []
    "#;
    assert_eq!(parse_all(&[written]).expect("they are right"), Settings::default());
}

#[test]
fn a_later_file_replaces_key_by_key_and_shares_add_up() {
    let settings = parse_all(&[
        r#"
            mount_base = "/srv/first"
            client = { program = "/opt/q/mount.quobyte", isolation = "none" }
            deadlines = { mount = "20s", probe = "1s" }
            policy.exports = ["reg/one", "reg/two"]
            share = [{ name = "a", export = "reg/a" }]
        "#,
        r#"
            client.isolation = "systemd"
            deadlines.mount = "30s"
            policy.exports = ["reg/three"]
            share = [{ name = "b", export = "reg/b" }]
        "#,
        r#"mount_base = "/srv/last""#,
    ])
    .expect("nothing is wrong");
    assert_eq!(settings.mount_base.as_str(), "/srv/last");
    assert_eq!(settings.client.program.expect("is set").as_str(), "/opt/q/mount.quobyte");
    assert_eq!(settings.client.isolation, Isolation::Systemd);
    assert_eq!(settings.deadlines.mount, Duration::from_secs(30));
    assert_eq!(settings.deadlines.probe, Duration::from_secs(1));
    let allows = |export: &str| settings.policy.allows(&export.parse().expect(export));
    assert_eq!(["reg/one", "reg/three"].map(allows), [false, true]);
    let mount_points: Vec<String> =
        settings.shares.iter().map(|share| share.mount_point.to_string()).collect();
    let expected = ["reg/a", "reg/b"].map(|export| {
        format!("/srv/last/{}", export.parse::<crate::share::Export>().expect(export).key())
    });
    assert_eq!(mount_points, expected, "the mount base is the last one for all of them");
}

#[test]
fn a_problem_is_told_in_the_file_whose_value_holds() {
    for (texts, told) in [
        // The second file's value is wrong, and the first one's does not matter any more.
        (
            &["mount_base = 'a'", "\nmount_base = 'b'"][..],
            &["1.toml:2:14: mount_base \"b\": it is not absolute"][..],
        ),
        (&["mount_base = 'a'", "mount_base = '/srv/b'"], &[]),
        (
            &["[deadlines]\nmount = '89s'", "[deadlines]\nprobe = '2s'"],
            &["0.toml:2:9: deadlines.mount: a hook call needs time for deadlines.mount (89s)"],
        ),
        (
            &["[[share]]\nname = 'a'\nexport = 'reg/a'", "[[share]]\nname = 'a'\nexport = 'reg/b'"],
            &[
                "1.toml:2:8: share \"a\": another share has this name (/etc/virt-quobyte/0.toml:2:8)",
            ],
        ),
        // What cannot be read is told for each file, and nothing is made of the rest.
        (
            &["mount_base =", "[deadlines]\nmount = 1", "mount_base = 'a'\nx = 1"],
            &["0.toml:1:", "1.toml:2:9: invalid type", "2.toml:2:1: there is no key \"x\""],
        ),
    ] {
        let lines = match parse_all(texts) {
            Ok(_) => Vec::new(),
            Err(error) => error.problems.iter().map(ToString::to_string).collect(),
        };
        let begins =
            |(line, told): (&String, &&str)| line.starts_with(&format!("/etc/virt-quobyte/{told}"));
        assert!(lines.len() == told.len() && lines.iter().zip(told).all(begins), "{lines:#?}");
    }
}

#[test]
fn a_share_may_not_hide_the_configuration_it_comes_from() {
    let text = "[[share]]\nname = 'a'\nexport = 'reg/a'\nmount_point = '/srv/conf'".to_owned();
    let file = SourceFile { path: "/srv/conf/virt-quobyte/a.toml".into(), text };
    assert_eq!(
        parse(&[file]).expect_err("it would hide itself").to_string(),
        "/srv/conf/virt-quobyte/a.toml:4:15: share \"a\": mount_point \"/srv/conf\": a mount there would hide \
         \"/srv/conf/virt-quobyte/a.toml\", which is read here; choose a directory that holds nothing else"
    );
}

#[test]
fn a_share_is_found_by_name_by_export_and_by_what_lies_below_it() {
    let settings = parse_all(&[r#"
        [[share]]
        name = "gold"
        export = "quobyte://reg/gold"
        mount_point = "/srv/gold"
        [[share]]
        name = "golden"
        export = "reg/golden"
        mount_point = "/srv/golden"
    "#])
    .expect("nothing is wrong");
    let name = |share: Option<&crate::share::Share>| share.map(|share| share.name.to_string());
    assert_eq!(name(settings.share_named("gold")).as_deref(), Some("gold"));
    assert_eq!(name(settings.share_named("gol")), None);
    let export = "reg/golden".parse().expect("an export");
    assert_eq!(name(settings.share_of_export(&export)).as_deref(), Some("golden"));
    for (path, holder) in [
        ("/srv/gold/vm.img", Some("gold")),
        ("/srv/gold", Some("gold")),
        ("/srv/golden/vm.img", Some("golden")),
        ("/srv/goldene/vm.img", None),
        ("/srv", None),
    ] {
        assert_eq!(name(settings.share_holding(path)).as_deref(), holder, "{path}");
    }
}

#[test]
fn nesting_without_end_is_refused_and_not_followed() {
    for text in [
        "[".repeat(100_000),
        format!("a = {}", "[".repeat(100_000)),
        "a.".repeat(100_000) + "b = 1",
    ] {
        assert!(parse_all(&[&text]).is_err(), "{}", &text[..8]);
    }
}

/// Lines that are nearly right come closer to the edges than noise does.
fn nearly_toml() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec![
        "mount_base",
        "state_dir",
        "client",
        "program",
        "[client]",
        "[deadlines]",
        "hook",
        "mount",
        "[policy]",
        "exports",
        "[[share]]",
        "[share]",
        "share",
        "name",
        "export",
        "mode",
        "options",
        "mount_point",
        "x",
    ]);
    let value = prop::sample::select(vec![
        "",
        "\"\"",
        "\"/srv/a\"",
        "\"/srv/a/b\"",
        "\"/run\"",
        "\"reg/a\"",
        "\"10s\"",
        "[\"reg/a\"]",
        "[]",
        "{}",
        "{ name = \"a\" }",
        "[{ name = \"ä\", export = \"r/\" }]",
        "\"verified\"",
        "1",
        "\"\\u0000\"",
    ]);
    let line = (key, value).prop_map(|(key, value)| {
        if key.starts_with('[') { key.to_owned() } else { format!("{key} = {value}") }
    });
    prop::collection::vec(line, 0..12).prop_map(|lines| lines.join("\n"))
}

/// Files with shares: as most people write them, as few do, and wrong in a line or two.
fn with_shares() -> impl Strategy<Value = String> {
    let head = prop::sample::select(vec!["[[share]]", "\t[[ share ]] # one", "[[share]]"]);
    let [name, export, place] = [
        ["name = \"a\"", "name='b' # b", "name = \"c\"\t", "name = \"d\""],
        ["export = \"reg/a\"", "  export = 'reg/b'", "export = \"reg/c\"#c", "export = 'reg/d'"],
        ["mount_point = \"/srv/ä\"", "mount_point = '/srv/b'", "", "# none"],
    ]
    .map(|lines| prop::sample::select(lines.to_vec()));
    let more = prop::sample::select(vec![
        "mode = \"verified\"",
        "options = [\"-d\", 'INFO',]",
        "options = [ ]",
        "",
        "",
        "",
    ]);
    let share = (head, name, export, place, more)
        .prop_map(|(head, name, export, place, more)| vec![head, more, name, place, export]);
    let other = prop::sample::select(vec![
        vec!["[client]", "isolation = \"none\""],
        vec!["[policy]", "exports = [", "  \"reg/x\",", "]"],
        vec!["[deadlines]", "mount = '20s'"],
        vec![],
    ]);
    let table = prop_oneof![3 => share, 1 => other];
    let odd = prop::sample::select(vec![
        "options = [",
        "]",
        "[]",
        "[\"x\"]",
        "[[share]]",
        "[share]",
        "[share.x]",
        "[[share.x]]",
        "[[\"share\"]]",
        "share = []",
        "[client]",
        "client = {",
        "}",
        "exports = [",
        "x = \"\"\"",
        "'''",
        "name = \"\\u0061\"",
        "name = \"\"",
        "name = \"\"\"a\"\"\"",
        "mode = \"none\"",
        "mount_base = \"/srv/base\"",
        "\u{feff}",
        "\u{a0}",
        "\u{c}",
        "# \r",
        "# \u{1}",
        "\r",
        "a.b = 1",
    ]);
    let end = prop::sample::select(vec!["\n", "\n", "\r\n"]);
    let odds = prop::collection::vec((any::<prop::sample::Index>(), odd), 0..3);
    (prop::collection::vec(table, 0..4), odds, end).prop_map(|(tables, odds, end)| {
        let mut lines: Vec<&str> = tables.into_iter().flatten().collect();
        for (at, odd) in odds {
            lines.insert(at.index(lines.len() + 1), odd);
        }
        lines.join(end)
    })
}

/// Or all of it would only be slower.
#[test]
fn what_most_people_write_is_read_without_the_parser() {
    for text in [
        "",
        "mount_base = \"/srv/base\"\n",
        "[client]\nisolation = \"none\"\n\n[[share]]\nname = \"gold\"\nexport = \"reg1,reg2/gold\"\n\
         mount_point = \"/srv/gold\"\n\n[[share]]\n# the old one\nname = \"silver\"\nexport = \"reg/silver\"\n",
    ] {
        let files = files(&[text]);
        let settings = plainly(&files, Shares::Read).expect("it is plain");
        assert_eq!(settings, parse_in_full(&files).expect("nothing is wrong"), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_is_read_without_the_parser_is_what_the_parser_reads(
        texts in prop::collection::vec(with_shares(), 0..3)
    ) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let files = files(&texts);
        let whole = parse_in_full(&files);
        if let Some(settings) = plainly(&files, Shares::Read) {
            prop_assert_eq!(Some(&settings), whole.as_ref().ok());
        }
        if let (Some(rest), Ok(whole)) = (plainly(&files, Shares::Unread), whole) {
            prop_assert_eq!(rest, Settings { shares: Vec::new(), ..whole });
        }
    }
}

proptest! {
    /// A panic would abort the hook, and with it the start of a guest, without a word on what is wrong.
    #[test]
    fn no_text_makes_it_panic_and_every_refusal_has_a_printable_reason(
        texts in prop::collection::vec(prop_oneof![any::<String>(), nearly_toml()], 0..3)
    ) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        if let Err(error) = parse_all(&texts) {
            prop_assert!(!error.problems.is_empty());
            for problem in &error.problems {
                let line = problem.to_string();
                prop_assert!(!line.contains(char::is_control), "{line:?}");
            }
        }
    }
}
