use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::lint::RULES;
use crate::xml::Span;

fn fix(edits: Vec<Edit>) -> Fix {
    Fix { safety: Safety::Safe, title: String::new(), edits }
}

fn finding(source: &str, old: &str, new: &str, safety: Safety) -> Vec<Finding> {
    let found = source.match_indices(old).map(|(at, _)| {
        let span = Span::new(at, at + old.len());
        let edits = vec![Edit::replace(span, new)];
        let fix = Some(Fix { safety, ..fix(edits) });
        let (message, related) = (String::new(), Vec::new());
        Finding { rule: RULES[0], span, message, related, fix }
    });
    found.collect()
}

#[test]
fn fixes_at_one_place_are_made_one_after_the_other() {
    let find = |text: &str| {
        let at = text.find("/>").expect("there");
        let missing = ["a='1'", "b='2'"].into_iter().filter(|it| !text.contains(it));
        let insert = |it: &str| fix(vec![Edit::insert(at, format!(" {it}"))]);
        let found = missing.map(|it| Finding {
            fix: Some(insert(it)),
            ..finding("/>", "/>", "", Safety::Safe).remove(0)
        });
        found.collect()
    };
    let mended = mend("<x/>", Safety::Safe, find).expect("an end");
    assert_eq!(mended.text, "<x a='1' b='2'/>");
    assert_eq!(mended.fixed.len(), 2);
}

#[test]
fn a_fix_is_made_only_if_it_is_safe_enough() {
    let find = |text: &str| finding(text, "old", "new", Safety::Unsafe);
    let left = mend("<x a='old'/>", Safety::Safe, find).expect("an end");
    assert_eq!((left.text.as_str(), left.fixed.len()), ("<x a='old'/>", 0));
    let mended = mend("<x a='old' b='old'/>", Safety::Unsafe, find).expect("an end");
    assert_eq!((mended.text.as_str(), mended.fixed.len()), ("<x a='new' b='new'/>", 2));
}

#[test]
fn fixes_that_come_to_no_end_or_leave_no_document_are_told_and_not_made() {
    let back_and_forth = |text: &str| {
        let mut found = finding(text, "here", "there!", Safety::Safe);
        if found.is_empty() || text.contains('!') {
            found = finding(text, "there!", "here", Safety::Safe);
        }
        found
    };
    let code = RULES[0].code;
    assert_eq!(
        mend("<x a='here'/>", Safety::Safe, back_and_forth).expect_err("no end"),
        Unmended::Endless { codes: vec![code] }
    );
    let break_it = |text: &str| finding(text, "</x>", "", Safety::Safe);
    assert_eq!(
        mend("<x></x>", Safety::Safe, break_it).expect_err("no document"),
        Unmended::Broken { codes: vec![code] }
    );
}

#[test]
fn of_two_fixes_in_one_tag_a_round_makes_the_first() {
    let source = "<x a='1' b='2'/><y/>";
    let fixes = [("1", "3"), ("2", "4"), ("y", "z")];
    let fixes = fixes.map(|(old, new)| finding(source, old, new, Safety::Safe).remove(0).fix);
    let (text, made) = round(source, fixes.iter().flatten().map(|fix| (RULES[0], fix)));
    assert_eq!((text.as_str(), made.len()), ("<x a='3' b='2'/><z/>", 2));
}

#[test]
fn two_fixes_of_one_tag_never_meet() {
    // Each is right alone; together they would leave a tag with one attribute twice.
    for source in ["<x cach='a' b='c'/>", "<x cach='a' b='>' c=''/>"] {
        let find = |text: &str| {
            let mut found = finding(text, "cach=", "cache=", Safety::Safe);
            if !text.contains("cache=") {
                found.extend(finding(text, "/>", " cache='none'/>", Safety::Safe));
            }
            found
        };
        let mended = mend(source, Safety::Safe, find).expect("an end");
        assert_eq!(mended.text, source.replace("cach", "cache"));
        assert_eq!(mended.fixed.len(), 1);
    }
}

/// Edits of fixes: where each begins in a source of 60 characters, and how many it takes.
fn places() -> impl Strategy<Value = Vec<Vec<(usize, usize)>>> {
    vec(vec((0_usize..60, 0_usize..6), 1..3), 1..8)
}

proptest! {
    /// Each edit brings a text of its own: where that is put back to what it came for, the source comes out.
    #[test]
    fn every_byte_outside_of_the_edits_stays(places in places()) {
        let source = "<ä ö='ü'/>ß".repeat(6);
        let mut ends: Vec<usize> = source.char_indices().map(|(at, _)| at).collect();
        ends.push(source.len());
        let last = ends.len() - 1;
        let span = |(at, length): (usize, usize)| {
            Span::new(ends[at.min(last)], ends[(at + length).min(last)])
        };
        let mut number = 0;
        let mut fixes = Vec::new();
        for places in places {
            let mut edits: Vec<Edit> = Vec::new();
            for place in places {
                let span = span(place);
                let touches = |it: &Edit| it.span.start <= span.end && span.start <= it.span.end;
                if !edits.iter().any(touches) {
                    number += 1;
                    edits.push(Edit::replace(span, format!("{{{number}}}")));
                }
            }
            fixes.push(fix(edits));
        }
        let (text, made) = round(&source, fixes.iter().map(|fix| (RULES[0], fix)));
        let is_in = |edit: &Edit| text.contains(&edit.text);
        let whole = fixes.iter().filter(|fix| fix.edits.iter().all(is_in)).count();
        let partly = fixes.iter().filter(|fix| fix.edits.iter().any(is_in)).count();
        prop_assert!(whole == made.len() && partly == whole, "{text}");
        prop_assert!(fixes[0].edits.iter().all(is_in), "the first is made");
        let mut restored = text;
        for edit in fixes.iter().flat_map(|fix| &fix.edits) {
            restored = restored.replace(&edit.text, &source[edit.span.range()]);
        }
        prop_assert_eq!(restored, source);
    }
}
