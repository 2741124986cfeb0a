//! Every feature of RELAX NG that is supported, with documents that it takes and documents that it does not; and that `xmllint` says
//! the same of each.

use crate::{around, complaints, grammar, oracle};

struct Feature {
    name: &'static str,
    pattern: &'static str,
    taken: &'static [&'static str],
    refused: &'static [&'static str],
}

const fn feature(
    name: &'static str,
    pattern: &'static str,
    taken: &'static [&'static str],
    refused: &'static [&'static str],
) -> Feature {
    Feature { name, pattern, taken, refused }
}

const FEATURES: &[Feature] = &[
    feature(
        "an empty element",
        "<element name='r'><empty/></element>",
        &["<r/>", "<r> \n</r>", "<r><!-- --></r>", "<r xmlns:x='urn:x'/>"],
        &["<s/>", "<r>x</r>", "<r><r/></r>", "<r a=''/>", "<r xmlns='urn:x'/>", "<r> x<!-- --></r>"],
    ),
    feature(
        "text",
        "<element name='r'><text/></element>",
        &["<r/>", "<r>x</r>", "<r>x<!-- -->y</r>", "<r><![CDATA[<]]>&amp;</r>"],
        &["<r><a/></r>", "<r>x<a/></r>"],
    ),
    feature(
        "a group is in order",
        "<element name='r'><ref name='a'/><ref name='b'/></element>",
        &["<r><a/><b/></r>", "<r> <a/> <b/> </r>"],
        &["<r/>", "<r><a/></r>", "<r><b/><a/></r>", "<r><a/><b/><b/></r>", "<r><a/>x<b/></r>"],
    ),
    feature(
        "an interleave is in any order",
        "<element name='r'><interleave><ref name='a'/><optional><ref name='b'/></optional></interleave></element>",
        &["<r><a/><b/></r>", "<r><b/><a/></r>", "<r><a/></r>"],
        &["<r/>", "<r><b/></r>", "<r><a/><b/><a/></r>", "<r><b/><a/><b/></r>"],
    ),
    feature(
        "a group within an interleave stays in order, but not together",
        "<element name='r'><interleave>
           <group><ref name='a'/><ref name='b'/></group><zeroOrMore><ref name='nest'/></zeroOrMore>
         </interleave></element>",
        &["<r><a/><b/></r>", "<r><n/><a/><n/><n/><b/><n/></r>"],
        &["<r><b/><n/><a/></r>", "<r><n/></r>"],
    ),
    feature(
        "a choice",
        "<element name='r'><choice><ref name='a'/><ref name='b'/><empty/></choice></element>",
        &["<r/>", "<r><a/></r>", "<r><b/></r>"],
        &["<r><a/><b/></r>", "<r>x</r>"],
    ),
    feature(
        "a choice that is made by an attribute",
        "<element name='r'><choice>
           <group><attribute name='k'><value>a</value></attribute><ref name='a'/></group>
           <group><attribute name='k'><value>b</value></attribute><ref name='b'/></group>
         </choice></element>",
        &["<r k='a'><a/></r>", "<r k='b'><b/></r>"],
        &["<r k='a'><b/></r>", "<r k='b'><a/></r>", "<r k='c'/>", "<r><a/></r>", "<r k='a'/>"],
    ),
    feature(
        "a choice that is made late",
        "<element name='r'><choice>
           <element name='x'><ref name='a'/><ref name='a'/></element>
           <group><element name='x'><ref name='a'/><ref name='b'/></element><ref name='b'/></group>
         </choice></element>",
        &["<r><x><a/><a/></x></r>", "<r><x><a/><b/></x><b/></r>"],
        &["<r><x><a/><a/></x><b/></r>", "<r><x><a/><b/></x></r>", "<r><x><a/></x></r>"],
    ),
    feature(
        "one or more, zero or more",
        "<element name='r'><oneOrMore><ref name='a'/></oneOrMore><zeroOrMore><ref name='b'/></zeroOrMore></element>",
        &["<r><a/></r>", "<r><a/><a/><b/><b/></r>"],
        &["<r/>", "<r><b/></r>", "<r><a/><b/><a/></r>"],
    ),
    feature(
        "an element within itself",
        "<ref name='nest'/>",
        &["<n/>", "<n><n/><n><n/></n></n>"],
        &["<n><m/></n>", "<n><n><n>x</n></n></n>"],
    ),
    feature(
        "attributes in any order, beside or behind elements",
        "<element name='r'>
           <attribute name='x'/><optional><attribute name='y'/></optional><ref name='a'/><attribute name='z'/>
         </element>",
        &["<r x='' z=''><a/></r>", "<r z='1' y='2' x='3'><a/></r>"],
        &["<r x=''><a/></r>", "<r z=''><a/></r>", "<r x='' z=''/>", "<r x='' z='' w=''><a/></r>"],
    ),
    feature(
        "the value of an attribute",
        "<element name='r'><attribute name='x'><choice><value>on</value><value>o ff</value></choice></attribute></element>",
        &["<r x='on'/>", "<r x=' on '/>", "<r x='o  ff'/>", "<r x='&#111;n'/>"],
        &["<r x='off'/>", "<r x=''/>", "<r x='ON'/>", "<r/>"],
    ),
    feature(
        "an empty attribute",
        "<element name='r'><attribute name='x'><empty/></attribute></element>",
        &["<r x=''/>", "<r x=' '/>"],
        &["<r x='1'/>"],
    ),
    feature(
        "any name",
        "<element name='r'><optional><ref name='any'/></optional></element>",
        &["<r/>", "<r><x:y xmlns:x='urn:x' x:z='1' z='2'>t<r/>t</x:y></r>", "<r><a xml:lang='en'/></r>"],
        &["<r><a/><b/></r>", "<r x=''/>"],
    ),
    feature(
        "any name but some",
        "<element name='r'><zeroOrMore><element>
           <anyName><except><name>no</name><nsName ns='urn:no'/></except></anyName><empty/>
         </element></zeroOrMore></element>",
        &["<r><a/><x xmlns='urn:x'/></r>", "<r><no xmlns='urn:x'/></r>"],
        &["<r><no/></r>", "<r><x xmlns='urn:no'/></r>"],
    ),
    feature(
        "any name of a namespace",
        "<element name='r'><oneOrMore><element>
           <nsName ns='urn:x'><except><name ns='urn:x'>no</name></except></nsName><empty/>
         </element></oneOrMore></element>",
        &["<r><a xmlns='urn:x'/><q:b xmlns:q='urn:x'/></r>"],
        &["<r><a/></r>", "<r><no xmlns='urn:x'/></r>", "<r><a xmlns='urn:y'/></r>"],
    ),
    feature(
        "one of several names",
        "<element><choice><name>r</name><name ns='urn:x'>s</name></choice><text/></element>",
        &["<r/>", "<s xmlns='urn:x'/>"],
        &["<s/>", "<r xmlns='urn:x'/>", "<t/>"],
    ),
    feature(
        "a namespace is inherited by elements and not by attributes",
        "<element name='r' ns='urn:x'><attribute name='k'/><element name='s'><empty/></element></element>",
        &["<r xmlns='urn:x' k=''><s/></r>", "<x:r xmlns:x='urn:x' k=''><x:s/></x:r>"],
        &["<x:r xmlns:x='urn:x' x:k=''><x:s/></x:r>", "<x:r xmlns:x='urn:x' k=''><s/></x:r>"],
    ),
    feature(
        "mixed",
        "<element name='r'><mixed><ref name='a'/><optional><ref name='b'/></optional></mixed></element>",
        &["<r>x<a/>y<b/>z</r>", "<r><a/></r>"],
        &["<r>x</r>", "<r>x<b/>y<a/></r>"],
    ),
    feature(
        "a list",
        "<element name='r'><list><value>x</value><oneOrMore><data type='int'/></oneOrMore></list></element>",
        &["<r>x 1</r>", "<r> x 1\n2  3 </r>"],
        &["<r>x</r>", "<r>1 x</r>", "<r>x 1 y</r>", "<r/>", "<r>x1</r>"],
    ),
    feature(
        "what is not allowed",
        "<element name='r'><choice>
           <ref name='a'/><notAllowed/><element name='p'><notAllowed/></element>
           <group><attribute name='k'><notAllowed/></attribute><ref name='b'/></group>
         </choice></element>",
        &["<r><a/></r>"],
        &["<r/>", "<r><p/></r>", "<r k=''><b/></r>"],
    ),
    feature(
        "data with exceptions",
        "<element name='r'><data type='string'><param name='pattern'>[^/]+</param>
           <except><choice><value>.</value><value>..</value></choice></except></data></element>",
        &["<r>a</r>", "<r>...</r>"],
        &["<r>.</r>", "<r>..</r>", "<r>a/b</r>", "<r/>"],
    ),
    feature(
        "a value of a datatype",
        "<element name='r'><choice><value type='int'>5</value><value type='string'> x</value></choice></element>",
        &["<r>5</r>", "<r> 005</r>", "<r> x</r>"],
        &["<r>x</r>", "<r>6</r>", "<r>5x</r>"],
    ),
    feature(
        "text or data",
        "<element name='r'><optional><data type='string'><param name='pattern'>x+</param></data></optional></element>",
        &["<r/>", "<r>x</r>", "<r> </r>"],
        &["<r>y</r>", "<r> x</r>"],
    ),
    feature(
        "whole numbers",
        "<element name='r'>
           <optional><attribute name='int'><data type='int'/></attribute></optional>
           <optional><attribute name='integer'><data type='integer'/></attribute></optional>
           <optional><attribute name='positive'><data type='positiveInteger'/></attribute></optional>
           <optional><attribute name='long'><data type='unsignedLong'/></attribute></optional>
           <optional><attribute name='short'><data type='short'/></attribute></optional>
           <optional><attribute name='few'><data type='unsignedInt'>
             <param name='minInclusive'>1</param><param name='maxInclusive'>31</param></data></attribute></optional>
         </element>",
        &[
            "<r int='2147483647'/>",
            "<r int=' -2147483648 '/>",
            "<r int='+0005'/>",
            "<r integer='111111111111111111111111'/>",
            "<r positive='+1'/>",
            "<r long='18446744073709551615'/>",
            "<r short='-32768'/>",
            "<r few='31'/>",
        ],
        &[
            "<r int='2147483648'/>",
            "<r int=''/>",
            "<r int='5 5'/>",
            "<r int='0x5'/>",
            "<r int='5.0'/>",
            "<r int='--5'/>",
            "<r integer='1111111111111111111111111'/>",
            "<r positive='0'/>",
            "<r long='18446744073709551616'/>",
            "<r long='+1'/>",
            "<r long='-0'/>",
            "<r short='32768'/>",
            "<r few='0'/>",
            "<r few='32'/>",
        ],
    ),
    feature(
        "text of some length, names, and moments",
        "<element name='r'>
           <optional><attribute name='s'><data type='string'>
             <param name='minLength'>2</param><param name='maxLength'>3</param></data></attribute></optional>
           <optional><attribute name='n'><data type='NCName'/></attribute></optional>
           <optional><attribute name='t'><data type='dateTime'/></attribute></optional>
         </element>",
        &["<r s='äöü'/>", "<r n=' a-b.1 '/>", "<r n='ä'/>", "<r t='2026-01-31T23:59:00Z'/>"],
        &["<r s='a'/>", "<r s='abcd'/>", "<r n='a:b'/>", "<r n='1a'/>", "<r t='2026-02-30T00:00:00'/>"],
    ),
];

