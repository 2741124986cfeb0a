//! Every rule of the linter, held against documents that have its fault and documents that only look so.
//!
//! `lint/RULE/bad*.xml` has the fault: what the rule says of it is in the `.expected` beside it, and what its fixes make of it in
//! `.fixed.xml` and `.unsafe-fixed.xml`, which have the fault no more. `lint/RULE/good*.xml` must be silent under every rule. The
//! first comment of a fixture may say what libvirt makes of it, and the lab asks it (`lint claims`): `libvirt accepts`, `libvirt
//! refuses: WORDS` of its message, or `libvirt refuses to validate: WORDS`. What fixes made of it is to be
//! accepted. All are read for the host of `lint/config.toml`. `UPDATE=1` in the environment writes expectations and the reference anew, for `git diff` to judge.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use virt_quobyte::config::{self, Settings, SourceFile};
use virt_quobyte::lint::{self, Check, Finding, Group, RULES, Rule, Safety};
use virt_quobyte::xml::{Lines, Tree};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lint")
}

fn settings() -> Settings {
    let path = folder().join("config.toml");
    let text = fs::read_to_string(&path).expect("the configuration of the fixtures");
    config::parse(&[SourceFile { path, text }]).expect("a good one")
}

/// The fixtures of a rule whose names begin like this, in their order.
fn fixtures(rule: &Rule, beginning: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder().join(rule.name)).into_iter().flatten();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    found.retain(|path| {
        let stem = path.file_stem().expect("a name").to_str().expect("UTF-8");
        let is_made = stem.contains('.');
        stem.starts_with(beginning) && !is_made && path.extension().is_some_and(|it| it == "xml")
    });
    found.sort();
    found
}

/// The documents of a fixture: one, or for a rule across documents all that one file has, each after a line of its own.
fn documents(text: &str) -> Vec<&str> {
    text.split("<!-- the next document -->\n").collect()
}

fn findings(text: &str, settings: &Settings) -> Vec<Vec<Finding>> {
    let sources: Vec<&[u8]> = documents(text).into_iter().map(str::as_bytes).collect();
    lint::examine(&sources, Some(settings)).into_iter().map(|it| it.findings).collect()
}

/// What a rule says of a fixture: place, words and the text that the place is.
fn report(text: &str, of: impl Fn(&Finding) -> bool, settings: &Settings) -> String {
    let mut report = String::new();
    let documents = documents(text);
    for (number, found) in findings(text, settings).into_iter().enumerate() {
        let prefix = if documents.len() > 1 { format!("{}:", number + 1) } else { String::new() };
        let show = |prefix: &str, document: &str, span: virt_quobyte::xml::Span, message: &str| {
            let at = Lines::of(document.as_bytes()).line_column(span.start);
            format!("{prefix}{}:{}: {message} [{}]", at.line, at.column, &document[span.range()])
        };
        for finding in found.iter().filter(|finding| of(finding)) {
            let code = finding.rule.code;
            let message = format!("{code} {}: {}", finding.rule.severity.word(), finding.message);
            writeln!(report, "{}", show(&prefix, documents[number], finding.span, &message))
                .expect("fits");
            for other in &finding.related {
                let prefix = if documents.len() > 1 {
                    format!("{}:", other.subject + 1)
                } else {
                    String::new()
                };
                let said = show(&prefix, documents[other.subject], other.span, &other.message);
                writeln!(report, "  see {said}").expect("fits");
            }
            if let Some(fix) = &finding.fix {
                writeln!(report, "  {:?} fix: {}", fix.safety, fix.title).expect("fits");
            }
        }
    }
    report
}

/// Holds a text against a file; gives the file's name if they differ.
fn differs(path: &Path, text: &str) -> Option<String> {
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path, text).expect("the expectation is written");
    }
    let same = fs::read_to_string(path).ok().as_deref() == Some(text);
    (!same).then(|| format!("{}\n{text}", path.display()))
}

#[test]
fn a_rule_finds_its_fault_and_says_what_is_expected() {
    let settings = settings();
    let mut wrong = Vec::new();
    // Who else is asked is asked elsewhere: `tests/cli/second_opinion.rs`, and in the lab.
    for rule in RULES.iter().filter(|rule| !matches!(rule.check, Check::Asked)) {
        let bad = fixtures(rule, "bad");
        assert!(!bad.is_empty(), "{} has no fixture tests/lint/{}/bad.xml", rule.code, rule.name);
        for path in bad {
            let text = fs::read_to_string(&path).expect("a fixture");
            let report = report(&text, |finding| finding.rule.code == rule.code, &settings);
            if report.is_empty() {
                wrong.push(format!("{} is silent for {}", rule.code, path.display()));
            }
            wrong.extend(differs(&path.with_extension("expected"), &report));
        }
    }
    assert!(wrong.is_empty(), "not as expected:\n{}", wrong.join("\n"));
}

