//! Grammars that cannot be used: each is refused, with the place and the reason.

use std::error::Error;
use std::io;

use virt_quobyte::relaxng::Grammar;

use crate::{around, grammar};

/// The message and all that is behind it.
fn refusal(text: &str) -> String {
    let Err(error) = grammar(text) else { panic!("taken: {text}") };
    error.to_string()
}

#[test]
fn what_a_grammar_must_not_say_is_refused_with_the_reason() {
    let rows = [
        ("<element name='r'><data type='duration'/></element>", "the datatype duration is not"),
        (
            "<element name='r'><data type='int'><param name='totalDigits'>3</param></data></element>",
            "the parameter totalDigits",
        ),
        (
            "<element name='r'><data type='int'><param name='minInclusive'>x</param></data></element>",
            "needs a number, which 'x' is not",
        ),
        (
            "<element name='r'><data type='string'><param name='pattern'>[a</param></data></element>",
            "the pattern [a ends within",
        ),
        (
            "<element name='r'><data datatypeLibrary='urn:x' type='x'/></element>",
            "the datatype library 'urn:x'",
        ),
        ("<element name='r'><externalRef href='x'/></element>", "<externalRef> is not supported"),
        ("<element name='r'><grammar/></element>", "<grammar> is not supported"),
        ("<element name='x:r'><empty/></element>", "'x:r' has a prefix"),
        ("<element name='r'/>", "<element> lacks a pattern"),
        ("<element><empty/></element>", "<empty> is not supported in a grammar at this place"),
        ("<ref name='nowhere'/>", "refers to 'nowhere', which nothing defines"),
        ("<ref/>", "<ref> lacks the attribute name"),
    ];
    for (pattern, reason) in rows {
        let said = refusal(&around(pattern));
        assert!(said.contains(reason), "{pattern}: {said}");
    }
    let at = refusal(
        "<element name='r' xmlns='http://relaxng.org/ns/structure/1.0'>\n <what/></element>",
    );
    assert!(at.starts_with("grammar.rng: line 2, column 2: <what>"), "{at}");
}

#[test]
fn definitions_that_do_not_make_one_are_refused() {
    let rows = [
        (
            "<define name='x'><ref name='x'/></define><start><ref name='x'/></start>",
            "defines 'x' by itself",
        ),
        (
            "<define name='x'><empty/></define><define name='x'><text/></define><start><empty/></start>",
            "defines 'x' more than once",
        ),
        (
            "<define name='x' combine='choice'><empty/></define><define name='x' combine='interleave'><text/></define><start><empty/></start>",
            "defines 'x' more than once",
        ),
        (
            "<define name='x' combine='both'><empty/></define>",
            "combine is 'choice' or 'interleave', not 'both'",
        ),
        ("<define name='x'><empty/></define>", "has no <start>"),
        ("<include href='grammar.rng'/>", "grammar.rng includes itself"),
    ];
    for (components, reason) in rows {
        let text =
            format!("<grammar xmlns='http://relaxng.org/ns/structure/1.0'>{components}</grammar>");
        let said = refusal(&text);
        assert!(said.contains(reason), "{components}: {said}");
    }
}

#[test]
fn a_file_that_does_not_come_is_named_and_its_reason_kept() {
    let absent = Grammar::read("sub/a.rng", &mut |name| {
        match name {
        "sub/a.rng" => Ok("<grammar xmlns='http://relaxng.org/ns/structure/1.0'><include href='b.rng'/></grammar>".to_owned()),
        _ => Err(io::Error::from(io::ErrorKind::NotFound)),
    }
    });
    let error = absent.expect_err("b is absent");
    assert_eq!(error.to_string(), "the grammar's file sub/b.rng is not readable");
    assert!(error.source().is_some());
}
