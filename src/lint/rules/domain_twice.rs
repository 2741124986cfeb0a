//! Two domains with one name or one UUID.

use std::collections::HashMap;

use crate::domain::DomainUuid;
use crate::escape::Escaped;
use crate::lint::rule::{Check, Group, Rule, Severity, examples};
use crate::lint::{Facts, Findings};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "VQ703",
    name: "domain-twice",
    group: Group::Across,
    severity: Severity::Warning,
    summary: "two documents with one domain name or one UUID",
    why: "libvirt takes one domain of a name and one of a UUID. With the same name or the same UUID alone it refuses the second document; with \
          both, the second replaces the first. On two hosts, the leases of this project and libvirt's own locks know the guests by these. \
          The running and the stored form of one domain are left alone.",
    source: "libvirt 11.3.0, src/conf/virdomainobjlist.c:290-330",
    examples: examples!("domain-twice"),
    check: Check::Across(check),
};

fn check(documents: &[Facts], findings: &mut Findings<'_>) {
    let mut names: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut uuids: HashMap<DomainUuid, Vec<usize>> = HashMap::new();
    for (number, facts) in documents.iter().enumerate() {
        let another = |others: &[usize]| {
            others.iter().copied().find(|other| !are_faces(&documents[*other], facts))
        };
        // A clash of names says all there is to say of the same two.
        let mut clash = None;
        if let Some(name) = &facts.name {
            let others = names.entry(&name.value).or_default();
            clash = another(others);
            if let Some(other) = clash {
                let message = format!(
                    "another domain of this set is named '{}' too; a name of its own would be right",
                    Escaped(&name.value)
                );
                let place = documents[other].name.as_ref().map_or(name.span, |name| name.span);
                findings.add_in(number, name.span, message).see(other, place, "the other domain");
            }
            others.push(number);
        }
        if let Some(uuid) = &facts.uuid {
            let others = uuids.entry(uuid.value).or_default();
            if let Some(other) = another(others).filter(|_| clash.is_none()) {
                let message = format!(
                    "this is the UUID of domain '{}' too; a UUID of its own would be right",
                    Escaped(documents[other].called())
                );
                let place = documents[other].uuid.as_ref().map_or(uuid.span, |uuid| uuid.span);
                findings.add_in(number, uuid.span, message).see(other, place, "the other domain");
            }
            others.push(number);
        }
    }
}

/// Whether the two are the running and the stored form of one domain.
fn are_faces(one: &Facts, other: &Facts) -> bool {
    one.form != other.form && one.is_named_as(other) && one.is_of_the_domain_of(other)
}
