//! Makes the fixes: first in memory, so that what is shown and what is written are the same.

use virt_quobyte::lint::{self, Finding, Safety};

use super::gather::Gathered;
use super::opinion::Others;
use super::{Change, Failure, Linter, write_back};

#[derive(Debug, clap::Args)]
pub(super) struct Fixing {
    /// Make the fixes that are safe: the guest sees the same disks, and nothing that it could do is refused
    #[arg(long, group = "fixing", conflicts_with = "connect")]
    fix: bool,
    /// Show what --fix would do, as a diff, and change nothing
    #[arg(long, group = "fixing", conflicts_with = "format")]
    diff: bool,
    /// With --fix or --diff: make the fixes that need somebody to look, too
    #[arg(long = "unsafe", requires = "fixing")]
    also_unsafe: bool,
}

/// What is to be done about what is found.
#[derive(Debug, Clone, Copy)]
pub(super) enum Mode {
    Look,
    Show(Safety),
    Make(Safety),
}

impl Fixing {
    pub(super) fn mode(&self) -> Mode {
        let allowed = if self.also_unsafe { Safety::Unsafe } else { Safety::Safe };
        match (self.fix, self.diff) {
            (true, _) => Mode::Make(allowed),
            (_, true) => Mode::Show(allowed),
            (false, false) => Mode::Look,
        }
    }
}

/// What the fixes make of each document that has some, as far as they are allowed and their rules wanted.
pub(super) fn changes<'g>(
    linter: &Linter<'_>,
    gathered: &'g Gathered,
    allowed: Safety,
) -> (Vec<Change<'g>>, Vec<Failure>) {
    let (mut changes, mut failures) = (Vec::new(), Vec::new());
    let fixable = |it: &Finding| it.fix.as_ref().is_some_and(|fix| fix.safety <= allowed);
    // Others are not asked: what they say has no fix.
    let (documents, _) = linter.examine(gathered, &mut Others::default());
    for (number, document) in documents.into_iter().enumerate() {
        if !document.findings.iter().any(fixable) {
            continue;
        }
        // A text that is not UTF-8 is malformed, and that has no fix.
        let Ok(before) = str::from_utf8(document.source) else { continue };
        let name = document.name;
        let mended = lint::mend(before, allowed, |text| {
            let examined = lint::examine(&[text.as_bytes()], linter.settings).pop();
            let mut findings = examined.map_or_else(Vec::new, |examined| examined.findings);
            findings.retain(|finding| linter.selection.has(finding.rule));
            findings
        });
        match mended {
            Ok(mended) if mended.text == before => {}
            Ok(mended) => {
                let fixes = mended.fixed.len();
                changes.push(Change { number, name, before, after: mended.text, fixes });
            }
            Err(mistake) => {
                let why = format!("was not fixed: {mistake}; please report this document");
                failures.push(Failure { name: name.to_owned(), why });
            }
        }
    }
    (changes, failures)
}

/// Makes them, and writes the documents back. Gives how many fixes were made, and in how many documents.
pub(super) fn write(
    linter: &Linter<'_>,
    gathered: &mut Gathered,
    allowed: Safety,
) -> (usize, usize) {
    let (changes, mut failures) = changes(linter, gathered, allowed);
    let changes: Vec<_> =
        changes.into_iter().map(|change| (change.number, change.after, change.fixes)).collect();
    let mut made = (0, 0);
    for (number, after, fixes) in changes {
        let text = &mut gathered.texts[number];
        let written = match &text.file {
            Some(path) => write_back::replace(path, &text.source, after.as_bytes()),
            None => Ok(()),
        };
        match written {
            Ok(()) => {
                text.source = after.into_bytes();
                made = (made.0 + fixes, made.1 + 1);
            }
            Err(error) => failures.push(Failure {
                name: text.name.clone(),
                why: format!("was not fixed: {error:#}"),
            }),
        }
    }
    gathered.failures.append(&mut failures);
    made
}
