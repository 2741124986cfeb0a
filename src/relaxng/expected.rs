//! What a pattern would have taken: names and values, for messages.

use std::collections::BTreeSet;

use super::build::Parts;
use super::names::NameClass;
use super::pattern::{Pattern, PatternId};
use super::steps::Kind;

/// Names as they are shown. A name that the grammar leaves open has none.
pub(super) type Shown = BTreeSet<String>;

/// The attributes that can come, in any order, or the elements that can come next.
pub(super) fn possible(parts: &Parts, kind: Kind, pattern: PatternId) -> Shown {
    let mut names = Shown::new();
    collect(parts, kind, pattern, &mut names);
    names
}

fn collect(parts: &Parts, kind: Kind, pattern: PatternId, names: &mut Shown) {
    match parts.patterns.get(pattern) {
        Pattern::Attribute(class, _) if kind == Kind::Attribute => show(parts, class, names),
        Pattern::Element(id) if kind == Kind::Element => {
            let rule = &parts.elements[id.0 as usize];
            if rule.content != PatternId::NOT_ALLOWED {
                show(parts, &rule.name, names);
            }
        }
        Pattern::Choice(of) | Pattern::Interleave(of) => {
            of.iter().for_each(|one| collect(parts, kind, *one, names));
        }
        Pattern::Group(first, then) => {
            collect(parts, kind, *first, names);
            if kind == Kind::Attribute || parts.patterns.facts(*first).nullable {
                collect(parts, kind, *then, names);
            }
        }
        Pattern::OneOrMore(of) => collect(parts, kind, *of, names),
        _ => {}
    }
}

/// Those without which the pattern cannot match.
pub(super) fn required(parts: &Parts, kind: Kind, pattern: PatternId) -> Shown {
    let mut names = Shown::new();
    match parts.patterns.get(pattern) {
        Pattern::Attribute(..) | Pattern::Element(_) => collect(parts, kind, pattern, &mut names),
        Pattern::Choice(of) => {
            let mut all = of.iter().map(|one| required(parts, kind, *one));
            let first = all.next().unwrap_or_default();
            names = all.fold(first, |common, one| common.intersection(&one).cloned().collect());
        }
        Pattern::Interleave(of) => {
            names.extend(of.iter().flat_map(|one| required(parts, kind, *one)));
        }
        Pattern::Group(first, then) => {
            names.extend(required(parts, kind, *first));
            names.extend(required(parts, kind, *then));
        }
        Pattern::OneOrMore(of) => names = required(parts, kind, *of),
        _ => {}
    }
    names
}

/// The texts that the pattern takes, each as it is shown.
pub(super) fn values(parts: &Parts, pattern: PatternId) -> Shown {
    let mut shown = Shown::new();
    collect_values(parts, pattern, &mut shown);
    shown
}

fn collect_values(parts: &Parts, pattern: PatternId, shown: &mut Shown) {
    match parts.patterns.get(pattern) {
        Pattern::Choice(of) | Pattern::Interleave(of) => {
            of.iter().for_each(|one| collect_values(parts, *one, shown));
        }
        Pattern::Group(first, then) => {
            collect_values(parts, *first, shown);
            collect_values(parts, *then, shown);
        }
        Pattern::OneOrMore(of) => collect_values(parts, *of, shown),
        Pattern::Value { value, .. } => {
            shown.insert(format!("'{value}'"));
        }
        Pattern::Data { datatype, except } => {
            let mut said = parts.datatypes.describe(*datatype);
            let excepted = values(parts, *except);
            if !excepted.is_empty() {
                let all: Vec<&str> = excepted.iter().map(String::as_str).collect();
                said.push_str(" other than ");
                said.push_str(&all.join(", "));
            }
            shown.insert(said);
        }
        Pattern::List(_) => {
            shown.insert("a list, with blanks between".to_owned());
        }
        _ => {}
    }
}

fn show(parts: &Parts, class: &NameClass, names: &mut Shown) {
    match class {
        NameClass::One(name) => {
            names.insert(parts.names.local(*name).to_owned());
        }
        NameClass::Either(classes) => classes.iter().for_each(|class| show(parts, class, names)),
        NameClass::Any { .. } | NameClass::AnyOf { .. } => {}
    }
}
