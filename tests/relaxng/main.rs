//! The validator against small grammars, against libvirt's own, and against what `xmllint` says of the same.
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]

mod features;
mod libvirt;
mod messages;
mod mutate;
mod oracle;
mod unusable;

use virt_quobyte::relaxng::{Complaint, Grammar, GrammarError};
use virt_quobyte::xml::Tree;

/// A grammar of one file.
fn grammar(text: &str) -> Result<Grammar, GrammarError> {
    Grammar::read("grammar.rng", &mut |_| Ok(text.to_owned()))
}

/// A pattern as the start of a grammar, with some names beside it.
fn around(pattern: &str) -> String {
    format!(
        "<grammar xmlns='http://relaxng.org/ns/structure/1.0'
            datatypeLibrary='http://www.w3.org/2001/XMLSchema-datatypes'>
          <start>{pattern}</start>
          <define name='a'><element name='a'><empty/></element></define>
          <define name='b'><element name='b'><empty/></element></define>
          <define name='nest'><element name='n'><zeroOrMore><ref name='nest'/></zeroOrMore></element></define>
          <define name='any'>
            <element>
              <anyName/>
              <zeroOrMore>
                <choice><attribute><anyName/></attribute><text/><ref name='any'/></choice>
              </zeroOrMore>
            </element>
          </define>
        </grammar>"
    )
}

fn complaints(grammar: &mut Grammar, document: &str) -> Vec<Complaint> {
    grammar.validate(&Tree::read(document.as_bytes()).expect(document))
}
