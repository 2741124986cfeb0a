//! The domain reader against libvirt's own test documents: each is read, and the paths that are found are those that XPath
//! expressions find, asked of another XML library.
//!
//! `make corpus` fetches the documents; they are not in this repository.
#![expect(clippy::print_stdout, reason = "a test that is skipped says why")]

mod documents;
#[cfg(feature = "admin")]
mod refused;
mod xpath;

use std::collections::BTreeMap;
use std::path::Path;

use documents::Document;
use virt_quobyte::domain::{self, Domain, Problem};

/// The corpus and what is to be held against it, or why there is nothing to test.
fn corpus_and_xmllint() -> Option<Vec<Document>> {
    if !xpath::can_be_asked() {
        println!("skipped: there is no xmllint to compare with");
        return None;
    }
    corpus()
}

fn corpus() -> Option<Vec<Document>> {
    let Some(place) = documents::fetched(Path::new(env!("CARGO_MANIFEST_DIR"))) else {
        println!("skipped: libvirt's test documents are not there; make corpus fetches them");
        return None;
    };
    let documents = documents::all(&place);
    assert!(documents.len() > 1500, "only {} documents in {}", documents.len(), place.display());
    Some(documents)
}

/// The documents that are domains, with what was read, and how many there are of what else.
fn read(documents: &[Document]) -> (Vec<(&Document, Domain)>, BTreeMap<String, usize>) {
    let (mut domains, mut others, mut faults) = (Vec::new(), BTreeMap::new(), Vec::new());
    for document in documents {
        match domain::read(&document.text) {
            Ok(domain) => domains.push((document, domain)),
            Err(error) => match error.problem {
                Problem::NotADomain { name } => *others.entry(name).or_default() += 1,
                _ => faults.push(format!("{}: {error}", shown(&document.path))),
            },
        }
    }
    assert!(faults.is_empty(), "{} documents were not read:\n{}", faults.len(), faults.join("\n"));
    (domains, others)
}

fn shown(path: &Path) -> String {
    let below = path.components().rev().take(2).collect::<Vec<_>>().into_iter().rev();
    below.collect::<std::path::PathBuf>().display().to_string()
}

/// What the reader found, as XPath shows it.
fn ours(domain: &Domain) -> Vec<xpath::Found> {
    let mut found: Vec<_> = domain
        .paths
        .iter()
        .map(|each| {
            let place = each.place.to_string();
            let name = place.rsplit(['/', '@']).next().expect("a name");
            (name.to_owned(), each.path.clone())
        })
        .collect();
    found.sort();
    found
}

#[test]
fn every_domain_of_libvirts_is_read() {
    let Some(documents) = corpus() else { return };
    let (domains, others) = read(&documents);
    let paths: usize = domains.iter().map(|(_, domain)| domain.paths.len()).sum();
    let images: usize = domains.iter().map(|(_, domain)| domain.disks.len()).sum();
    println!(
        "{} domains read, {paths} paths and {images} images in them; others: {others:?}",
        domains.len()
    );
}

#[test]
fn the_paths_found_are_those_that_xpath_finds() {
    let Some(documents) = corpus_and_xmllint() else { return };
    let (domains, _) = read(&documents);
    let paths = xpath::expressions(include_str!("paths.xpath"));
    let read: Vec<&Document> = domains.iter().map(|(document, _)| *document).collect();
    let expected = xpath::found(&read, &paths);
    let (mut compared, mut faults) = (0, Vec::new());
    for ((document, domain), expected) in domains.iter().zip(&expected) {
        let ours = ours(domain);
        compared += ours.len();
        if ours != *expected {
            let path = shown(&document.path);
            faults.push(format!("{path}\n     ours: {ours:?}\n    xpath: {expected:?}"));
        }
    }
    assert!(faults.is_empty(), "{} differ:\n{}", faults.len(), faults.join("\n"));
    assert!(compared > 3000, "only {compared} paths were compared");
    println!("{compared} paths in {} domains are the same", domains.len());
}

#[test]
fn whatever_looks_like_a_path_is_found_or_left_out_for_a_reason() {
    let Some(documents) = corpus_and_xmllint() else { return };
    let (domains, _) = read(&documents);
    let read: Vec<&Document> = domains.iter().map(|(document, _)| *document).collect();
    // In libvirt's own elements: neither in the metadata nor in what a driver's own namespace has.
    let own = "not(ancestor-or-self::metadata) and not(ancestor-or-self::*[namespace-uri() != ''])";
    let anything = [
        format!("/corpus/domain//@*[starts-with(., '/')][{own}]"),
        format!("/corpus/domain//*[starts-with(normalize-space(text()), '/')][{own}]"),
    ];
    let anything = xpath::found(&read, &anything.each_ref().map(String::as_str));
    let left_out = xpath::found(&read, &xpath::expressions(include_str!("not-paths.xpath")));
    let (mut seen, mut faults) = (0, Vec::new());
    for (((document, domain), anything), left_out) in domains.iter().zip(&anything).zip(&left_out) {
        let mut known = [ours(domain), left_out.clone()].concat();
        known.retain(|(_, value)| value.trim_start().starts_with('/'));
        known.sort();
        seen += anything.len();
        if known != *anything {
            let path = shown(&document.path);
            faults.push(format!("{path}\n    known: {known:?}\n    there: {anything:?}"));
        }
    }
    assert!(faults.is_empty(), "{} differ:\n{}", faults.len(), faults.join("\n"));
    println!("{seen} values that begin with / in {} domains", domains.len());
}
