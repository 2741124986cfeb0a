//! Which rules are wanted.

use std::str::FromStr;

use virt_quobyte::lint::{self, Group, Rule};

/// Some rules, as `--select` and `--ignore` name them.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pick {
    Rule(&'static Rule),
    Group(Group),
}

/// The rules that are wanted.
#[derive(Debug)]
pub(super) struct Selection<'a> {
    select: &'a [Pick],
    ignore: &'a [Pick],
}

impl Pick {
    fn has(self, rule: &Rule) -> bool {
        match self {
            Self::Rule(one) => one.code == rule.code,
            Self::Group(group) => group == rule.group,
        }
    }
}

impl FromStr for Pick {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        if let Some(rule) = lint::rule(word) {
            return Ok(Self::Rule(rule));
        }
        let of_group = |group: &Group| {
            let code = ['V', 'Q', group.digit(), 'x', 'x'];
            group.word() == word || code.iter().collect::<String>().eq_ignore_ascii_case(word)
        };
        let words = Group::ALL.map(Group::word).join(", ");
        Group::ALL.into_iter().find(of_group).map(Self::Group).ok_or_else(|| {
            format!(
                "no rule and no group is called that; `virt-quobyte explain` lists the rules, and the groups are {words}"
            )
        })
    }
}

impl<'a> Selection<'a> {
    pub(super) fn new(select: &'a [Pick], ignore: &'a [Pick]) -> Self {
        Self { select, ignore }
    }

    /// Whether a rule is wanted. That a document cannot be judged is always said: silence would look like a good one.
    pub(super) fn has(&self, rule: &Rule) -> bool {
        let selected = self.select.is_empty() || self.select.iter().any(|pick| pick.has(rule));
        let ignored = self.ignore.iter().any(|pick| pick.has(rule));
        lint::cannot_be_ignored(rule) || selected && !ignored
    }
}
