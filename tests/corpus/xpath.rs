//! Asks libxml2, through xmllint, what XPath expressions find in documents.
//!
//! Many documents at a time, as children of one: a start of xmllint for each would take longer than all else.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use quick_xml::events::Event;
use quick_xml::{Reader, XmlVersion};

use crate::documents::Document;

/// What an expression found: the name and value of an attribute, or the name and text of an element.
pub(crate) type Found = (String, String);

/// The expressions of a file, one a line.
pub(crate) fn expressions(file: &'static str) -> Vec<&'static str> {
    file.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

pub(crate) fn can_be_asked() -> bool {
    Command::new("xmllint").arg("--version").output().is_ok()
}

/// What each document has of what the expressions find, sorted. They begin at `/corpus/domain`; one that finds attributes has `/@`
/// in it, and another has not.
///
/// What is empty is left out: it names nothing.
pub(crate) fn found(documents: &[&Document], expressions: &[&str]) -> Vec<Vec<Found>> {
    let (attributes, elements): (Vec<&str>, Vec<&str>) =
        expressions.iter().partition(|expression| expression.contains("/@"));
    let mut found = Vec::with_capacity(documents.len());
    for some in documents.chunks(100) {
        let together = together(some);
        let mut each = vec![Vec::new(); some.len()];
        // An attribute is shown as ` name="value"`, on a line of its own.
        let shown = ask(&together, "/corpus/document/@number", &attributes);
        let shown =
            shown.lines().fold(String::new(), |all, line| all + "<attribute " + line + "/>");
        sort_out(&shown, &mut each);
        sort_out(&ask(&together, "/corpus/document", &elements), &mut each);
        found.extend(each);
    }
    for each in &mut found {
        each.sort();
    }
    found
}

/// One document that holds all of them, each behind an element with its number.
fn together(documents: &[&Document]) -> String {
    let mut together = String::from("<corpus>");
    for (number, document) in documents.iter().enumerate() {
        let text = std::str::from_utf8(&document.text).expect("UTF-8");
        let root = match text.strip_prefix("<?xml") {
            Some(declaration) => declaration.split_once("?>").expect("its end").1,
            None => text,
        };
        write!(together, "<document number='{number}'/>{root}").expect("a String takes everything");
    }
    together + "</corpus>"
}

fn ask(together: &str, number: &str, expressions: &[&str]) -> String {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(&file, together).expect("written");
    let expression = [&[number], expressions].concat().join(" | ");
    let output = Command::new("xmllint")
        .args(["--huge", "--xpath", &expression])
        .arg(file.path())
        .output()
        .expect("xmllint");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "xmllint: {}: {said}", output.status);
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Gives each of what was shown to the document whose number stands before it.
fn sort_out(shown: &str, each: &mut [Vec<Found>]) {
    let mut reader = Reader::from_str(shown);
    let (mut document, mut open) = (0, Vec::<Found>::new());
    loop {
        match reader.read_event().expect("what xmllint shows is XML") {
            Event::Start(tag) => open.push((tag.name().as_ref().to_owned(), String::new())),
            Event::Empty(tag) => {
                let attribute = tag.attributes().next().map(|attribute| {
                    let attribute = attribute.expect("an attribute");
                    let value = attribute.normalized_value(XmlVersion::Implicit1_0);
                    (attribute.key.as_ref().to_owned(), value.expect("a value").into_owned())
                });
                match attribute {
                    Some((name, value)) if name == "number" => {
                        document = value.parse().expect("a number");
                    }
                    Some(found) if tag.name().as_ref() == "attribute" && !found.1.is_empty() => {
                        each[document].push(found);
                    }
                    _ => {}
                }
            }
            Event::Text(text) => {
                if let Some((_, value)) = open.last_mut() {
                    value.push_str(&text);
                }
            }
            Event::GeneralRef(reference) => {
                if let Some((_, value)) = open.last_mut() {
                    let known = quick_xml::escape::unescape(&format!("&{};", &*reference))
                        .expect("known")
                        .into_owned();
                    value.push_str(&known);
                }
            }
            Event::End(_) => {
                let found = open.pop().expect("an element to end");
                if open.is_empty() && !found.1.trim().is_empty() {
                    each[document].push(found);
                }
            }
            Event::Eof => return,
            _ => {}
        }
    }
}
