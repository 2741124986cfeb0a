//! libvirt's library: nothing else in this project names it.

use anyhow::{Context, Result};
use virt::connect::Connect;
use virt::domain::Domain;

/// The XML of a domain, as libvirt would hand it to a hook: the live one if the domain runs. Without passwords.
pub(crate) fn domain_xml(uri: Option<&str>, domain: &str) -> Result<String> {
    let shown = uri.unwrap_or("libvirt's default");
    silence();
    let connection =
        Connect::open_read_only(uri).with_context(|| format!("cannot connect to {shown}"))?;
    let found = Domain::lookup_by_name(&connection, domain)
        .or_else(|_| Domain::lookup_by_uuid_string(&connection, domain))
        .with_context(|| {
            format!("{shown} has no domain with the name or UUID '{}'", domain.escape_debug())
        })?;
    found
        .get_xml_desc(0)
        .with_context(|| format!("cannot read the XML of '{}'", domain.escape_debug()))
}

/// libvirt's library prints every error on stderr before it returns it; ours are printed once, and in one place.
fn silence() {
    virt::error::clear_error_callback();
}
