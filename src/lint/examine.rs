//! From bytes to findings: what can be read is linted, what cannot is a finding itself.
//!
//! Each text is read and looked at by itself, on whichever core is free, and then nothing is kept of it but what was found, what
//! it suppresses and the facts for the rules about several. Thousands of trees at once would take longer to find memory for than
//! to read.

use super::facts::Facts;
use super::finding::{Finding, Findings};
use super::linter::{MALFORMED, NOT_A_DOMAIN};
use super::registry::RULES;
use super::rule::{Check, Rule};
use super::spread::spread_with;
use super::subject::Subject;
use super::suppress::Suppressions;
use crate::config::Settings;
use crate::escape::Escaped;
use crate::xml::{ElementRef, Span, TreeReader, excerpt};

/// What became of one text.
#[derive(Debug)]
pub struct Examined {
    /// What it is.
    pub root: Root,
    /// What is wrong with it, in the order of places.
    pub findings: Vec<Finding>,
    /// How many findings it suppresses.
    pub suppressed: usize,
}

/// What a text turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Root {
    /// A domain, or something that has one in it.
    Domain,
    /// Another document.
    Other,
    /// No document.
    None,
}

/// What somebody else says of a domain: a grammar, or libvirt.
#[derive(Debug, Clone)]
pub struct Opinion {
    /// The rule that stands for whoever says it.
    pub rule: &'static Rule,
    /// Where.
    pub span: Span,
    /// What.
    pub message: String,
}

/// Examines texts together, and gives one result for each, in their order.
///
/// Without settings, nothing is known of the host's shares, and what depends on them is not judged.
pub fn examine(sources: &[&[u8]], settings: Option<&Settings>) -> Vec<Examined> {
    let looked = spread_with(sources, TreeReader::default, |reader, source| {
        look(reader, source, settings, &mut |_| Vec::new())
    });
    together(looked, settings)
}

/// The same, and hears what others say of each domain. That can be suppressed like what the rules find. They are asked one after
/// the other, in the order of the texts.
pub fn examine_with(
    sources: &[&[u8]],
    settings: Option<&Settings>,
    others: &mut dyn FnMut(ElementRef<'_, '_>) -> Vec<Opinion>,
) -> Vec<Examined> {
    let mut reader = TreeReader::default();
    let looked = sources.iter().map(|source| look(&mut reader, source, settings, others));
    together(looked.collect(), settings)
}

/// What one text came to by itself: all that is left of it when the next one is read.
#[derive(Debug)]
enum Looked {
    /// A domain.
    Domain { findings: Vec<Finding>, facts: Facts, suppressions: Suppressions },
    /// What cannot be linted.
    Unreadable(Examined),
}

fn look<'s>(
    reader: &mut TreeReader<'s>,
    source: &'s [u8],
    settings: Option<&Settings>,
    others: &mut dyn FnMut(ElementRef<'_, '_>) -> Vec<Opinion>,
) -> Looked {
    let tree = match reader.read(source) {
        Ok(tree) => tree,
        Err(fault) => {
            let message = fault.problem.to_string();
            return unreadable(Root::None, &MALFORMED, fault.span, message);
        }
    };
    let Some(subject) = Subject::find(tree, settings) else {
        let (name, span) = (excerpt(tree.root().name()), tree.root().name_span());
        let message = format!("the document is a <{}>; a <domain> would be right", Escaped(&name));
        return unreadable(Root::Other, &NOT_A_DOMAIN, span, message);
    };
    let mut findings = Vec::new();
    for rule in RULES {
        if let Check::Document(check) = rule.check {
            check(&subject, &mut Findings::of(rule, std::slice::from_mut(&mut findings)));
        }
    }
    for Opinion { rule, span, message } in others(subject.domain()) {
        Findings::of(rule, std::slice::from_mut(&mut findings)).add(span, message);
    }
    let (facts, suppressions) = (Facts::of(&subject), Suppressions::of(&subject));
    Looked::Domain { findings, facts, suppressions }
}

fn unreadable(root: Root, rule: &'static Rule, span: Span, message: String) -> Looked {
    let mut findings = Vec::new();
    Findings::of(rule, std::slice::from_mut(&mut findings)).add(span, message);
    Looked::Unreadable(Examined { root, findings, suppressed: 0 })
}

/// What the texts have wrong each, and between them.
fn together(looked: Vec<Looked>, settings: Option<&Settings>) -> Vec<Examined> {
    let mut examined = Vec::with_capacity(looked.len());
    let (mut found, mut facts, mut suppressions) = (Vec::new(), Vec::new(), Vec::new());
    // Which text facts are of, to name it in findings about several.
    let mut numbers = Vec::with_capacity(looked.len());
    for (number, looked) in looked.into_iter().enumerate() {
        let (mut findings, of_it, its_own) = match looked {
            Looked::Domain { findings, facts, suppressions } => (findings, facts, suppressions),
            Looked::Unreadable(it) => {
                examined.push(it);
                continue;
            }
        };
        // A rule about one document knows it as the first and only one.
        for related in findings.iter_mut().flat_map(|finding| &mut finding.related) {
            related.subject = facts.len();
        }
        found.push(findings);
        facts.push(of_it);
        suppressions.push(its_own);
        numbers.push(number);
        examined.push(Examined { root: Root::Domain, findings: Vec::new(), suppressed: 0 });
    }
    for rule in RULES {
        if let Check::Across(check) = rule.check {
            check(&facts, &mut Findings::of(rule, &mut found));
        }
    }
    for ((mut findings, suppressions), number) in found.into_iter().zip(suppressions).zip(&numbers)
    {
        let suppressed = suppressions.settle(settings, &mut findings);
        for related in findings.iter_mut().flat_map(|finding| &mut finding.related) {
            related.subject = numbers[related.subject];
        }
        findings.sort_by_key(|finding| (finding.span, finding.rule.code));
        examined[*number] = Examined { root: Root::Domain, findings, suppressed };
    }
    examined
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of the second of two domains with one name, and how much it suppresses.
    fn of_the_second(second: &str) -> (Vec<&'static str>, usize) {
        let first = "<domain type='kvm'><name>web1</name></domain>";
        let examined = examine(&[first.as_bytes(), second.as_bytes()], None).remove(1);
        (examined.findings.iter().map(|it| it.rule.code).collect(), examined.suppressed)
    }

    #[test]
    fn a_finding_between_documents_is_suppressed_by_every_element_around_it_that_allows_it() {
        let allow = "<!-- virt-quobyte: allow VQ703 they are on two hosts -->";
        let name = "<name>web1</name>";
        let rows = [
            ("nowhere", format!("<domain type='kvm'>{name}</domain>"), Some("VQ703"), 0),
            (
                "for its element",
                format!("<domain type='kvm'><on_crash/>{allow}{name}</domain>"),
                None,
                1,
            ),
            ("for all", format!("{allow}<domain type='kvm'><on_crash/>{name}</domain>"), None, 1),
            (
                "for both",
                format!("{allow}<domain type='kvm'><on_crash/>{allow}{name}</domain>"),
                None,
                1,
            ),
            (
                "for another element",
                format!("<domain type='kvm'><on_crash/>{allow}<on_reboot/>{name}</domain>"),
                Some("VQ703"),
                0,
            ),
            (
                "around another element that allows it",
                format!("{allow}<domain type='kvm'><on_crash/>{allow}<on_reboot/>{name}</domain>"),
                None,
                1,
            ),
        ];
        for (case, second, expected, suppressed) in rows {
            let expected = (expected.into_iter().collect(), suppressed);
            assert_eq!(of_the_second(&second), expected, "{case}");
        }
    }
}
