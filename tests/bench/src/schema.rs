//! Validation beside xmllint, each over libvirt's own test documents with libvirt's grammar of domains: all in one process, and some of
//! them as `virt-xml-validate` takes them, one process a file.
//!
//! Ours is the command, `virt-quobyte lint --schema`, which lints the documents as well; and the validator alone, which is this
//! program itself, started again: it reads the grammar, then each document, and does nothing else.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail, ensure};
use virt_quobyte::host::schema_files;
use virt_quobyte::relaxng::Grammar;
use virt_quobyte::xml::Tree;

use crate::call::Call;
use crate::count;
use crate::host;
use crate::pairs::in_turn;
use crate::rows::{Effort, Goal, Row, at_most, say};

/// The option that makes this program validate documents.
pub(crate) const OPTION: &str = "--validate";

const XMLLINT: &str = "/usr/bin/xmllint";
const ONE_BY_ONE: &str = "/usr/bin/virt-xml-validate";

/// How many documents are enough where each is a process.
const SOME: usize = 25;

/// The rows, or those that this machine has the means for; what lacks is said on stderr.
pub(crate) fn rows(effort: Effort) -> Result<Vec<Row>> {
    let skipped = |why: &str| say(&format!("skipped: validation of documents: {why}"));
    let Some(grammar) = schema_files::domain() else {
        skipped("libvirt's grammars are not installed");
        return Ok(Vec::new());
    };
    let documents = valid(&grammar)?;
    if documents.is_empty() || !Path::new(XMLLINT).exists() {
        skipped("libvirt's test documents (make corpus) or xmllint are not there");
        return Ok(Vec::new());
    }
    say("validation of libvirt's test documents");
    let together = [xmllint(&grammar, &documents)];
    let rounds = effort.rounds(50);
    let in_bulk =
        |what, ours: Call| row(what, &[ours], "xmllint --relaxng", &together, at_most(1.0), rounds);
    let mut rows = vec![in_bulk("validation, libvirt's documents", ours(&grammar, &documents)?)?];
    let lint = host::hook().with_file_name("virt-quobyte");
    if lint.exists() {
        let ours = command(&lint, &grammar, &documents);
        rows.push(in_bulk("lint --schema, libvirt's documents", ours)?);
    } else {
        skipped("virt-quobyte is not built: make build");
    }
    let some = &documents[..documents.len().min(SOME)];
    let one_by_one: Vec<Call> = some
        .iter()
        .map(|file| call(Path::new(ONE_BY_ONE), &[file.into(), "domain".into()]).unheard())
        .collect();
    let singly: Vec<Call> =
        some.iter().map(|file| xmllint(&grammar, std::slice::from_ref(file))).collect();
    let (name, beside) = if Path::new(ONE_BY_ONE).exists() {
        ("virt-xml-validate, one by one", &one_by_one)
    } else {
        skipped("there is no virt-xml-validate; xmllint, which it runs, stands for it");
        ("xmllint --relaxng, one by one", &singly)
    };
    let singly = |what, ours: &[Call], times| row(what, ours, name, beside, at_most(times), rounds);
    rows.push(singly("validation, some of them", &[ours(&grammar, some)?], 0.1)?);
    if lint.exists() {
        rows.push(singly("lint --schema, some of them", &[command(&lint, &grammar, some)], 0.1)?);
        // Each start loads libvirt's library and some sixty more that this needs.
        let each = |file| command(&lint, &grammar, std::slice::from_ref(file));
        let each: Vec<Call> = some.iter().map(each).collect();
        rows.push(singly("lint --schema, one by one", &each, 1.0)?);
    }
    Ok(rows)
}

fn row(
    what: &'static str,
    ours: &[Call],
    name: &'static str,
    beside: &[Call],
    goal: Goal,
    rounds: usize,
) -> Result<Row> {
    let time = |calls: &[Call]| calls.iter().map(Call::time).sum::<Result<_>>();
    let [pairs] = in_turn(rounds, || Ok([time(ours)?]), || Ok([time(beside)?]))?;
    Ok(Row {
        ours: what,
        beside: name,
        pairs,
        goal: Some(goal),
        cost: Some(count::cost(&ours[0])?),
        beside_cost: Some(count::cost(&beside[0])?),
    })
}

fn ours(grammar: &Path, documents: &[PathBuf]) -> Result<Call> {
    let this = std::env::current_exe().context("the path of this program")?;
    let mut arguments: Vec<OsString> = vec![OPTION.into(), grammar.into()];
    arguments.extend(documents.iter().map(Into::into));
    Ok(call(&this, &arguments))
}

/// The command as it is installed; that it finds something in some documents is what it is for.
fn command(lint: &Path, grammar: &Path, documents: &[PathBuf]) -> Call {
    let mut schema = OsString::from("--schema=");
    schema.push(grammar);
    let arguments = [OsString::from("lint"), schema].into_iter();
    let arguments: Vec<_> = arguments.chain(documents.iter().map(Into::into)).collect();
    call(lint, &arguments).unheard().ending_well_with(&[0, 1])
}

fn xmllint(grammar: &Path, documents: &[PathBuf]) -> Call {
    let mut arguments: Vec<OsString> = vec!["--noout".into(), "--relaxng".into(), grammar.into()];
    arguments.extend(documents.iter().map(Into::into));
    // It names every document that is valid, too.
    call(Path::new(XMLLINT), &arguments).unheard()
}

fn call(program: &Path, arguments: &[OsString]) -> Call {
    let mut call = Call::new(program, &[], Path::new("/dev/null"));
    call.line.extend_from_slice(arguments);
    call
}

/// Validates: the grammar, then documents. An invalid one is a failure.
pub(crate) fn validate(arguments: &[OsString]) -> Result<ExitCode> {
    let [grammar, documents @ ..] = arguments else { bail!("no grammar") };
    let mut grammar = read(Path::new(grammar))?;
    for document in documents {
        let text = std::fs::read(document).with_context(|| document.display().to_string())?;
        let tree = Tree::read(&text).ok().with_context(|| document.display().to_string())?;
        ensure!(grammar.validate(&tree).is_empty(), "{} is not valid", document.display());
    }
    Ok(ExitCode::SUCCESS)
}

fn read(grammar: &Path) -> Result<Grammar> {
    let name = grammar.file_name().and_then(|name| name.to_str()).context("a name in UTF-8")?;
    Ok(Grammar::read(name, &mut |name| schema_files::text(grammar, name))?)
}

/// The documents that the grammar takes: xmllint's exit status then says that it went through all of them.
fn valid(grammar: &Path) -> Result<Vec<PathBuf>> {
    let mut grammar = read(grammar)?;
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/corpus")];
    let mut all = Vec::new();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "xml") {
                let text = std::fs::read(&path)?;
                if Tree::read(&text).is_ok_and(|tree| grammar.validate(&tree).is_empty()) {
                    all.push(path);
                }
            }
        }
    }
    all.sort();
    Ok(all)
}