#[test]
fn what_only_looks_like_a_fault_is_silent_under_every_rule() {
    let settings = settings();
    let mut wrong = Vec::new();
    for rule in RULES {
        let good = fixtures(rule, "good");
        assert!(!good.is_empty(), "{} has no fixture tests/lint/{}/good.xml", rule.code, rule.name);
        for path in good {
            let text = fs::read_to_string(&path).expect("a fixture");
            let report = report(&text, |_| true, &settings);
            if !report.is_empty() {
                wrong.push(format!("{}\n{report}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "false alarms:\n{}", wrong.join("\n"));
}

/// What the fixes of some findings make of a document.
fn mended(
    text: &str,
    allowed: Safety,
    of: impl Fn(&Finding) -> bool,
    settings: &Settings,
) -> lint::Mended {
    let find = |text: &str| {
        let mut found = findings(text, settings).swap_remove(0);
        found.retain(&of);
        found
    };
    let mended = lint::mend(text, allowed, find).expect("fixes that come to an end");
    let fixable = |it: &Finding| it.fix.as_ref().is_some_and(|fix| fix.safety <= allowed);
    let left = find(&mended.text).iter().filter(|it| fixable(it)).count();
    assert_eq!(left, 0, "findings are left that have a fix:\n{}", mended.text);
    Tree::read(mended.text.as_bytes()).expect("a document");
    mended
}

#[test]
fn fixes_mend_what_they_say_and_make_what_is_expected() {
    let settings = settings();
    let mut wrong = Vec::new();
    for rule in RULES {
        for path in fixtures(rule, "bad") {
            let text = fs::read_to_string(&path).expect("a fixture");
            let own = |finding: &Finding| finding.rule.code == rule.code;
            let found = findings(&text, &settings).concat();
            let own_fixes: BTreeSet<Safety> = found
                .iter()
                .filter(|it| own(it))
                .filter_map(|it| it.fix.as_ref().map(|fix| fix.safety))
                .collect();
            for safety in [Safety::Safe, Safety::Unsafe] {
                let name = match safety {
                    Safety::Safe => "fixed.xml",
                    Safety::Unsafe => "unsafe-fixed.xml",
                };
                let beside = path.with_extension(name);
                if !own_fixes.contains(&safety) {
                    if beside.exists() {
                        wrong.push(format!("{} is there, and no such fix", beside.display()));
                    }
                    continue;
                }
                assert_eq!(
                    documents(&text).len(),
                    1,
                    "{}: fixes are of one document",
                    path.display()
                );
                let mended = mended(&text, safety, own, &settings);
                assert!(!mended.fixed.is_empty(), "{}: nothing was fixed", path.display());
                wrong.extend(differs(&beside, &mended.text));
            }
        }
    }
    assert!(wrong.is_empty(), "not as expected:\n{}", wrong.join("\n"));
}

#[test]
fn the_fixes_of_all_rules_together_come_to_an_end() {
    let settings = settings();
    let mut fixes = 0;
    for rule in RULES {
        for path in fixtures(rule, "bad") {
            let text = fs::read_to_string(&path).expect("a fixture");
            if documents(&text).len() == 1 && rule.name != "malformed" {
                for safety in [Safety::Safe, Safety::Unsafe] {
                    fixes += mended(&text, safety, |_| true, &settings).fixed.len();
                }
            }
        }
    }
    assert!(fixes > 0, "no fixture has a fix");
}

#[test]
fn the_reference_is_what_the_rules_say_of_themselves() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lint/README.md");
    let differs = differs(&path, &lint::reference());
    assert!(differs.is_none(), "UPDATE=1 cargo test --test lint writes src/lint/README.md anew");
}

#[test]
fn what_libvirt_is_said_to_refuse_is_a_claim_that_the_lab_can_ask_about() {
    let mut wrong = Vec::new();
    for rule in RULES.iter().filter(|rule| rule.group == Group::Refused) {
        let refusals = ["<!-- libvirt refuses: ", "<!-- libvirt refuses to validate: "];
        for (beginning, claims) in [("bad", &refusals[..]), ("good", &["<!-- libvirt accepts -->"])]
        {
            for path in fixtures(rule, beginning) {
                let text = fs::read_to_string(&path).expect("a fixture");
                if !claims.iter().any(|claim| text.starts_with(claim)) {
                    wrong.push(format!("{} does not begin with {claims:?}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn rules_are_in_order_and_named_alike_everywhere() {
    let codes: Vec<&str> = RULES.iter().map(|rule| rule.code).collect();
    assert!(codes.is_sorted(), "{codes:?}");
    assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), codes.len(), "a code twice");
    let names: BTreeSet<&str> = RULES.iter().map(|rule| rule.name).collect();
    assert_eq!(names.len(), codes.len(), "a name twice");
    for rule in RULES {
        assert!(rule.code.starts_with(&format!("VQ{}", rule.group.digit())), "{}", rule.code);
        assert!(rule.why.ends_with('.') && !rule.summary.ends_with('.'), "{}", rule.code);
        let file = rule.name.replace('-', "_");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/lint/rules/{file}.rs"));
        assert!(
            rule.group == Group::Linter || path.exists(),
            "{} has no {}",
            rule.code,
            path.display()
        );
    }
    for entry in fs::read_dir(folder()).expect("the folder") {
        let entry = entry.expect("an entry");
        if entry.file_type().expect("a type").is_dir() {
            let name = entry.file_name().into_string().expect("UTF-8");
            assert!(names.contains(name.as_str()), "tests/lint/{name} belongs to no rule");
        }
    }
}
