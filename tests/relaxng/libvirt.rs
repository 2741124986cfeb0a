//! libvirt's own grammar of domains: the verdict on every document is that of `xmllint`, which is that of libvirt.
//!
//! The documents are this project's own and, where `make corpus` has fetched them, libvirt's test documents; and the same with faults put
//! into them. `SCHEMA_SEED` and `SCHEMA_MUTANTS` ask for others and for more.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use virt_quobyte::host::schema_files;
use virt_quobyte::relaxng::Grammar;
use virt_quobyte::xml::Tree;

use crate::mutate::{Dice, mutate};
use crate::oracle;

/// Where there is a grammar of domains: installed, or fetched with libvirt's test documents.
fn grammars() -> Vec<PathBuf> {
    let mut all: Vec<_> = schema_files::domain().into_iter().collect();
    all.extend(fetched().iter().map(|folder| folder.join("src/conf/schemas/domain.rng")));
    all.retain(|file| file.exists());
    all
}

/// Each version of libvirt that there are documents of.
fn fetched() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/corpus");
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut all: Vec<_> = entries.map(|entry| entry.expect("readable").path()).collect();
    all.retain(|path| path.join("tests").is_dir());
    all
}

pub(crate) fn read(grammar: &Path) -> Grammar {
    let file = grammar.file_name().expect("a file").to_str().expect("UTF-8");
    Grammar::read(file, &mut |name| schema_files::text(grammar, name)).expect("a grammar")
}

/// Every document that is well-formed, whatever it is of.
fn documents() -> Vec<(PathBuf, String)> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut folders = vec![here.join("domain/documents"), here.join("fixtures/domains")];
    let corpora = fetched();
    if corpora.is_empty() {
        println!("skipped: libvirt's test documents, which `make corpus` fetches");
    }
    folders.extend(corpora.iter().map(|corpus| corpus.join("tests")));
    let mut all = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("readable") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "xml")
                && let Ok(text) = fs::read_to_string(&path)
                && Tree::read(text.as_bytes()).is_ok()
            {
                all.push((path, text));
            }
        }
    }
    all.sort();
    all
}

fn verdict(grammar: &mut Grammar, text: &str) -> bool {
    grammar.validate(&Tree::read(text.as_bytes()).expect("well-formed")).is_empty()
}

#[test]
fn every_document_has_xmllints_verdict() {
    if !oracle::is_there("libvirt's grammar beside xmllint") {
        return;
    }
    let documents = documents();
    let paths: Vec<PathBuf> = documents.iter().map(|(path, _)| path.clone()).collect();
    for file in grammars() {
        let said = oracle::ask(&file, &paths);
        let mut grammar = read(&file);
        let mut count = HashMap::new();
        for (path, text) in &documents {
            let valid = verdict(&mut grammar, text);
            assert_eq!(Some(&valid), said.get(path), "{} by {}", path.display(), file.display());
            *count.entry(valid).or_insert(0) += 1;
        }
        println!(
            "{}: {} documents, valid or not: {count:?}; {} patterns and steps kept",
            file.display(),
            documents.len(),
            grammar.kept()
        );
        // What is kept does not grow with the documents, but with the kinds of them.
        assert!(grammar.kept() < 100_000, "{}", grammar.kept());
    }
}

#[test]
fn every_document_with_faults_has_xmllints_verdict() {
    if !oracle::is_there("libvirt's grammar and faulty documents beside xmllint") {
        return;
    }
    let number = |name: &str, default: usize| {
        std::env::var(name).map_or(default, |value| value.parse().expect(name))
    };
    let (seed, mutants) = (number("SCHEMA_SEED", 1), number("SCHEMA_MUTANTS", 1000));
    let originals: Vec<String> = documents().into_iter().map(|(_, text)| text).collect();
    for file in grammars() {
        let mut grammar = read(&file);
        let mut dice = Dice(seed as u64);
        let mut all = Vec::new();
        while all.len() < mutants {
            let original = &originals[dice.below(originals.len())];
            // Of another kind, or invalid as it is: nothing that is done to it is looked at.
            if verdict(&mut grammar, original) {
                let faults = 1 + dice.below(3);
                all.push((0..faults).fold(original.clone(), |text, _| mutate(&text, &mut dice)));
            }
        }
        let said = oracle::ask_about(&file, &all);
        let mut count = HashMap::new();
        for (mutant, said) in all.iter().zip(said) {
            let valid = verdict(&mut grammar, mutant);
            assert_eq!(Some(valid), said, "by {}, seed {seed}:\n{mutant}", file.display());
            *count.entry(valid).or_insert(0) += 1;
        }
        println!("{}: {} documents, valid or not: {count:?}", file.display(), all.len());
    }
}
