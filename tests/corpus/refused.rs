//! What the linter says that libvirt will refuse, against what libvirt's own tests say of the same document: one that it takes
//! must not be found fault with.

use std::fs;
use std::path::Path;

use virt_quobyte::lint::{self, Group};

use crate::documents::Document;
use crate::{corpus, shown};

/// Whether libvirt's tests expect an error for this document, with the newest QEMU or with some older one: `NAME.err`,
/// `NAME.ARCHITECTURE-VERSION.err`.
fn is_to_fail(path: &Path) -> bool {
    let name = path.file_stem().expect("a name").to_str().expect("UTF-8");
    let beside = fs::read_dir(path.parent().expect("a directory")).expect("readable");
    beside.map(|entry| entry.expect("readable").path()).any(|file| {
        let of_this = file.file_name().and_then(|file| file.to_str()?.strip_prefix(name));
        file.extension().is_some_and(|it| it == "err")
            && of_this.is_some_and(|it| it.starts_with('.'))
    })
}

/// What the rules of libvirt's refusals find.
fn refusals(document: &Document) -> Vec<String> {
    let found = lint::examine(&[&document.text], None).remove(0).findings;
    let refused = found.into_iter().filter(|finding| finding.rule.group == Group::Refused);
    refused.map(|finding| format!("{}: {}", finding.rule.code, finding.message)).collect()
}

#[test]
fn nothing_that_libvirt_takes_is_said_to_be_refused() {
    let Some(documents) = corpus() else { return };
    let (mut right, mut wrong) = (0, Vec::new());
    for document in &documents {
        let refusals = refusals(document);
        if refusals.is_empty() {
            continue;
        }
        let path = shown(&document.path);
        if is_to_fail(&document.path) {
            right += 1;
        } else {
            wrong.push(format!("{path}\n    {}", refusals.join("\n    ")));
        }
    }
    assert!(wrong.is_empty(), "{} false alarms:\n{}", wrong.len(), wrong.join("\n"));
    assert!(right > 8, "the rules find only {right} of the faults that libvirt's tests expect");
    println!("{right} of {} documents are refused, by libvirt too", documents.len());
}
