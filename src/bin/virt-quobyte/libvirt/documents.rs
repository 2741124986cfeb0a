//! The XML of domains that a libvirt has: as they run, and as they are defined.

use std::time::Duration;

use anyhow::{Context, Result};
use virt::connect::Connect;
use virt::domain::Domain;
use virt::error::ErrorNumber;
use virt::sys;

use super::{connect, in_time, shown};

/// How long a daemon is waited for that has hundreds of domains to tell of.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a libvirt says of a domain.
#[derive(Debug)]
pub(crate) struct DomainXml {
    pub(crate) name: String,
    pub(crate) documents: Result<Documents>,
}

/// The documents of a domain.
#[derive(Debug)]
pub(crate) struct Documents {
    /// As it would start next; not of a domain that is gone when it ends.
    pub(crate) defined: Option<String>,
    /// As it runs.
    pub(crate) running: Option<String>,
}

/// The XML of a domain, as libvirt would hand it to a hook: the live one if the domain runs. Without passwords.
pub(crate) fn domain_xml(uri: Option<&str>, domain: &str) -> Result<String> {
    let connection = connect(uri)?;
    lookup(&connection, uri, domain)?
        .get_xml_desc(0)
        .with_context(|| format!("cannot read the XML of '{}'", domain.escape_debug()))
}

/// The XML of these domains; of all of them, by name, if none is named.
pub(crate) fn domains(uri: &str, names: &[String]) -> Result<Vec<DomainXml>> {
    let connection = connect(Some(uri))?;
    if names.is_empty() {
        let all = connection.list_all_domains(0);
        let all = all.with_context(|| format!("cannot list the domains of {uri}"))?;
        let mut all =
            all.iter().filter_map(|it| read(it).transpose()).collect::<Result<Vec<_>>>()?;
        all.sort_by(|one, other| one.name.cmp(&other.name));
        return Ok(all);
    }
    let some = names.iter().map(|wanted| {
        let found = lookup(&connection, Some(uri), wanted)
            .and_then(|domain| read(&domain)?.context("it ended just now, and was not defined"));
        found.unwrap_or_else(|error| DomainXml { name: wanted.clone(), documents: Err(error) })
    });
    Ok(some.collect())
}

/// The XML of all of them, for whoever cannot wait for ever.
pub(crate) fn all_domains(uri: &str) -> Result<Vec<DomainXml>> {
    in_time(uri, PATIENCE, |uri| domains(uri, &[]))
}

/// Both documents of a domain; nothing of one that is gone.
fn read(domain: &Domain) -> Result<Option<DomainXml>> {
    let name = domain.get_name().context("cannot read a domain's name")?;
    let xml = |there: bool, flags| there.then(|| domain.get_xml_desc(flags)).transpose();
    let both = || {
        let defined = xml(domain.is_persistent()?, sys::VIR_DOMAIN_XML_INACTIVE)?;
        Ok::<_, virt::error::Error>(Documents { defined, running: xml(domain.is_active()?, 0)? })
    };
    match both() {
        Ok(documents) => Ok(Some(DomainXml { name, documents: Ok(documents) })),
        Err(error) if error.code() == ErrorNumber::NoDomain => Ok(None),
        Err(error) => Ok(Some(DomainXml { name, documents: Err(error.into()) })),
    }
}

pub(super) fn lookup(connection: &Connect, uri: Option<&str>, domain: &str) -> Result<Domain> {
    Domain::lookup_by_name(connection, domain)
        .or_else(|_| Domain::lookup_by_uuid_string(connection, domain))
        .with_context(|| {
            let domain = domain.escape_debug();
            format!("{} has no domain with the name or UUID '{domain}'", shown(uri))
        })
}
