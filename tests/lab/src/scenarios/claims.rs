//! What the linter's fixtures say that libvirt makes of them: asked of a real one. A rule whose
//! reason is that libvirt refuses something is no better than this.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use super::scenarios;
use crate::cmdline::clone_dir;
use crate::host::Host;
use crate::runner::Verdict;

scenarios!("lint claims", OnHost: what_the_fixtures_say_of_libvirt_is_true);

/// Where the host finds the documents.
const ROOM: &str = "/var/tmp/lint-claims";

/// What parts the documents of a fixture that has several.
const NEXT: &str = "<!-- the next document -->\n";

/// libvirt looks at QEMU once, which takes most of it; then some hundred documents take seconds.
const DEADLINE: Duration = Duration::from_secs(300);

/// What a document says that libvirt makes of it.
#[derive(Debug, PartialEq, Eq)]
enum Claim {
    /// It is defined, and valid by the schema.
    Accepts,
    /// It is not defined, with these words.
    Refuses(String),
    /// It is not defined by those who ask for validation, with these words.
    RefusesToValidate(String),
}

/// A document with a claim.
#[derive(Debug)]
struct Document {
    /// The fixture's path below the folder of fixtures, with a number if it has several documents.
    shown: String,
    text: String,
    claim: Claim,
}

/// What libvirt said.
#[derive(Debug)]
struct Answer {
    define: String,
    validate: String,
}

fn what_the_fixtures_say_of_libvirt_is_true(host: &Host) -> Result<Verdict> {
    let documents = documents(&clone_dir().join("tests/lint"))?;
    ensure!(!documents.is_empty(), "no fixture says what libvirt makes of it");
    let answers = ask(host, &documents)?;
    let mut wrong = String::new();
    let (mut accepted, mut refused, mut invalid) = (0, 0, 0);
    for (document, answer) in documents.iter().zip(&answers) {
        match (is_refusal(&answer.define), is_refusal(&answer.validate)) {
            (true, _) => refused += 1,
            (false, true) => invalid += 1,
            (false, false) => accepted += 1,
        }
        let holds = match &document.claim {
            Claim::Accepts => !is_refusal(&answer.define) && !is_refusal(&answer.validate),
            Claim::Refuses(words) => is_refusal(&answer.define) && answer.define.contains(words),
            Claim::RefusesToValidate(words) => {
                is_refusal(&answer.validate) && answer.validate.contains(words)
            }
        };
        if !holds {
            writeln!(wrong, "{}: {:?}, but libvirt says:", document.shown, document.claim)?;
            writeln!(wrong, "  define: {}", answer.define.trim_end())?;
            writeln!(wrong, "  define --validate: {}", answer.validate.trim_end())?;
        }
    }
    ensure!(wrong.is_empty(), "libvirt does not make of them what they say:\n{wrong}");
    Ok(Verdict::Measured(format!(
        "{accepted} accepted, {refused} refused, {invalid} refused when validated"
    )))
}

fn is_refusal(answer: &str) -> bool {
    answer.contains("error: Failed to define domain")
}

/// Every document that says what libvirt makes of it, in the order of their paths. What a fix made of one says what that one
/// said, and is to be accepted: a fix that makes another refusal of a refusal is none.
fn documents(folder: &Path) -> Result<Vec<Document>> {
    let mut documents = Vec::new();
    for path in fixtures(folder)? {
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let shown = path.strip_prefix(folder)?.display().to_string();
        let parts: Vec<&str> = text.split(NEXT).collect();
        for (number, part) in parts.iter().enumerate() {
            let shown = match parts.len() {
                1 => shown.clone(),
                _ => format!("{shown}, document {}", number + 1),
            };
            if let Some(claim) = claim(part).with_context(|| shown.clone())? {
                let claim = if shown.contains("fixed.xml") { Claim::Accepts } else { claim };
                documents.push(Document { shown, text: (*part).to_owned(), claim });
            }
        }
    }
    Ok(documents)
}