#[test]
fn each_feature_takes_what_it_should_and_nothing_else() {
    for Feature { name, pattern, taken, refused } in FEATURES {
        let mut grammar = grammar(&around(pattern)).expect(name);
        // Twice: the second time by what was kept from the first.
        for _ in 0..2 {
            for document in *taken {
                assert_eq!(complaints(&mut grammar, document), [], "{name}: {document}");
            }
            for document in *refused {
                assert_ne!(complaints(&mut grammar, document), [], "{name}: {document}");
            }
        }
    }
}

#[test]
fn xmllint_takes_and_refuses_the_same() {
    if !oracle::is_there("each feature beside xmllint") {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("grammar.rng");
    for Feature { name, pattern, taken, refused } in FEATURES {
        std::fs::write(&file, around(pattern)).expect("written");
        let documents: Vec<&str> = taken.iter().chain(*refused).copied().collect();
        let said = oracle::ask_about(&file, &documents);
        for (at, (document, said)) in documents.iter().zip(said).enumerate() {
            assert_eq!(said, Some(at < taken.len()), "{name}: {document}");
        }
    }
}

#[test]
fn an_include_replaces_what_it_redefines_and_definitions_are_combined() {
    let head = "<grammar xmlns='http://relaxng.org/ns/structure/1.0'>";
    let files = |name: &str| {
        let text = match name {
            "main.rng" => {
                "<include href='parts/base.rng'><define name='x'><text/></define></include>
                 <define name='y' combine='choice'><element name='b'><empty/></element></define>
                 <define name='z' combine='interleave'><attribute name='l'/></define>"
            }
            "parts/base.rng" => {
                "<include href='deep.rng'/>
                 <start><element name='r'><ref name='z'/><choice><ref name='x'/><ref name='y'/></choice></element></start>
                 <div><define name='x'><notAllowed/></define></div>"
            }
            "parts/deep.rng" => {
                "<define name='y'><element name='a'><empty/></element></define>
                 <define name='z'><attribute name='k'/></define>"
            }
            other => panic!("asked for {other}"),
        };
        Ok(format!("{head}{text}</grammar>"))
    };
    let mut grammar =
        virt_quobyte::relaxng::Grammar::read("main.rng", &mut { files }).expect("one");
    for (document, valid) in [
        ("<r k='' l=''>text</r>", true),
        ("<r k='' l=''><a/></r>", true),
        ("<r k='' l=''><b/></r>", true),
        ("<r k=''><b/></r>", false),
        ("<r k='' l=''><a/><b/></r>", false),
    ] {
        assert_eq!(complaints(&mut grammar, document).is_empty(), valid, "{document}");
    }
}
