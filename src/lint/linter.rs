//! The rules about the linter's own work: what it cannot read, and what it was told not to say.
//!
//! They have codes like all others, so that every format shows them alike, `explain` knows them and CI can count on them.

use super::rule::{Check, Group, Rule, Severity, examples};

/// Whether it is a rule that says that a document cannot be judged: silence would look like a good one.
pub fn cannot_be_ignored(rule: &Rule) -> bool {
    rule.code == MALFORMED.code || rule.code == NOT_A_DOMAIN.code
}

/// The text is no XML.
pub(super) static MALFORMED: Rule = Rule {
    code: "VQ901",
    name: "malformed",
    group: Group::Linter,
    severity: Severity::Error,
    summary: "the document is no well-formed XML",
    why: "libvirt refuses a document that is not well-formed, and nothing in it can be judged. This finding can neither be ignored nor \
          suppressed: silence would look like a good document.",
    source: "XML 1.0, fifth edition, section 2.1; without DOCTYPE and other encodings, which libvirt never writes",
    examples: examples!("malformed"),
    check: Check::Linter,
};

/// The document is something else.
pub(super) static NOT_A_DOMAIN: Rule = Rule {
    code: "VQ902",
    name: "not-a-domain",
    group: Group::Linter,
    severity: Severity::Error,
    summary: "the document is something else than a domain",
    why: "Rules are about <domain>, also where one stands in a <domstatus>, a <domainsnapshot> or a <domaincheckpoint>. Another \
          document in a folder is passed over; one that was named to be linted is a mistake, and this finding cannot be ignored.",
    source: "libvirt 11.3.0, docs/formatdomain.rst and docs/formatsnapshot.rst; src/conf/virdomainobjlist.c writes <domstatus>",
    examples: examples!("not-a-domain"),
    check: Check::Linter,
};

/// A suppression that makes no sense.
pub(super) static BAD_SUPPRESSION: Rule = Rule {
    code: "VQ903",
    name: "bad-suppression",
    group: Group::Linter,
    severity: Severity::Warning,
    summary: "a suppression that is not understood, or has no reason",
    why: "Somebody meant to say that a finding is right as it is. What is not understood suppresses nothing; and without a reason the \
          next reader cannot tell whether it still holds. A comment directly before an element, \
          <!-- virt-quobyte: allow CODE[, CODE] reason -->, holds for that element and all in it; before the root or first in it, for \
          the whole document. libvirt drops comments when it stores a domain, and keeps <vql:lint \
          xmlns:vql='urn:virt-quobyte:lint:1'><vql:allow rule='CODE' disk='vda' reason='...'/></vql:lint> in <metadata>; without \
          disk that holds for the whole domain.",
    source: "this project; libvirt keeps one element a namespace in <metadata>: docs/formatdomain.rst",
    examples: examples!("bad-suppression"),
    check: Check::Linter,
};

/// A suppression of nothing.
pub(super) static UNUSED_SUPPRESSION: Rule = Rule {
    code: "VQ904",
    name: "unused-suppression",
    group: Group::Linter,
    severity: Severity::Warning,
    summary: "a suppression that suppresses nothing",
    why: "The fault is gone, or never was where the suppression stands; left in place it would hide the next one. Not judged are \
          suppressions of rules across documents, whose fault may come with another document, and where no share is configured those \
          of rules that depend on the shares.",
    source: "this project",
    examples: examples!("unused-suppression"),
    check: Check::Linter,
};

/// A grammar does not know it.
pub static AGAINST_SCHEMA: Rule = Rule {
    code: "VQ905",
    name: "against-schema",
    group: Group::Linter,
    severity: Severity::Warning,
    summary: "the document is not what libvirt's own schema asks for",
    why: "Asked with --schema. libvirt's parser takes more than its schema, so this is no error: but what the schema does not know is \
          dropped in silence, and is often misspelt. `virsh define --validate` refuses it. The schema is that of the libvirt \
          installed here, which may be another than the one that the domain is for.",
    source: "libvirt 11.3.0, src/conf/schemas/domain.rng; the verdict is that of xmllint --relaxng",
    examples: examples!("against-schema"),
    check: Check::Asked,
};

/// libvirt itself does not take it.
pub static LIBVIRT_REFUSES: Rule = Rule {
    code: "VQ906",
    name: "libvirt-refuses",
    group: Group::Linter,
    severity: Severity::Error,
    summary: "libvirt itself refuses the domain",
    why: "Asked with --libvirt, and answered by the libvirt that is installed here, or by that of --connect: in a temporary root, where \
          nothing is defined on the host and no hook runs. The words are libvirt's own. Where its QEMU driver is not installed, its \
          parser alone is asked, and the summary says so.",
    source: "libvirt's QEMU driver by qemu:///embed, or its test driver; docs/drvqemu.rst",
    examples: examples!("libvirt-refuses"),
    check: Check::Asked,
};
