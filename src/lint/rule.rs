//! What a rule is, and what it says of itself: the same text is what `explain` prints and what the reference is made of.

use super::facts::Facts;
use super::finding::Findings;
use super::subject::Subject;

/// A kind of fault.
#[derive(Debug)]
pub struct Rule {
    /// What people select, ignore and suppress it by: never given to another rule, even when this one goes.
    pub code: &'static str,
    /// The fault in a few words with hyphens: "allow" before it must make sense.
    pub name: &'static str,
    /// What is at stake.
    pub group: Group,
    /// How bad it is.
    pub severity: Severity,
    /// The fault, in one sentence.
    pub summary: &'static str,
    /// Why it is one, and what to do: whole sentences.
    pub why: &'static str,
    /// Where the facts are from.
    pub source: &'static str,
    /// What it finds, and what it does not.
    pub examples: &'static [Example],
    /// How it is found.
    pub check: Check,
}

/// What is at stake. The first digit of a rule's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// 1: libvirt will refuse it.
    Refused,
    /// 2: data can be lost.
    Data,
    /// 3: somebody may reach what is not theirs, or not reach what is.
    Security,
    /// 4: the guest cannot be moved.
    Migration,
    /// 5: it is slower than it need be.
    Speed,
    /// 6: the shares it needs are not the ones it names.
    Mapping,
    /// 7: several domains, one against the other.
    Across,
    /// 9: the linter itself could not do its work.
    Linter,
}

impl Group {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Refused,
        Self::Data,
        Self::Security,
        Self::Migration,
        Self::Speed,
        Self::Mapping,
        Self::Across,
        Self::Linter,
    ];

    /// The first digit of the codes in it.
    pub const fn digit(self) -> char {
        match self {
            Self::Refused => '1',
            Self::Data => '2',
            Self::Security => '3',
            Self::Migration => '4',
            Self::Speed => '5',
            Self::Mapping => '6',
            Self::Across => '7',
            Self::Linter => '9',
        }
    }

    /// A word for it, to select it by.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Data => "data",
            Self::Security => "security",
            Self::Migration => "migration",
            Self::Speed => "speed",
            Self::Mapping => "mapping",
            Self::Across => "across",
            Self::Linter => "linter",
        }
    }

    /// What is at stake, in words.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Refused => "libvirt will refuse it",
            Self::Data => "data at risk",
            Self::Security => "security",
            Self::Migration => "migration",
            Self::Speed => "speed",
            Self::Mapping => "mapping to shares",
            Self::Across => "several domains",
            Self::Linter => "the linter itself",
        }
    }
}

/// How bad a fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// It could be better.
    Note,
    /// It works today, and will hurt one day.
    Warning,
    /// It does not work, or data is in danger.
    Error,
}

impl Severity {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A document that shows a rule. A file of the tests: what it says is checked.
#[derive(Debug)]
pub struct Example {
    /// What has the fault.
    pub bad: &'static str,
    /// What looks like it, and does not have it.
    pub good: &'static str,
}

/// How a fault is found.
#[derive(Debug, Clone, Copy)]
pub enum Check {
    /// In one document.
    Document(fn(&Subject<'_, '_>, &mut Findings<'_>)),
    /// Between several, or in one that has everything twice. Findings are made with the number of the document's facts.
    Across(fn(&[Facts], &mut Findings<'_>)),
    /// By the linter, while it does its own work.
    Linter,
    /// By somebody else, who is asked only if that is wished for.
    Asked,
}

/// The examples of a rule: the two files in the folder of its name.
macro_rules! examples {
    ($name:literal) => {
        &[$crate::lint::Example {
            bad: include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/tests/lint/",
                $name,
                "/bad.xml"
            )),
            good: include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/tests/lint/",
                $name,
                "/good.xml"
            )),
        }]
    };
}
pub(super) use examples;
