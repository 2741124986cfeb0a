//! Which namespace a prefix means, element by element (Namespaces in XML 1.0).
//!
//! A prefix that nothing declares is no error: libvirt reads such metadata and hands it on.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::attributes::Attribute;

/// The namespace of an element or attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Namespace<'a> {
    /// In none, as all of libvirt's own elements are.
    None,
    /// In the one of this name.
    Named(Cow<'a, str>),
    /// With a prefix that nothing declares.
    Undeclared,
}

impl Namespace<'_> {
    /// Whether it is the namespace of this name.
    pub fn is(&self, wanted: &str) -> bool {
        matches!(self, Self::Named(name) if name == wanted)
    }
}

/// The declarations in force. By prefix, since every element asks, and there can be many; ordered, because there are few as a rule,
/// and a hash would ask the kernel for its seed first.
#[derive(Debug, Default)]
pub(super) struct Namespaces<'a> {
    /// What each prefix means, the innermost meaning last.
    meanings: BTreeMap<&'a str, Vec<Cow<'a, str>>>,
    /// Which prefix was declared at which depth, in order.
    declared: Vec<(usize, &'a str)>,
}

impl<'a> Namespaces<'a> {
    /// Takes in what the element at `depth` declares.
    pub(super) fn enter(&mut self, depth: usize, attributes: &[Attribute<'a>]) {
        for Attribute { name, value, .. } in attributes {
            if let Some(prefix) = declared_prefix(name) {
                self.meanings.entry(prefix).or_default().push(value.clone());
                self.declared.push((depth, prefix));
            }
        }
    }

    /// Forgets what the element at `depth` declared.
    pub(super) fn leave(&mut self, depth: usize) {
        while let Some((_, prefix)) = self.declared.pop_if(|(at, _)| *at >= depth) {
            if let Some(meanings) = self.meanings.get_mut(prefix) {
                meanings.pop();
            }
        }
    }

    /// The namespace that `prefix` means here; `""` is the default one, which only elements have.
    pub(super) fn resolve(&self, prefix: &str) -> Namespace<'a> {
        match self.meanings.get(prefix).and_then(|meanings| meanings.last()) {
            Some(name) if !name.is_empty() => Namespace::Named(name.clone()),
            _ if prefix.is_empty() => Namespace::None,
            _ => Namespace::Undeclared,
        }
    }
}

/// What `xmlns` or `xmlns:prefix` declares, if the attribute is one of them.
pub(crate) fn declared_prefix(attribute: &str) -> Option<&str> {
    match attribute.strip_prefix("xmlns") {
        Some("") => Some(""),
        Some(prefix) => prefix.strip_prefix(':'),
        None => None,
    }
}

/// Prefix and local name; no prefix is `""`.
pub(crate) fn split(name: &str) -> (&str, &str) {
    // Quicker for words than a search made for texts.
    match name.bytes().position(|byte| byte == b':') {
        Some(colon) => (&name[..colon], &name[colon + 1..]),
        None => ("", name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::attributes::scan;

    fn named(name: &str) -> Namespace<'_> {
        Namespace::Named(Cow::Borrowed(name))
    }

    #[test]
    fn a_declaration_holds_inside_its_element_until_an_inner_one_replaces_it() {
        let mut namespaces = Namespaces::default();
        let enter = |namespaces: &mut Namespaces<'static>, depth, text| {
            let mut attributes = Vec::new();
            scan(text, 0, &mut attributes).expect("attributes");
            namespaces.enter(depth, &attributes);
        };
        enter(&mut namespaces, 1, " xmlns:a='one' xmlnsx='no' b:xmlns='no'");
        enter(&mut namespaces, 2, " xmlns='default' xmlns:a='two'");
        assert_eq!(namespaces.resolve("a"), named("two"));
        assert_eq!(namespaces.resolve(""), named("default"));
        enter(&mut namespaces, 3, " xmlns='' xmlns:a=''");
        assert_eq!(namespaces.resolve("a"), Namespace::Undeclared);
        assert_eq!(namespaces.resolve(""), Namespace::None);
        namespaces.leave(3);
        assert_eq!(namespaces.resolve("a"), named("two"));
        namespaces.leave(2);
        assert_eq!(namespaces.resolve("a"), named("one"));
        assert_eq!(namespaces.resolve(""), Namespace::None);
        assert_eq!(namespaces.resolve("x"), Namespace::Undeclared);
        namespaces.leave(1);
        assert_eq!(namespaces.resolve("a"), Namespace::Undeclared);
    }
}