/// The XML files in the folders of the rules, with what fixes made of them.
fn fixtures(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = |dir: &Path| -> Result<Vec<PathBuf>> {
        let read = fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))?;
        let mut paths = read
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<std::io::Result<Vec<_>>>()?;
        paths.sort();
        Ok(paths)
    };
    let mut found = Vec::new();
    for rule in entries(folder)?.iter().filter(|path| path.is_dir()) {
        let is_xml = |path: &PathBuf| path.extension().is_some_and(|it| it == "xml");
        found.extend(entries(rule)?.into_iter().filter(is_xml));
    }
    Ok(found)
}

/// What the comment says that a document begins with, if it is about libvirt.
fn claim(text: &str) -> Result<Option<Claim>> {
    let Some(rest) = text.strip_prefix("<!-- libvirt ") else { return Ok(None) };
    let (said, _) = rest.split_once(" -->").context("the first comment does not end")?;
    if !said.starts_with("accepts") && !said.starts_with("refuses") {
        return Ok(None);
    }
    Ok(Some(match said.split_once(": ") {
        None if said == "accepts" => Claim::Accepts,
        Some(("refuses", words)) => Claim::Refuses(words.to_owned()),
        Some(("refuses to validate", words)) => Claim::RefusesToValidate(words.to_owned()),
        _ => bail!("{said:?} says nothing that libvirt could be asked"),
    }))
}

/// Has libvirt define each document, with and without validation, and forget it again. One virsh does it all: starting one for
/// each takes longer than all the rest.
fn ask(host: &Host, documents: &[Document]) -> Result<Vec<Answer>> {
    let mut script = String::new();
    for (number, document) in documents.iter().enumerate() {
        let file = format!("{ROOM}/{number}.xml");
        host.write(&file, &document.text)?;
        let name = name(&document.text).with_context(|| document.shown.clone())?;
        for option in ["", "--validate "] {
            writeln!(script, "echo --err {MARK}")?;
            writeln!(script, "define {option}{file}")?;
            writeln!(script, "echo --err {MARK}")?;
            // A refused one is not there; what this says is not looked at.
            writeln!(script, "undefine --nvram {name}")?;
        }
    }
    let told = host.command("virsh").arg("-q").stdin(script).deadline(DEADLINE).run()?;
    host.command("rm").args(["-r", ROOM]).done()?;
    let text = told.stderr_text();
    // Behind each mark what the next command said: define, undefine, define --validate, undefine.
    let said: Vec<&str> = text.split(&format!("error: {MARK}\n")).skip(1).collect();
    ensure!(said.len() == 4 * documents.len(), "virsh did not get to the end: {told}");
    Ok(said
        .chunks_exact(4)
        .map(|said| Answer { define: said[0].to_owned(), validate: said[2].to_owned() })
        .collect())
}

/// What virsh says between the answers.
const MARK: &str = "lint-claims-next";

/// The name of a domain in a fixture, which is written plainly.
fn name(text: &str) -> Result<&str> {
    let rest = text.split_once("<name>").map(|(_, rest)| rest);
    let name = rest.and_then(|rest| rest.split_once("</name>")).map(|(name, _)| name);
    name.filter(|name| name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-'))
        .context("its domain has no plain name")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_the_first_comment_and_must_be_one_that_can_be_asked() {
        let of = |text: &str| claim(text).map_err(drop);
        assert_eq!(of("<!-- libvirt accepts -->\n<domain/>"), Ok(Some(Claim::Accepts)));
        assert_eq!(
            of("<!-- libvirt refuses: io='native' needs: x -->"),
            Ok(Some(Claim::Refuses("io='native' needs: x".into())))
        );
        assert_eq!(
            of("<!-- libvirt refuses to validate: no -->"),
            Ok(Some(Claim::RefusesToValidate("no".into())))
        );
        for none in ["<domain/><!-- libvirt accepts -->", "<!-- libvirt drops this -->"] {
            assert_eq!(of(none), Ok(None), "{none}");
        }
        for wrong in
            ["<!-- libvirt accepts it -->", "<!-- libvirt refuses -->", "<!-- libvirt accepts"]
        {
            assert_eq!(of(wrong), Err(()), "{wrong}");
        }
    }
}
