//! The linter beside xmllint, each over all domains of libvirt's own tests at once.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Result;

use crate::call::Call;
use crate::count;
use crate::documents;
use crate::host;
use crate::pairs::in_turn;
use crate::rows::{Effort, Row, at_most, say};

const XMLLINT: &str = "/usr/bin/xmllint";

/// The rows, or none, with the reason on stderr.
pub(crate) fn rows(effort: Effort) -> Result<Vec<Row>> {
    let lint = host::hook().with_file_name("virt-quobyte");
    match domains().and_then(|domains| can_lint(&lint).map(|()| domains)) {
        Ok(domains) => beside_xmllint(&lint, &domains, effort).map(|row| vec![row]),
        Err(why) => {
            say(&format!("skipped: lint of libvirt's test documents: {why}"));
            Ok(Vec::new())
        }
    }
}

/// Of the documents those that are domains; what is in a snapshot or a network is not.
fn domains() -> Result<Vec<PathBuf>, String> {
    let clone = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let corpus =
        documents::fetched(&clone).ok_or("they are not there; make corpus fetches them")?;
    let is_domain =
        |text: &[u8]| text.windows(8).any(|part| part == b"<domain " || part == b"<domain>");
    let documents = documents::all(&corpus).into_iter();
    Ok(documents
        .filter(|document| is_domain(&document.text))
        .map(|document| document.path)
        .collect())
}

fn can_lint(program: &Path) -> Result<(), String> {
    let help = Command::new(program)
        .args(["lint", "--help"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if !help.is_ok_and(|status| status.success()) {
        return Err(format!("{} has no lint", program.display()));
    }
    if Path::new(XMLLINT).exists() { Ok(()) } else { Err(format!("there is no {XMLLINT}")) }
}

fn beside_xmllint(lint: &Path, domains: &[PathBuf], effort: Effort) -> Result<Row> {
    say("lint of libvirt's test documents");
    let call = |program: &Path, first: &str| {
        let mut call = Call::new(program, &[first], Path::new("/dev/null"));
        call.line.extend(domains.iter().map(Into::into));
        call
    };
    // That it finds something in them is what it is for.
    let ours = call(lint, "lint").ending_well_with(&[0, 1]).unheard();
    let beside = call(Path::new(XMLLINT), "--noout");
    let [pairs] = in_turn(effort.rounds(100), || Ok([ours.time()?]), || Ok([beside.time()?]))?;
    Ok(Row {
        ours: "lint, libvirt's test documents",
        beside: "xmllint --noout",
        pairs,
        goal: Some(at_most(1.0)),
        cost: Some(count::cost(&ours)?),
        beside_cost: Some(count::cost(&beside)?),
    })
}
