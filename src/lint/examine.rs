//! From bytes to findings: what can be read is linted together, what cannot is a finding itself.

use super::finding::{Finding, Findings};
use super::linter::{MALFORMED, NOT_A_DOMAIN};
use super::spread::spread;
use super::subject::Subject;
use super::{judge, rule::Rule};
use crate::config::Settings;
use crate::escape::Escaped;
use crate::xml::{ElementRef, Span, Tree, excerpt};

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
    examine_with(sources, settings, &mut |_| Vec::new())
}

/// The same, and hears what others say of each domain. That can be suppressed like what the rules find.
pub fn examine_with(
    sources: &[&[u8]],
    settings: Option<&Settings>,
    others: &mut dyn FnMut(ElementRef<'_, '_>) -> Vec<Opinion>,
) -> Vec<Examined> {
    let trees = spread(sources, |source| Tree::read(source));
    let mut subjects = Vec::with_capacity(trees.len());
    let mut examined = Vec::with_capacity(trees.len());
    // Which text a subject is, to name it in findings about several.
    let mut numbers = Vec::with_capacity(trees.len());
    for (number, tree) in trees.iter().enumerate() {
        let tree = match tree {
            Ok(tree) => tree,
            Err(fault) => {
                let message = fault.problem.to_string();
                examined.push(unreadable(Root::None, &MALFORMED, fault.span, message));
                continue;
            }
        };
        let Some(subject) = Subject::find(tree, settings) else {
            let (name, span) = (excerpt(tree.root().name()), tree.root().name_span());
            let message =
                format!("the document is a <{}>; a <domain> would be right", Escaped(&name));
            examined.push(unreadable(Root::Other, &NOT_A_DOMAIN, span, message));
            continue;
        };
        subjects.push(subject);
        numbers.push(number);
        examined.push(Examined { root: Root::Domain, findings: Vec::new(), suppressed: 0 });
    }
    for (subject, mut judged) in judge(&subjects, others).into_iter().enumerate() {
        for related in judged.findings.iter_mut().flat_map(|finding| &mut finding.related) {
            related.subject = numbers[related.subject];
        }
        let it = &mut examined[numbers[subject]];
        (it.findings, it.suppressed) = (judged.findings, judged.suppressed);
    }
    examined
}

fn unreadable(root: Root, rule: &'static Rule, span: Span, message: String) -> Examined {
    let mut findings = Vec::new();
    Findings::of(rule, std::slice::from_mut(&mut findings)).add(span, message);
    Examined { root, findings, suppressed: 0 }
}
